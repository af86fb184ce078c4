#include "core/sim/chain_maker.hpp"
#include "core/sim/target_rules.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::sim;

TEST_CASE("the era rule gives the targets and T of a chain's own headers") {
  chain_maker maker{network_with("sim", {{"ticks_per_era", 16},
                                         {"retarget_period", 4},
                                         {"squarings_cap", 1000}}),
                    3};
  era_rule rule{maker.rules()};
  auto at = maker.genesis().context;
  auto ledger = maker.genesis().ledger;
  std::uint64_t e = 0;
  for (int i = 0; i < 300; ++i) {
    block_options o;
    o.skip = i % 50 == 20 ? 40 : 0;
    o.epoch_ms = 9'600 + 100 * (i % 9);
    const auto b = maker.extend(at, ledger, o);
    REQUIRE(b);
    for (; e < b->head().epoch.value; ++e) rule.take({});
    CHECK(rule.target() == b->head().target);
    CHECK(rule.era().squarings == b->context.era.squarings);
    rule.take(b->context.facts);
    ++e;
    at = b->context;
  }
  CHECK(rule.era().number > 20);
}

TEST_CASE("an average of blocks in time keeps its target") {
  const consensus::protocol p{network_with("regtest")}; // 2 epochs per block
  average_rule rule{p, 50};
  std::uint32_t h = 0;
  for (std::uint64_t e = 1; e <= 400; ++e)
    rule.take(e % 2 == 0 ? std::optional{consensus::block_facts{{++h}, {e}, {}}}
                         : std::nullopt);
  CHECK(rule.target() == p.spec.genesis.target);
}

TEST_CASE("blocks twice as fast halve an average's target in one window") {
  const consensus::protocol p{network_with("regtest")};
  average_rule rule{p, 50};
  auto last = rule.target();
  for (std::uint32_t e = 1; e <= 50; ++e) {
    rule.take(consensus::block_facts{{e}, {e}, {}});
    CHECK(rule.target() <= last);
    last = rule.target();
  }
  CHECK(last < p.spec.genesis.target / 10 * 6);
  CHECK(last > p.spec.genesis.target / 10 * 3);
}

TEST_CASE("an average does not ease while no block comes") {
  const consensus::protocol p{network_with("regtest")};
  average_rule rule{p, 50};
  for (int i = 0; i < 10'000; ++i) rule.take({});
  CHECK(rule.target() == p.spec.genesis.target);
}
