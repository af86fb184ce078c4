#include "core/codec/context.hpp"
#include "tests/core/consensus/consensus_fixture.hpp"
#include "tests/core/tx/example.hpp"

using namespace spacetime;
using namespace spacetime::test;

namespace {
/// Contexts of a real and of a simulated chain, genesis included.
std::vector<consensus::chain_context> some_contexts() {
  std::vector<consensus::chain_context> out{regtest().genesis().context};
  for (const auto& b : real_chain()) out.push_back(b.context);
  chain_maker sim{network_with("sim"), 9};
  block_options o;
  o.sign = false;
  for (const auto& b : sim.chain(sim.genesis(), 40, o))
    out.push_back(b.context);
  out.back().era.accumulator = -5;
  out.back().weight = max_u256();
  return out;
}
} // namespace

TEST_CASE("a chain context is read back as it was written") {
  for (const auto& c : some_contexts()) {
    const auto back = codec::decode_context(codec::encode(c));
    REQUIRE(back);
    CHECK(*back == c);
  }
}

TEST_CASE("no truncation of a chain context decodes, nor a surplus byte") {
  for (const auto& c : {some_contexts().front(), real_block().context}) {
    auto raw = codec::encode(c);
    for (std::size_t n = 0; n < raw.size(); ++n)
      CHECK(codec::decode_context(byte_view{raw}.first(n)).error()
            == errc::corrupt);
    raw.push_back(0);
    CHECK(codec::decode_context(raw).error() == errc::corrupt);
  }
}

TEST_CASE("a mutated chain context is refused or is another value") {
  std::mt19937_64 random{4};
  const auto raw = codec::encode(real_block().context);
  const int rounds = slow_build ? 2'000 : 50'000;
  for (int i = 0; i < rounds; ++i) {
    const auto other = mutated(raw, random);
    const auto back = codec::decode_context(other);
    if (!back) {
      CHECK(back.error() == errc::corrupt);
    } else {
      CHECK(codec::encode(*back) == other);
      CHECK((*back == real_block().context) == (other == raw));
    }
  }
}

TEST_CASE("hostile counts of peaks and blocks make nothing crash") {
  const auto good = codec::encode(real_block().context);
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const std::uint8_t value : {0x00, 0x7f, 0x80, 0xff}) {
      auto raw = good;
      raw[at] = value;
      (void)codec::decode_context(raw);
    }
}

TEST_CASE("the history of a context holds every block once, in order") {
  mountain_range range;
  const auto add = [&](const made_block& b) {
    range.append(
        "st/hist-node",
        hash("st/hist-leaf", {b.id().value, to_bytes(b.context.weight)}));
    CHECK(b.context.history == range);
    CHECK(b.context.history.count() == b.head().height.value + 1);
  };
  add(regtest().genesis());
  CHECK(regtest().genesis().context.weight == 0);
  auto weight = u256{0};
  for (const auto& b : real_chain()) {
    CHECK(b.head().history_root == range.root("st/hist-node"));
    weight += consensus::weight_of(b.head().target);
    CHECK(b.context.weight == weight);
    add(b);
  }
}

TEST_CASE("the recent blocks are the last eleven, oldest first") {
  chain_maker sim{network_with("sim"), 9};
  block_options o;
  o.sign = false;
  std::vector<consensus::block_facts> all{sim.genesis().context.facts};
  auto tip = sim.genesis();
  for (int i = 0; i < 30; ++i) {
    tip = sim.next(tip, o);
    all.push_back(tip.context.facts);
    const auto n = std::min<std::size_t>(all.size(), 11);
    CHECK(
        tip.context.recent
        == std::vector(all.end() - static_cast<std::ptrdiff_t>(n), all.end()));
  }
}
