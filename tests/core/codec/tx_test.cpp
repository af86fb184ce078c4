#include "core/codec/tx.hpp"
#include "tests/core/crypto/vectors.hpp"
#include "tests/core/tx/example.hpp"

using namespace spacetime;
using namespace spacetime::test;

namespace {
tx any_tx(random_source& random) {
  tx t;
  t.sender.value = random_bytes<32>(random);
  t.nonce = random();
  t.recipient.value = random_bytes<32>(random);
  t.value.value = random();
  t.fee.value = random();
  t.expiry.value = static_cast<std::uint32_t>(random());
  t.memo.resize(random() % (tx::max_memo + 1));
  for (auto& b : t.memo) b = static_cast<std::uint8_t>(random());
  t.seal.value = random_bytes<64>(random);
  t.id = codec::id_of(example_network(), t);
  return t;
}
} // namespace

TEST_CASE("transactions have the bytes and ids of the known answers") {
  const auto v = vectors("tx-block.json");
  const network_id network{raw<32>(v["network"])};
  for (const auto& x : v["txs"]) {
    const auto t = codec::decode_tx(network, raw(x["bytes"]));
    REQUIRE(t);
    CHECK(to_hex(t->id.value) == text(x["id"]));
    CHECK(codec::id_of(network, *t) == t->id);
    CHECK(to_hex(codec::encode(*t)) == text(x["bytes"]));
  }
}

TEST_CASE("any transaction is read back as it was written") {
  random_source random{1};
  for (int i = 0; i < 1000; ++i) {
    const auto t = any_tx(random);
    const auto raw = codec::encode(t);
    CHECK(raw.size() == codec::tx_size(t.memo.size()));
    const auto back = codec::decode_tx(example_network(), raw);
    REQUIRE(back);
    CHECK(*back == t);
  }
}

TEST_CASE("the id covers everything but the seal, and the network") {
  random_source random{2};
  const auto t = any_tx(random);
  const auto raw = codec::encode(t);
  for (std::size_t at = 0; at < raw.size(); ++at) {
    auto other = raw;
    other[at] ^= 1;
    const auto changed = codec::decode_tx(example_network(), other);
    if (!changed) continue;
    CHECK((changed->id == t.id) == (at >= raw.size() - 64));
  }
  CHECK(codec::id_of(network_id{{1}}, t) != t.id);
}

TEST_CASE("no truncation and no extension of a transaction decodes") {
  random_source random{3};
  for (int i = 0; i < 20; ++i) {
    auto raw = codec::encode(any_tx(random));
    for (std::size_t n = 0; n < raw.size(); ++n)
      CHECK_FALSE(codec::decode_tx(example_network(), byte_view{raw}.first(n)));
    raw.push_back(0);
    CHECK_FALSE(codec::decode_tx(example_network(), raw));
  }
}

TEST_CASE("another version, another type and a long memo are named") {
  random_source random{4};
  const auto raw = codec::encode(any_tx(random));
  constexpr std::size_t memo_length = 1 + 1 + 32 + 8 + 32 + 8 + 8 + 4;
  const std::tuple<std::size_t, std::uint8_t, errc> places[] = {
      {0, 2, errc::bad_tx_version},
      {1, 0, errc::bad_tx_format},
      {memo_length, 81, errc::bad_tx_size}};
  for (const auto& [at, value, code] : places) {
    auto other = raw;
    other[at] = value;
    const auto t = codec::decode_tx(example_network(), other);
    REQUIRE_FALSE(t);
    CHECK(t.error() == code);
  }
}

TEST_CASE("mutated transactions are refused or are their only encoding") {
  random_source random{5};
  int accepted = 0;
  for (int i = 0; i < 50'000; ++i) {
    const auto raw = mutated(codec::encode(any_tx(random)), random);
    const auto t = codec::decode_tx(example_network(), raw);
    if (!t) continue;
    ++accepted;
    REQUIRE(codec::encode(*t) == raw);
  }
  CHECK(accepted > 1000);
}
