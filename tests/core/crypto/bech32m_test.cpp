#include "core/base/hex.hpp"
#include "core/crypto/account.hpp"
#include "core/crypto/bech32m.hpp"
#include "core/crypto/random.hpp"
#include "core/crypto/sign.hpp"
#include "tests/core/crypto/vectors.hpp"

#include <algorithm>
#include <random>

using namespace spacetime;

namespace {
std::string upper(std::string text) {
  for (auto& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return text;
}

std::string lower(std::string text) {
  for (auto& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return text;
}

bool mentions(const error& e, std::string_view what) {
  return e.detail.find(what) != std::string::npos;
}

const account_id some_account{bytes32{1, 2, 3, 0xfe, 0xff}};
} // namespace

TEST_CASE("BIP-350's valid strings decode and encode to themselves") {
  const auto valid = test::vectors("bip350.json")["valid"];
  REQUIRE(valid.size() == 7);
  for (const auto& x : valid) {
    CAPTURE(x);
    const auto parts = bech32m_decode(test::text(x));
    REQUIRE(parts);
    CHECK(bech32m_encode(parts->prefix, parts->groups) == lower(test::text(x)));
  }
  CHECK(bech32m_decode("abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx")->groups
        == bytes{31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21,
                 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10,
                 9,  8,  7,  6,  5,  4,  3,  2,  1,  0});
}

TEST_CASE("BIP-350's invalid strings are refused") {
  const auto invalid = test::vectors("bip350.json")["invalid"];
  REQUIRE(invalid.size() == 14);
  for (const auto& x : invalid) {
    CAPTURE(x);
    const auto raw = test::raw(x["hex"]);
    const auto parts = bech32m_decode(std::string{raw.begin(), raw.end()});
    REQUIRE_FALSE(parts);
    const auto reason = test::text(x["reason"]);
    CHECK(parts.error()
          == (reason.starts_with("checksum") ? errc::bad_checksum
                                             : errc::bad_encoding));
    CHECK_FALSE(parts.error().detail.empty());
  }
}

// What a witness program of Bitcoin must be is Bitcoin's business: of its
// addresses the checksums count here, and the bytes of the valid ones.
TEST_CASE("of BIP-350's addresses those decode that have Bech32m's checksum") {
  const auto v = test::vectors("bip350.json");
  int seen = 0;
  for (const auto* list : {"valid_addresses", "invalid_addresses"})
    for (const auto& x : v[list]) {
      CAPTURE(x);
      ++seen;
      const auto parts = bech32m_decode(test::text(x["address"]));
      const auto kind = test::text(x["checksum"]);
      CHECK(parts.has_value() == (kind == "bech32m"));
      if (kind == "bech32") CHECK(parts.error() == errc::bad_checksum);
      if (kind == "none") CHECK(parts.error() == errc::bad_encoding);
    }
  CHECK(seen == 23);
}

TEST_CASE("BIP-350's valid addresses carry their script") {
  const auto v = test::vectors("bip350.json")["valid_addresses"];
  int seen = 0;
  for (const auto& x : v) {
    const auto parts = bech32m_decode(test::text(x["address"]));
    if (!parts) continue; // version 0 has Bech32's checksum
    CAPTURE(x);
    ++seen;
    const auto script = test::raw(x["script"]);
    CHECK(script[0] == 0x50 + parts->groups[0]); // OP_1 to OP_16
    // Groups of 5 bits, bit by bit against the bytes behind the length.
    const auto bit = [&](std::size_t at) {
      return parts->groups[1 + at / 5] >> (4 - at % 5) & 1;
    };
    for (std::size_t at = 0; at < 8 * (script.size() - 2); ++at)
      CHECK(bit(at) == (script[2 + at / 8] >> (7 - at % 8) & 1));
  }
  CHECK(seen == 5);
}

TEST_CASE("of BIP-350's addresses one has the form of an account's address") {
  // Ours are version 0, 32 bytes and Bech32m, which Bitcoin refuses.
  const auto v = test::vectors("bip350.json");
  std::vector<std::string> ours;
  for (const auto* list : {"valid_addresses", "invalid_addresses"})
    for (const auto& x : v[list])
      for (const auto* hrp : {"bc", "tb", "tc"})
        if (decode_address(hrp, test::text(x["address"])))
          ours.push_back(test::text(x["address"]));
  CHECK(ours
        == std::vector<std::string>{"tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3"
                                    "k2e72q4k9hcz7vq24jc47"});
}

TEST_CASE("accounts and addresses equal the independent computation") {
  const auto people = test::vectors("keys.json")["identities"];
  REQUIRE(people.size() == 3);
  for (const auto& x : people) {
    const public_key key{test::raw<32>(x["wallet_0_public"])};
    const account_id account{test::raw<32>(x["wallet_0_account"])};
    const auto address = test::text(x["wallet_0_address"]);
    CHECK(account_of(key) == account);
    CHECK(encode_address("tst", account) == address);
    CHECK(*decode_address("tst", address) == account);
    CHECK(*decode_address("tst", upper(address)) == account);
  }
}

TEST_CASE("every account survives its address on every network") {
  for (const auto* hrp : {"st", "tst", "dst", "rst", "sst"})
    for (int i = 0; i < 200; ++i) {
      const account_id account{random_bytes32()};
      const auto address = encode_address(hrp, account);
      CHECK(address.starts_with(std::string{hrp} + "1q"));
      const auto back = decode_address(hrp, address);
      REQUIRE(back);
      CHECK(*back == account);
    }
}

TEST_CASE("an address of another network is named as such") {
  const auto e = decode_address("st", encode_address("tst", some_account));
  REQUIRE_FALSE(e);
  CHECK(e.error() == errc::bad_encoding);
  CHECK(mentions(e.error(), "another network"));
  CHECK(mentions(e.error(), "\"tst1\""));
  CHECK(mentions(e.error(), "\"st1\""));
}

TEST_CASE("every single mistyped character of an address is noticed") {
  const auto good = encode_address("st", some_account);
  for (std::size_t i = 0; i < good.size(); ++i)
    for (char c = 33; c < 127; ++c) {
      auto bad = good;
      bad[i] = c;
      if (lower(bad) == good) continue;
      CAPTURE(bad);
      CHECK_FALSE(decode_address("st", bad));
    }
  auto typo = good;
  typo.back() = typo.back() == 'q' ? 'p' : 'q';
  CHECK(decode_address("st", typo).error() == errc::bad_checksum);
}

TEST_CASE("neighbours swapped, dropped or doubled in an address are noticed") {
  const auto good = encode_address("st", some_account);
  for (std::size_t i = 0; i + 1 < good.size(); ++i) {
    auto swapped = good;
    std::swap(swapped[i], swapped[i + 1]);
    if (swapped != good) CHECK_FALSE(decode_address("st", swapped));
    auto shorter = good;
    shorter.erase(i, 1);
    CHECK_FALSE(decode_address("st", shorter));
    auto longer = good;
    longer.insert(i, 1, good[i]);
    CHECK_FALSE(decode_address("st", longer));
    CHECK_FALSE(decode_address("st", good.substr(0, i)));
  }
}

TEST_CASE("mixed case, another version, length or padding is no address") {
  auto mixed = encode_address("st", some_account);
  mixed[0] = 'S';
  CHECK(mentions(decode_address("st", mixed).error(), "mixed"));

  auto groups = bech32m_decode(encode_address("st", some_account))->groups;
  auto other = groups;
  other[0] = 1;
  CHECK(mentions(decode_address("st", bech32m_encode("st", other)).error(),
                 "version"));
  other = groups;
  other.pop_back();
  CHECK(mentions(decode_address("st", bech32m_encode("st", other)).error(),
                 "length"));
  other = groups;
  other.push_back(0);
  CHECK(mentions(decode_address("st", bech32m_encode("st", other)).error(),
                 "length"));
  CHECK(decode_address("st", bech32m_encode("st", {})).error()
        == errc::bad_encoding);
  for (int bit = 0; bit < 4; ++bit) {
    other = groups;
    other.back() = static_cast<std::uint8_t>(other.back() | 1 << bit);
    CHECK(decode_address("st", bech32m_encode("st", other)).error()
          == errc::bad_encoding);
  }
}

TEST_CASE("no random text crashes the decoder, and what decodes is canonical") {
  std::mt19937 random{350};
  const std::string likely = "qpzry9x8gf2tvdw0s3jn54khce6mua7l1stb?A\n";
  for (int i = 0; i < 100'000; ++i) {
    std::string text(random() % 100, ' ');
    for (auto& c : text)
      c = i % 2 ? likely[random() % likely.size()]
                : static_cast<char>(random());
    CHECK_FALSE(decode_address("st", text));
    if (const auto parts = bech32m_decode(text))
      CHECK(bech32m_encode(parts->prefix, parts->groups) == lower(text));
  }
}
