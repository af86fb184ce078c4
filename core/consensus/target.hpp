#pragma once
// Difficulty: an accumulator over eras and the exponential target made of it.

#include "core/chain/spec.hpp"

namespace spacetime::consensus {
/// The target rule of one network; docs/protocol.md, "Target". Integers only.
class difficulty {
public:
  /// @pre the spec has passed `chain_spec::finish`
  explicit difficulty(const chain_spec& spec);

  /// Target of every block of an era whose accumulator is `z`:
  /// clamp(floor(genesis_target * 2^(z / (den * half_life))), 1, 2^256 - 1),
  /// the power by the cubic of the public ASERT rule aserti3-2d.
  [[nodiscard]] u256 target(std::int64_t z) const;

  /// What follows `z` after an era of `blocks` blocks that counts `epochs`.
  [[nodiscard]] std::int64_t next(std::int64_t z, std::uint64_t epochs,
                                  std::uint64_t blocks) const;

  /// The smallest accumulator with target 2^256 - 1.
  [[nodiscard]] std::int64_t highest() const { return highest_; }
  /// The largest accumulator with target 1.
  [[nodiscard]] std::int64_t lowest() const { return lowest_; }

private:
  u256 genesis_target_;
  std::int64_t numerator_, denominator_, half_life_;
  std::int64_t highest_ = 0, lowest_ = 0;
};

/// 65536 * 2^(f / 65536), rounded as aserti3-2d does; f in [0, 65535].
std::uint64_t exponential_factor(std::uint64_t f);

/// floor(2^256 / (target + 1)): the expected lookups behind one block.
u256 weight_of(const u256& target);
} // namespace spacetime::consensus
