#include "core/consensus/era.hpp"

#include "core/base/checked.hpp"
#include "core/consensus/challenge.hpp"

#include <algorithm>
#include <bit>

namespace spacetime::consensus {
era_state first_era(const protocol& p, const block_facts& genesis) {
  era_state out;
  out.seed = p.spec.genesis.seed.value_or(bytes32{});
  out.squarings = out.next_squarings = p.spec.genesis.squarings;
  out.target = p.target.target(0);
  out.retarget_base = genesis;
  return out;
}

block_facts median(std::vector<block_facts> blocks) {
  std::sort(blocks.begin(), blocks.end(), [](const auto& a, const auto& b) {
    return std::tie(a.time, a.height) < std::tie(b.time, b.height);
  });
  return blocks[(blocks.size() - 1) / 2];
}

std::uint64_t retarget(const protocol& p, epoch at, std::uint64_t squarings,
                       const block_facts& now, const block_facts& before) {
  if (now.height == before.height || now.time <= before.time) return squarings;
  const auto elapsed = now.time.value - before.time.value;
  const auto epochs = now.epoch.value - before.epoch.value;
  const u1024 ideal =
      u1024{squarings} * p.spec.at(at).tau_ms * epochs / elapsed;
  const auto least = squarings / 2;
  const auto most = static_cast<std::uint64_t>(uint128{squarings} * 8 / 7);
  auto out = ideal < least  ? least
             : ideal > most ? most
                            : static_cast<std::uint64_t>(ideal);
  // Six significant bits: the same T for small differences of the clocks.
  if (const auto bits = std::bit_width(out); bits > 6) {
    const auto unit = std::uint64_t{1} << (bits - 6);
    out = (out + unit / 2) / unit * unit;
  }
  return std::clamp(out, p.fixed().squarings_floor, p.fixed().squarings_cap);
}

era_state next_era(const protocol& p, const era_state& era,
                   const bytes100& y_end,
                   const std::vector<block_facts>& recent) {
  const auto& rules = p.fixed();
  era_state out;
  out.number = era.number + 1;
  out.seed = next_seed(era.seed, era.number, y_end, era.infusion);
  out.squarings = out.next_squarings = era.next_squarings;
  out.retarget_base = era.retarget_base;
  // A network that sleeps must not return with a flood of easy blocks: a run
  // of empty eras counts one half-life at most.
  auto counted = rules.ticks_per_era;
  if (era.blocks == 0) {
    counted = std::min(counted, rules.half_life - era.empty_epochs);
    out.empty_epochs = era.empty_epochs + counted;
  }
  out.accumulator = p.target.next(era.accumulator, counted, era.blocks);
  out.target = p.target.target(out.accumulator);
  if (out.number % rules.retarget_period == 0) {
    const epoch border{out.number * rules.ticks_per_era};
    const auto now = median(recent);
    out.next_squarings =
        retarget(p, border, out.squarings, now, era.retarget_base);
    out.retarget_base = now;
  }
  return out;
}
} // namespace spacetime::consensus
