#include "core/state/supply.hpp"

#include "core/state/ledger.hpp"

#include <algorithm>

namespace spacetime::state {
u256 issued(const chain_spec& spec, height at) {
  u256 sum = 0;
  for (const auto& p : spec.genesis.premine) sum += p.value.value;
  const auto& rules = spec.fixed();
  // Blocks between halvings earn the same: a step per halving, not per block.
  for (std::uint64_t h = 1; h <= at.value;) {
    const auto run = std::min<std::uint64_t>(
        rules.halving - (h - 1) % rules.halving, at.value - h + 1);
    const auto each = subsidy(rules, height{static_cast<std::uint32_t>(h)});
    sum += u256{each.value} * run;
    h += run;
  }
  return sum;
}
} // namespace spacetime::state
