#include "core/chain/spec.hpp"
#include "core/crypto/hash.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace spacetime;

namespace {
chain_spec devnet() {
  return *chain_spec::embedded("devnet");
}

std::size_t row(std::string_view name) {
  const auto fields = rule_fields();
  const auto found = std::ranges::find(fields, name, &rule_field::name);
  REQUIRE(found != fields.end());
  return static_cast<std::size_t>(found - fields.begin());
}

/// devnet with `schedule` for one rule.
chain_spec with(std::string_view name, rule_schedule schedule) {
  auto out = devnet();
  out.schedules[row(name)] = std::move(schedule);
  return out;
}

/// Why `spec` is refused; "" if it is not.
std::string refusal(chain_spec spec) {
  const auto done = spec.finish();
  if (done) return {};
  CHECK(done.error() == errc::bad_config);
  return done.error().detail;
}

bool starts(const std::string& text, std::string_view with) {
  return text.starts_with(with);
}
} // namespace

TEST_CASE("every rule is a row of the table once") {
  std::set<std::string_view> names;
  rule_set all{};
  for (const auto& field : rule_fields()) {
    CHECK(names.insert(field.name).second);
    CHECK(field.least <= field.most);
    CHECK(field.most <= 9'223'372'036'854'775'807u);
    CHECK_FALSE(field.text.empty());
    CHECK(all.*field.member == 0); // else two rows share a member
    all.*field.member = 1;
  }
  CHECK(sizeof(rule_set) == names.size() * sizeof(std::uint64_t));
}

TEST_CASE("what shapes the time line or the emission is fixed") {
  const std::set<std::string_view> fixed{
      "ticks_per_era",   "infusion_lag",
      "retarget_period", "squarings_floor",
      "squarings_cap",   "spacing_numerator",
      "half_life",       "spacing_denominator",
      "maturity",        "subsidy",
      "halving",         "tail"};
  for (const auto& field : rule_fields()) {
    CHECK(field.fixed == fixed.contains(field.name));
    const auto value = devnet().fixed().*field.member;
    const auto why =
        refusal(with(field.name, {{epoch{0}, value}, {epoch{9}, value}}));
    CHECK(why.empty() != field.fixed);
  }
}

TEST_CASE("a rule changes exactly at its epoch") {
  auto spec =
      with("filter_bits", {{epoch{0}, 3}, {epoch{100}, 2}, {epoch{250}, 1}});
  spec.schedules[row("max_txs")] = {
      {epoch{0}, 10}, {epoch{100}, 20}, {epoch{101}, 30}};
  REQUIRE(spec.finish());
  const auto seen = [&](std::uint64_t e) {
    const auto& r = spec.at(epoch{e});
    return std::pair{r.filter_bits, r.max_txs};
  };
  using both = std::pair<std::uint64_t, std::uint64_t>;
  CHECK(seen(0) == both{3, 10});
  CHECK(seen(99) == both{3, 10});
  CHECK(seen(100) == both{2, 20});
  CHECK(seen(101) == both{2, 30});
  CHECK(seen(249) == both{2, 30});
  CHECK(seen(250) == both{1, 30});
  CHECK(seen(~std::uint64_t{0}) == both{1, 30});
  CHECK(spec.fixed().filter_bits == 3);
  CHECK(spec.at(epoch{250}).tau_ms == spec.fixed().tau_ms);
}

TEST_CASE("the rules id of an epoch changes exactly when a rule does") {
  const auto plain = devnet();
  auto spec = with("min_fee_rate", {{epoch{0}, 1}, {epoch{77}, 2}});
  REQUIRE(spec.finish());
  CHECK(spec.network() == plain.network());
  CHECK(spec.rules_id() != plain.rules_id());
  CHECK(spec.rules_id(epoch{0}) == plain.rules_id());
  CHECK(spec.rules_id(epoch{76}) == plain.rules_id(epoch{76}));
  CHECK(spec.rules_id(epoch{77}) != plain.rules_id(epoch{77}));
  CHECK(spec.rules_id(epoch{77}) == spec.rules_id());
}

