#include "core/crypto/seal.hpp"
#include "tests/core/crypto/vectors.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace spacetime;

namespace {
// The least that Argon2id takes, so that thousands of tries are quick.
constexpr seal_options cheap{8, 1, 1};
constexpr std::size_t memory_at = 1, passes_at = 5, lanes_at = 6;

bytes sealed_secret() {
  return seal(view("secret"), "open sesame", cheap);
}

bytes with_memory(std::uint32_t kib) {
  auto out = sealed_secret();
  const auto raw = be(kib);
  std::copy(raw.begin(), raw.end(), out.begin() + memory_at);
  return out;
}

bytes with_byte(std::size_t at, std::uint8_t value) {
  auto out = sealed_secret();
  out[at] = value;
  return out;
}

bool is_bad(const result<secret_bytes>& opened) {
  return !opened && opened.error() == errc::bad_key_file;
}
} // namespace

TEST_CASE("what the independent implementation sealed opens") {
  const auto v = test::vectors("keys.json")["sealed"];
  const auto context = test::text(v["context"]);
  const auto opened = open_sealed(test::raw(v["sealed"]),
                                  test::text(v["passphrase"]), view(context));
  REQUIRE(opened);
  const auto plain = test::text(v["plain"]);
  CHECK(std::equal(opened->begin(), opened->end(), view(plain).begin(),
                   view(plain).end()));
}

TEST_CASE("a sealed secret opens with its passphrase and context alone") {
  const auto sealed = seal(view("secret"), "a", cheap, view("here"));
  CHECK(sealed.size() == 6 + seal_overhead);
  const auto opened = open_sealed(sealed, "a", view("here"));
  REQUIRE(opened);
  CHECK(std::string(opened->begin(), opened->end()) == "secret");
  CHECK(is_bad(open_sealed(sealed, "b", view("here"))));
  CHECK(is_bad(open_sealed(sealed, "", view("here"))));
  CHECK(is_bad(open_sealed(sealed, "a", view("there"))));
  CHECK(is_bad(open_sealed(sealed, "a")));
}

TEST_CASE("the default cost opens again, and nothing repeats") {
  const auto one = seal(view("x"), "p"), two = seal(view("x"), "p");
  CHECK(one != two);
  CHECK(open_sealed(one, "p"));
}

TEST_CASE("an empty secret can be sealed") {
  const auto opened = open_sealed(seal({}, "p", cheap), "p");
  REQUIRE(opened);
  CHECK(opened->empty());
}

TEST_CASE("no flipped bit of sealed bytes opens") {
  const auto good = sealed_secret();
  for (std::size_t i = 0; i < good.size(); ++i)
    for (unsigned bit = 0; bit < 8; ++bit) {
      // These would ask for up to 512 MiB: allowed, refused at the end, slow.
      if (i == memory_at + 1 && bit < 4) continue;
      auto bad = good;
      bad[i] ^= static_cast<std::uint8_t>(1u << bit);
      CAPTURE(i);
      CHECK(is_bad(open_sealed(bad, "open sesame")));
    }
}

TEST_CASE("no truncation or extension of sealed bytes opens") {
  const auto good = sealed_secret();
  for (std::size_t n = 0; n < good.size(); ++n)
    CHECK(is_bad(open_sealed(byte_view{good}.first(n), "open sesame")));
  auto longer = good;
  longer.push_back(0);
  CHECK(is_bad(open_sealed(longer, "open sesame")));
}

TEST_CASE("hostile Argon2id parameters are refused before any work") {
  const auto refused = [](const bytes& sealed) {
    const auto opened = open_sealed(sealed, "open sesame");
    return is_bad(opened)
           && opened.error().detail.find("out of range") != std::string::npos;
  };
  for (std::uint32_t kib : {0u, 7u, (1u << 20) + 1, 1u << 31, UINT32_MAX})
    CHECK(refused(with_memory(kib)));
  for (unsigned passes : {0u, 17u, 255u})
    CHECK(refused(with_byte(passes_at, static_cast<std::uint8_t>(passes))));
  // 8 KiB of memory serve one lane only.
  for (unsigned lanes : {0u, 2u, 17u, 255u})
    CHECK(refused(with_byte(lanes_at, static_cast<std::uint8_t>(lanes))));
}

TEST_CASE("no random bytes open or crash") {
  std::mt19937 random{9106};
  for (int i = 0; i < 20'000; ++i) {
    bytes raw(random() % 100);
    for (auto& b : raw) b = static_cast<std::uint8_t>(random());
    // A header in range would be worked on; these are all out of range.
    if (raw.size() > memory_at) raw[memory_at] |= 0x80;
    CHECK(is_bad(open_sealed(raw, "p")));
  }
}
