#include "core/sim/difficulty.hpp"

#include "core/base/checked.hpp"
#include "core/sim/winning.hpp"

#include <algorithm>
#include <cstdlib>

namespace spacetime::sim {
namespace {
template <std::uint64_t After>
std::uint64_t step_to(const moment& m) {
  return m.epoch < change_epoch ? 1000 : After;
}

/// Half as much again at noon, half as much at midnight; a day is 8,640
/// epochs of ten seconds. Bhaskara's sine, off by less than 0.002.
std::uint64_t sine(const moment& m) {
  if (m.epoch < change_epoch) return 1000;
  constexpr std::int64_t half = 4320;
  const auto t =
      static_cast<std::int64_t>((m.epoch - change_epoch) % (2 * half));
  const auto x = t % half * (half - t % half);
  const auto wave = 500 * 16 * x / (5 * half * half - 4 * x);
  return static_cast<std::uint64_t>(1000 + (t < half ? wave : -wave));
}

/// Three times the others' space, six hours here and six hours away.
std::uint64_t come_and_go(const moment& m) {
  if (m.epoch < change_epoch) return 1000;
  return (m.epoch - change_epoch) / 2160 % 2 == 0 ? 4000 : 1000;
}

/// As much space as the others have, and only here while blocks are easy.
std::uint64_t hopper(const moment& m) {
  if (m.epoch < change_epoch) return 1000;
  const bool here = m.space > 1000;
  return m.ease > (here ? 900u : 1050u) ? 2000 : 1000;
}

constexpr space_scenario all_space[] = {
    {"space-x4", "Space grows to 4 times", true, step_to<4000>},
    {"space-d4", "Space falls to a quarter", true, step_to<250>},
    {"space-x20", "Space grows to 20 times", true, step_to<20000>},
    {"space-d100", "Space falls to a hundredth", true, step_to<10>},
    {"sine", "Space swings by half every day", false, sine},
    {"join-leave", "A farm of 3 times the rest, 6 h here, 6 h away", false,
     come_and_go},
    {"hopper", "A farm as large as the rest, here while blocks are easy", false,
     hopper},
};

constexpr std::uint64_t change_era = 64;
std::uint64_t tenth_faster(std::uint64_t era) {
  return era >= change_era && era < 4 * change_era ? 1100 : 1000;
}
std::uint64_t twice(std::uint64_t era) {
  return era >= change_era && era < 4 * change_era ? 2000 : 1000;
}

constexpr speed_scenario all_speeds[] = {
    {"timelord-x1.1", "A timelord faster by a tenth, later as before",
     tenth_faster},
    {"timelord-x2", "A timelord twice as fast, later as before", twice},
};

/// Judges one rule as it goes.
class judge {
public:
  judge(const consensus::protocol& p, bool step)
      : goal_(1000 * p.fixed().spacing_numerator
              / p.fixed().spacing_denominator),
        step_(step) {}

  /// `spacing` is the expected one, of an epoch after the change.
  void take(std::uint64_t spacing, bool block) {
    const auto epoch = epochs_++;
    blocks_ += block ? 1 : 0;
    out_.fastest = std::min(out_.fastest, spacing);
    out_.slowest = std::max(out_.slowest, spacing);
    const auto off = spacing > goal_ ? spacing - goal_ : goal_ - spacing;
    const bool near = 5 * off <= goal_;
    within_ += near ? 1 : 0;
    if (!step_) return;
    if (epoch == 0) slow_at_first_ = spacing > goal_;
    if ((spacing > goal_) != slow_at_first_)
      out_.overshoot = std::max(out_.overshoot, 1000 * off / goal_);
    if (out_.recovered) return;
    if (!near)
      since_.reset();
    else if (!since_)
      since_ = epoch;
    if (since_ && epoch - *since_ >= settled_epochs) out_.recovered = since_;
  }

  rule_run done() {
    const auto intended = static_cast<std::int64_t>(1000 * epochs_ / goal_);
    out_.within = 1000 * within_ / epochs_;
    out_.rate_error =
        1000 * (static_cast<std::int64_t>(blocks_) - intended) / intended;
    return std::move(out_);
  }
  std::vector<rule_run::era_row>& eras() { return out_.eras; }

private:
  static rule_run fresh() {
    rule_run out;
    out.fastest = ~std::uint64_t{0};
    return out;
  }

