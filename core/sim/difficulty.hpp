#pragma once
// How fast target rules, and the rule for T, follow a network that changes.
// Everything follows from the seed, in integers. docs/research/difficulty.md.

#include "core/sim/target_rules.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace spacetime::sim {
/// What a farm may know when it decides whether to take part.
struct moment {
  std::uint64_t epoch = 0;
  std::uint64_t ease = 1000;  ///< target by the genesis target, times 1,000
  std::uint64_t space = 1000; ///< in the epoch before
};

/// A way in which space changes; 1,000 is what the genesis target expects.
struct space_scenario {
  std::string_view name;  ///< of its files
  std::string_view title; ///< for people
  bool step = false;      ///< one change at `change_epoch`, for ever
  std::uint64_t (*space)(const moment&) = nullptr;
};

/// The first change of every scenario, and its end.
inline constexpr std::uint64_t change_epoch = 4096, end_epoch = 24576;
/// Blocks that the averages go over: the shorter follows faster, the longer is
/// about as quiet as the accumulator.
inline constexpr std::size_t short_window = 288, long_window = 1152;

std::span<const space_scenario> space_scenarios();

/// One rule in one scenario.
struct rule_run {
  struct era_row {
    std::uint64_t space;   ///< mean, times 1,000
    std::uint64_t spacing; ///< expected epochs per block, times 1,000
    std::uint64_t blocks;
  };
  std::string_view rule; ///< "accumulator", "average-288", ...
  std::vector<era_row> eras;
  /// Epochs from the change until the expected spacing is within 20 % of the
  /// intended one and stays there for `settled_epochs`; steps only.
  std::optional<std::uint64_t> recovered;
  /// Furthest beyond the intended spacing, on the other side of the
  /// disturbance, in per mille; steps only.
  std::uint64_t overshoot = 0;
  std::uint64_t fastest = 0, slowest = 0; ///< expected spacing, times 1,000
  std::uint64_t within = 0;    ///< share of epochs within 20 %, per mille
  std::int64_t rate_error = 0; ///< blocks above what is intended, per mille
};
inline constexpr std::uint64_t settled_epochs = 1024;

/// The accumulator and both averages, each with the same dice. Figures cover
/// the epochs from the change on.
std::vector<rule_run> run(const consensus::protocol& p,
                          const space_scenario& what, std::uint64_t seed);

/// A way in which the fastest timelord's speed changes; 1,000 makes a tick of
/// T_genesis in tau.
struct speed_scenario {
  std::string_view name, title;
  std::uint64_t (*speed)(std::uint64_t era) = nullptr;
};
std::span<const speed_scenario> speed_scenarios();

struct speed_run {
  struct era_row {
    std::uint64_t speed;     ///< times 1,000
    std::uint64_t squarings; ///< T
    std::uint64_t epoch_ms;  ///< mean time of an epoch, by a true clock
    std::uint64_t stamp_ms;  ///< the same by the time stamps of blocks
    std::uint64_t blocks;
  };
  std::vector<era_row> eras;
};

/// Ticks come as fast as they are made, but none further ahead of the clock
/// than R6 allows; stamps are true where R6 allows it.
speed_run run(const consensus::protocol& p, const speed_scenario& what,
              std::uint64_t seed);

/// A line per era, integers as above; the first line names the columns.
std::string to_csv(const std::vector<rule_run>& runs);
std::string to_csv(const speed_run& run);
} // namespace spacetime::sim
