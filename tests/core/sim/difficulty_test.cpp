#include "core/sim/difficulty.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace spacetime;
using namespace spacetime::sim;

namespace {
const consensus::protocol& mainnet() {
  static const consensus::protocol p{*chain_spec::embedded("mainnet")};
  return p;
}

const space_scenario& named(std::string_view name) {
  const auto all = space_scenarios();
  const auto found = std::ranges::find(all, name, &space_scenario::name);
  REQUIRE(found != all.end());
  return *found;
}
} // namespace

TEST_CASE("the same seed gives the same lines, another gives others") {
  for (const auto& what : space_scenarios()) {
    CAPTURE(what.name);
    const auto first = to_csv(run(mainnet(), what, 5));
    CHECK(first == to_csv(run(mainnet(), what, 5)));
    CHECK(first != to_csv(run(mainnet(), what, 6)));
  }
  for (const auto& what : speed_scenarios())
    CHECK(to_csv(run(mainnet(), what, 5)) == to_csv(run(mainnet(), what, 5)));
}

TEST_CASE("before the change every rule keeps the intended spacing") {
  for (const auto& r : run(mainnet(), named("space-x4"), 11)) {
    CAPTURE(r.rule);
    REQUIRE(r.eras.size() == end_epoch / 64);
    std::uint64_t blocks = 0;
    for (std::size_t i = 0; i < change_epoch / 64; ++i)
      blocks += r.eras[i].blocks;
    const auto intended = change_epoch * 50 / 127;
    CHECK(blocks > intended * 93 / 100);
    CHECK(blocks < intended * 107 / 100);
    CHECK(r.eras[0].space == 1000);
    CHECK(r.eras.back().space == 4000);
  }
}

TEST_CASE("the accumulator recovers from every step of space, up and down") {
  for (const auto& what : space_scenarios()) {
    if (!what.step) continue;
    for (std::uint64_t seed : {1u, 2u, 3u}) {
      CAPTURE(what.name);
      CAPTURE(seed);
      const auto ours = run(mainnet(), what, seed).front();
      CHECK(ours.rule == "accumulator");
      REQUIRE(ours.recovered);
      CHECK(*ours.recovered < 10 * mainnet().fixed().half_life);
      // No window, no swing: what goes beyond is the noise of the dice.
      CHECK(ours.overshoot < 200);
    }
  }
}

TEST_CASE("a network with a hundredth of its space needs the slowest spacing") {
  const auto runs = run(mainnet(), named("space-d100"), 4);
  for (const auto& r : runs) {
    CHECK(r.slowest > 150'000); // 200 epochs per block, right after the step
    CHECK(r.rate_error < 0);
  }
}

TEST_CASE("T follows a timelord faster by a tenth, and comes back") {
  const auto out = run(mainnet(), speed_scenarios()[0], 9);
  const auto& g = mainnet().spec.genesis;
  // T keeps six bits: 1,605,632 is next to 1,600,000.
  const auto least = g.squarings * 1004 / 1000;
  CHECK(out.eras[63].squarings <= least);
  const auto during = out.eras[250].squarings;
  CHECK(during > g.squarings * 107 / 100);
  CHECK(during < g.squarings * 113 / 100);
  CHECK(out.eras[250].epoch_ms > 9'700);
  CHECK(out.eras[250].epoch_ms < 10'300);
  CHECK(out.eras.back().squarings <= least);
}

TEST_CASE("R6 holds the epochs of a timelord that T cannot catch at tau_min") {
  const auto out = run(mainnet(), speed_scenarios()[1], 9);
  const auto& rules = mainnet().fixed();
  CHECK(out.eras[200].squarings == rules.squarings_cap);
  for (std::size_t i = 70; i < 250; ++i) {
    CHECK(out.eras[i].epoch_ms >= rules.tau_min_ms - 50);
    CHECK(out.eras[i].epoch_ms <= rules.tau_ms + 50);
  }
}