  std::uint64_t goal_; // epochs per block, times 1,000
  bool step_, slow_at_first_ = false;
  std::uint64_t epochs_ = 0, blocks_ = 0, within_ = 0;
  std::optional<std::uint64_t> since_;
  rule_run out_ = fresh();
};

std::uint64_t spacing_of(std::uint64_t chance) {
  constexpr std::uint64_t endless = 1'000'000'000;
  const auto p = std::max<std::uint64_t>(chance >> 20, 1);
  return std::min((whole >> 20) * 1000 / p, endless);
}

rule_run run_rule(const consensus::protocol& p, const space_scenario& what,
                  std::uint64_t seed, std::string_view name,
                  target_rule& rule) {
  const auto& norm = p.spec.genesis.target;
  const auto k = p.fixed().ticks_per_era;
  dice luck{seed};
  judge verdict{p, what.step};
  moment m;
  height at;
  u256 target = 0;
  std::uint64_t chance = 0, chances = 0, spaces = 0, blocks = 0;
  for (; m.epoch < end_epoch; ++m.epoch) {
    const bool changed = target != rule.target();
    if (changed) {
      target = rule.target();
      m.ease = static_cast<std::uint64_t>(u1024{target} * 1000 / norm);
    }
    const auto space = what.space(m);
    if (changed || space != m.space)
      chance = winning_chance(target, norm, space);
    m.space = space;
    const bool block = wins(luck, chance);
    std::optional<consensus::block_facts> found;
    if (block) {
      ++at.value;
      found = {at,
               epoch{m.epoch},
               {p.spec.genesis.time.value + m.epoch * p.fixed().tau_ms}};
    }
    rule.take(found);
    if (m.epoch >= change_epoch) verdict.take(spacing_of(chance), block);
    chances += chance / k;
    spaces += space;
    blocks += block ? 1 : 0;
    if ((m.epoch + 1) % k != 0) continue;
    verdict.eras().push_back({spaces / k, spacing_of(chances), blocks});
    chances = spaces = blocks = 0;
  }
  auto out = verdict.done();
  out.rule = name;
  return out;
}

/// A true clock, and the bound of R6 on ticks and time stamps; microseconds.
class wall_clock {
public:
  explicit wall_clock(const consensus::protocol& p)
      : rules_(p.fixed()), first_squarings_(p.spec.genesis.squarings) {}

  /// The tick of epoch `e` is made, and held until R6 allows it.
  void tick(std::uint64_t e, std::uint64_t squarings, std::uint64_t speed) {
    now_ += static_cast<std::uint64_t>(uint128{rules_.tau_ms} * 1'000'000
                                       * squarings / first_squarings_ / speed);
    const auto stamp = least_stamp(e);
    const auto drift = rules_.drift_ms * 1000;
    now_ = std::max(now_, stamp - std::min(stamp, drift));
  }
  /// The time stamp of a block there.
  std::uint64_t stamp(std::uint64_t e) {
    last_stamp_ = std::max(now_, least_stamp(e));
    last_epoch_ = e;
    return last_stamp_;
  }
  [[nodiscard]] std::uint64_t now() const { return now_; }

private:
  [[nodiscard]] std::uint64_t least_stamp(std::uint64_t e) const {
    return last_stamp_ + rules_.tau_min_ms * 1000 * (e - last_epoch_);
  }
  const rule_set& rules_;
  std::uint64_t first_squarings_;
  std::uint64_t now_ = 0, last_stamp_ = 0, last_epoch_ = 0;
};
} // namespace

std::span<const space_scenario> space_scenarios() {
  return all_space;
}

std::span<const speed_scenario> speed_scenarios() {
  return all_speeds;
}

std::vector<rule_run> run(const consensus::protocol& p,
                          const space_scenario& what, std::uint64_t seed) {
  era_rule ours{p};
  average_rule fast{p, short_window}, quiet{p, long_window};
  return {run_rule(p, what, seed, "accumulator", ours),
          run_rule(p, what, seed, "average-288", fast),
          run_rule(p, what, seed, "average-1152", quiet)};
}

speed_run run(const consensus::protocol& p, const speed_scenario& what,
              std::uint64_t seed) {
  constexpr std::uint64_t eras = 384;
  const auto k = p.fixed().ticks_per_era;
  const auto& norm = p.spec.genesis.target;
  era_rule rule{p};
  wall_clock clock{p};
  dice luck{seed};
  height at;
  speed_run out;
  std::uint64_t stamped = 0; // the last stamp of the era before
  for (std::uint64_t era = 0; era < eras; ++era) {
    const auto begun = clock.now();
    const auto squarings = rule.era().squarings;
    const auto chance = winning_chance(rule.target(), norm, 1000);
    std::uint64_t blocks = 0, last = stamped;
    for (std::uint64_t i = 0; i < k; ++i) {
      const auto e = era * k + i;
      clock.tick(e, squarings, what.speed(era));
      std::optional<consensus::block_facts> found;
      if (e > 0 && wins(luck, chance)) {
        last = clock.stamp(e);
        ++at.value, ++blocks;
        found = {at, epoch{e}, {p.spec.genesis.time.value + last / 1000}};
      }
      rule.take(found);
    }
    out.eras.push_back({what.speed(era), squarings,
                        (clock.now() - begun) / k / 1000,
                        (last - stamped) / k / 1000, blocks});
    stamped = last;
  }
  return out;
}

std::string to_csv(const std::vector<rule_run>& runs) {
  std::string out = "era";
  for (const auto& r : runs)
    for (const auto* column : {"space_milli", "spacing_milli", "blocks"})
      out += "," + std::string{r.rule} + "_" + column;
  out += "\n";
  for (std::size_t i = 0; !runs.empty() && i < runs[0].eras.size(); ++i) {
    out += std::to_string(i);
    for (const auto& r : runs)
      for (auto x : {r.eras[i].space, r.eras[i].spacing, r.eras[i].blocks})
        out += "," + std::to_string(x);
    out += "\n";
  }
  return out;
}

std::string to_csv(const speed_run& run) {
  std::string out = "era,speed_milli,squarings,epoch_ms,stamp_ms,blocks\n";
  for (std::size_t i = 0; i < run.eras.size(); ++i) {
    const auto& e = run.eras[i];
    out += std::to_string(i);
    for (auto x : {e.speed, e.squarings, e.epoch_ms, e.stamp_ms, e.blocks})
      out += "," + std::to_string(x);
    out += "\n";
  }
  return out;
}
} // namespace spacetime::sim
