#pragma once
// When an epoch of a simulated network has a block.

#include "core/base/u256.hpp"
#include "core/sim/dice.hpp"

namespace spacetime::sim {
/// Fractions of one: 62 bits behind the point.
inline constexpr unsigned fraction_bits = 62;
inline constexpr std::uint64_t whole = std::uint64_t{1} << fraction_bits;

/// e^-x as a fraction, with x in units of 2^-32. Integers only, so that every
/// machine draws the same; off by less than 2^-55.
std::uint64_t exp_minus(std::uint64_t x);

/// The chance that an epoch has a block, as a fraction: Poisson many chains,
/// half a chain below `norm` in the mean for every 1,000 units of space, have
/// even scores, so the lowest is below `target` with chance
/// 1 - e^-(target / norm * space / 2,000). @pre norm > 0
std::uint64_t winning_chance(const u256& target, const u256& norm,
                             std::uint64_t space);

/// Draws from that law.
inline bool wins(dice& d, std::uint64_t chance) {
  return (d.roll() >> (64 - fraction_bits)) < chance;
}
} // namespace spacetime::sim
