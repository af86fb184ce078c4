#include "core/codec/block.hpp"
#include "tests/core/crypto/vectors.hpp"
#include "tests/core/tx/example.hpp"

using namespace spacetime;
using namespace spacetime::test;

namespace {
header any_header(random_source& random) {
  header h;
  h.version = static_cast<std::uint16_t>(random());
  h.height.value = static_cast<std::uint32_t>(random());
  h.epoch.value = random();
  h.parent.value = random_bytes<32>(random);
  h.time.value = random();
  h.target = to_u256(random_bytes<32>(random));
  h.history_root = random_bytes<32>(random);
  h.tx_root = random_bytes<32>(random);
  h.state_root = random_bytes<32>(random);
  h.payee.value = random_bytes<32>(random);
  h.time_entries.resize(random() % 4);
  for (auto& e : h.time_entries) {
    e.ticks = static_cast<std::uint16_t>(random());
    e.y = random_bytes<100>(random);
    e.proof = random_bytes<100>(random);
  }
  h.space.k = static_cast<std::uint8_t>(random() % 40);
  h.space.strength = static_cast<std::uint8_t>(random());
  h.space.farmer.value = random_bytes<32>(random);
  h.space.payout = random_bytes<32>(random);
  h.space.seed = random_bytes<32>(random);
  h.space.proof.resize(std::size_t{h.space.k} * 16, 0xab);
  h.seal.value = random_bytes<64>(random);
  return h;
}

block any_block(random_source& random) {
  block b{any_header(random), {}};
  for (auto n = random() % 5; n > 0; --n) {
    auto t = payment({random_bytes<32>(random)}, random(), account_named(1),
                     random(), random());
    t.memo.resize(random() % 81);
    t.id = codec::id_of(example_network(), t);
    b.txs.push_back(t);
  }
  return b;
}
} // namespace

TEST_CASE("a block has the bytes, id and roots of the known answers") {
  const auto v = vectors("tx-block.json");
  const auto& x = v["block"];
  const network_id network{raw<32>(v["network"])};
  const auto b = codec::decode_block(network, raw(x["bytes"]));
  REQUIRE(b);
  CHECK(to_hex(codec::id_of(network, b->head).value) == text(x["id"]));
  CHECK(to_hex(codec::encode(*b)) == text(x["bytes"]));
  CHECK(codec::tx_root(b->txs) == b->head.tx_root);
  for (std::size_t n = 0; n <= b->txs.size(); ++n) {
    const std::vector<tx> first(
        b->txs.begin(), b->txs.begin() + static_cast<std::ptrdiff_t>(n));
    CHECK(to_hex(codec::tx_root(first)) == text(x["tx_roots"][n]));
  }
}

TEST_CASE("any block is read back as it was written") {
  random_source random{1};
  for (int i = 0; i < 300; ++i) {
    const auto b = any_block(random);
    const auto raw = codec::encode(b);
    const auto back = codec::decode_block(example_network(), raw);
    REQUIRE(back);
    CHECK(*back == b);
    const auto head = codec::header_of_block(raw);
    REQUIRE(head);
    CHECK(*head == b.head);
    CHECK(codec::encode_body(b.txs).size() == codec::body_size(b.txs));
    CHECK(codec::encode(b.head).size()
          == codec::encode_unsigned(b.head).size() + 64);
  }
}

TEST_CASE("the block id covers the network and all but the signature") {
  random_source random{2};
  const auto h = any_header(random);
  const auto id = codec::id_of(example_network(), h);
  auto raw = codec::encode(h);
  for (std::size_t at = 0; at < raw.size(); ++at) {
    raw[at] ^= 1;
    const auto other = codec::decode_header(raw);
    raw[at] ^= 1;
    if (!other) continue;
    CHECK((codec::id_of(example_network(), *other) == id)
          == (at >= raw.size() - 64));
  }
  CHECK(codec::id_of(network_id{{1}}, h) != id);
}

TEST_CASE("no truncation and no extension of a block or header decodes") {
  random_source random{3};
  for (int i = 0; i < 5; ++i) {
    const auto b = any_block(random);
    auto raw = codec::encode(b);
    for (std::size_t n = 0; n < raw.size(); ++n)
      REQUIRE_FALSE(
          codec::decode_block(example_network(), byte_view{raw}.first(n)));
    raw.push_back(0);
    CHECK_FALSE(codec::decode_block(example_network(), raw));
    auto head = codec::encode(b.head);
    for (std::size_t n = 0; n < head.size(); ++n)
      REQUIRE_FALSE(codec::decode_header(byte_view{head}.first(n)));
    head.push_back(0);
    CHECK_FALSE(codec::decode_header(head));
  }
}

TEST_CASE("mutated headers are refused or are their only encoding") {
  random_source random{4};
  int accepted = 0;
  for (int i = 0; i < 50'000; ++i) {
    const auto raw = mutated(codec::encode(any_header(random)), random);
    const auto h = codec::decode_header(raw);
    if (!h) continue;
    ++accepted;
    REQUIRE(codec::encode(*h) == raw);
  }
  CHECK(accepted > 1000);
}

TEST_CASE("mutated blocks are refused or are their only encoding") {
  random_source random{5};
  int accepted = 0;
  for (int i = 0; i < 50'000; ++i) {
    const auto raw = mutated(codec::encode(any_block(random)), random);
    const auto b = codec::decode_block(example_network(), raw);
    if (!b) continue;
    ++accepted;
    REQUIRE(codec::encode(*b) == raw);
  }
  CHECK(accepted > 1000);
}

TEST_CASE("random bytes never decode to a block that encodes otherwise") {
  random_source random{6};
  for (int i = 0; i < 20'000; ++i) {
    bytes raw(random() % 600);
    for (auto& x : raw) x = static_cast<std::uint8_t>(random());
    if (random() % 2 == 0 && raw.size() > 4)
      raw[0] = raw[1] = raw[2] = 0; // a length that may fit
    const auto b = codec::decode_block(example_network(), raw);
    if (b) REQUIRE(codec::encode(*b) == raw);
  }
}

TEST_CASE("a false count of transactions is refused before it costs memory") {
  random_source random{7};
  auto b = any_block(random);
  b.txs.clear();
  auto raw = codec::encode(b);
  std::fill(raw.end() - 4, raw.end(), std::uint8_t{0xff});
  const auto back = codec::decode_block(example_network(), raw);
  REQUIRE_FALSE(back);
  CHECK(back.error() == errc::malformed);
}

TEST_CASE("a header above its limit and a block above a frame are too large") {
  random_source random{8};
  auto h = any_header(random);
  h.space.k = 255;
  h.space.proof.resize(255 * 16);
  const auto big = codec::decode_header(codec::encode(h));
  REQUIRE_FALSE(big);
  CHECK(big.error() == errc::too_large);
  const bytes frame((4u << 20) + 1);
  const auto b = codec::decode_block(example_network(), frame);
  REQUIRE_FALSE(b);
  CHECK(b.error() == errc::too_large);
}

TEST_CASE("the root of transactions depends on order and on seals") {
  const auto a = payment(name(1), 0, account_named(3), 1);
  auto b = payment(name(2), 0, account_named(3), 1);
  const auto root = codec::tx_root({a, b});
  CHECK(codec::tx_root({b, a}) != root);
  b.seal.value[0] ^= 1;
  CHECK(codec::tx_root({a, b}) != root);
  CHECK(codec::tx_root({}) == bytes32{});
}