TEST_CASE("a dropped entry leaves no byte behind") {
  auto spec = with("tau_ms", {{epoch{0}, 1000}, {epoch{5}, 2000}});
  REQUIRE(spec.finish());
  const auto before = spec.canonical_rules(epoch{4});
  const auto after = spec.canonical_rules(epoch{5});
  CHECK(before == devnet().canonical_rules(epoch{4}));
  CHECK(after.size() == before.size() + 16);
  reader in{after};
  CHECK(in.take<std::uint16_t>() == 2);
  CHECK(in.take<std::uint64_t>() == 0);
  CHECK(in.take<std::uint64_t>() == 1000);
  CHECK(in.take<std::uint64_t>() == 5);
  CHECK(in.take<std::uint64_t>() == 2000);
}

TEST_CASE("the minimum weight is a rule, not part of the network id") {
  auto spec = devnet();
  spec.minimum_weight = 1;
  REQUIRE(spec.finish());
  CHECK(spec.network() == devnet().network());
  CHECK(spec.rules_id(epoch{0}) != devnet().rules_id(epoch{0}));
}

TEST_CASE("every field of genesis changes the network id") {
  const std::vector<void (*)(genesis_section&)> changes{
      [](auto& g) { g.name = "devnes"; },
      [](auto& g) { g.hrp = "dsu"; },
      [](auto& g) { g.time.value += 1; },
      [](auto& g) { (*g.seed)[31] ^= 1; },
      [](auto& g) { g.seed.reset(); },
      [](auto& g) { g.vdf_bits = 256; },
      [](auto& g) { g.k = 20; },
      [](auto& g) { g.strength = 3; },
      [](auto& g) { g.test_plots = false; },
      [](auto& g) { g.target -= 1; },
      [](auto& g) { g.premine[0].value.value += 1; },
      [](auto& g) { g.premine[0].account.value[0] ^= 1; },
      [](auto& g) { g.premine.clear(); }};
  std::set<network_id> seen{devnet().network()};
  for (const auto change : changes) {
    auto spec = devnet();
    change(spec.genesis);
    REQUIRE(spec.finish());
    CHECK(seen.insert(spec.network()).second);
  }
  auto slower = with("squarings_cap", {{epoch{0}, 20'000}});
  slower.genesis.squarings = 16'000;
  REQUIRE(slower.finish());
  CHECK(seen.insert(slower.network()).second);
}

TEST_CASE("a schedule starts at 0 and rises") {
  CHECK(starts(refusal(with("max_txs", {})), "`rules.max_txs` must have"));
  CHECK(starts(refusal(with("max_txs", {{epoch{1}, 5}})),
               "`rules.max_txs` must have"));
  CHECK(starts(refusal(with("max_txs", {{epoch{0}, 5}, {epoch{0}, 6}})),
               "`rules.max_txs[1]` must start"));
  CHECK(starts(
      refusal(with("max_txs", {{epoch{0}, 5}, {epoch{9}, 6}, {epoch{8}, 6}})),
      "`rules.max_txs[2]` must start"));
  CHECK(starts(refusal(with("max_txs", {{epoch{0}, 5}, {epoch{9}, 0}})),
               "`rules.max_txs[1]` must be from 1"));
  rule_schedule endless;
  for (std::uint64_t e = 0; e < 257; ++e) endless.emplace_back(epoch{e}, 5);
  CHECK(starts(refusal(with("max_txs", endless)), "`rules.max_txs` must have"));
  endless.pop_back();
  CHECK(refusal(with("max_txs", endless)).empty());
  auto missing = devnet();
  missing.schedules.pop_back();
  CHECK(starts(refusal(missing), "`rules` must"));
}

TEST_CASE("every rule keeps to its range") {
  for (const auto& field : rule_fields()) {
    const auto key = "`rules." + std::string{field.name} + "` must be from";
    CHECK(starts(refusal(with(field.name, {{epoch{0}, field.most + 1}})), key));
    if (field.least > 0)
      CHECK(starts(refusal(with(field.name, {{epoch{0}, field.least - 1}})),
                   key));
  }
}

TEST_CASE("rules that contradict each other are refused") {
  CHECK(starts(refusal(with("infusion_lag", {{epoch{0}, 16}})),
               "`rules.infusion_lag`"));
  CHECK(refusal(with("infusion_lag", {{epoch{0}, 15}})).empty());
  CHECK(starts(refusal(with("squarings_floor", {{epoch{0}, 15'001}})),
               "`rules.squarings_floor`"));
  CHECK(starts(refusal(with("squarings_cap", {{epoch{0}, 14'999}})),
               "`rules.squarings_floor`"));
  CHECK(starts(refusal(with("tau_min_ms", {{epoch{0}, 1001}})),
               "`rules.tau_min_ms`"));
  CHECK(starts(refusal(with("tau_ms", {{epoch{0}, 1000}, {epoch{50}, 949}})),
               "`rules.tau_min_ms` must be at most tau_ms, from epoch 50"));
  CHECK(starts(refusal(with("ticks_per_era", {{epoch{0}, 5'000}})),
               "`rules.max_body_bytes`"));
  CHECK(starts(refusal(with("tail", {{epoch{0}, 5'000'000'000}})),
               "`rules.subsidy`"));
  auto fast = devnet();
  fast.genesis.squarings = 14'999;
  CHECK(starts(refusal(fast), "`genesis.squarings`"));
}

TEST_CASE("a genesis that no node could start from is refused") {
  const std::vector<std::pair<std::string_view, void (*)(genesis_section&)>>
      bad{
          {"genesis.name", [](auto& g) { g.name.clear(); }},
          {"genesis.name", [](auto& g) { g.name.assign(33, 'a'); }},
          {"genesis.name", [](auto& g) { g.name = "../etc"; }},
          {"genesis.name", [](auto& g) { g.name = "9net"; }},
          {"genesis.hrp", [](auto& g) { g.hrp = "DST"; }},
          {"genesis.hrp", [](auto& g) { g.hrp.clear(); }},
          {"genesis.hrp", [](auto& g) { g.hrp.assign(17, 'a'); }},
          {"genesis.time", [](auto& g) { g.time.value = ~std::uint64_t{0}; }},
          {"genesis.mode", [](auto& g) { g.mode = static_cast<time_mode>(2); }},
          {"genesis.vdf_bits", [](auto& g) { g.vdf_bits = 0; }},
          {"genesis.vdf_bits", [](auto& g) { g.vdf_bits = 2048; }},
          {"genesis.vdf_bits", [](auto& g) { g.mode = time_mode::simulated; }},
          {"genesis.squarings", [](auto& g) { g.squarings = 0; }},
          {"genesis.k", [](auto& g) { g.k = 0; }},
          {"genesis.k", [](auto& g) { g.k = 19; }},
          {"genesis.k", [](auto& g) { g.k = 32; }},
          {"genesis.strength", [](auto& g) { g.strength = 1; }},
          {"genesis.strength", [](auto& g) { g.strength = 64; }},
          {"genesis.target", [](auto& g) { g.target = 0; }},
          {"premine[0].amount", [](auto& g) { g.premine[0].value.value = 0; }},
          {"premine[1].account",
           [](auto& g) { g.premine.push_back(g.premine[0]); }},
          {"premine", [](auto& g) { g.premine.resize(65'536); }},
          {"rules.subsidy",
           [](auto& g) { g.premine[0].value.value = ~std::uint64_t{0}; }},
      };
  for (const auto& [key, change] : bad) {
    auto spec = devnet();
    change(spec.genesis);
    CHECK(starts(refusal(spec), "`" + std::string{key} + "` "));
  }
}

TEST_CASE("a refused change leaves the rules in force as they were") {
  auto spec = devnet();
  spec.schedules[row("filter_bits")] = {{epoch{0}, 99}};
  REQUIRE_FALSE(spec.finish());
  CHECK(spec.fixed().filter_bits == 0);
  CHECK(spec.network() == devnet().network());
}
