#pragma once
// Eras: the stretches of the time chain that share a seed, a T and a target.

#include "core/consensus/target.hpp"

namespace spacetime::consensus {
/// What the time chain needs to know of a block.
struct block_facts {
  spacetime::height height;
  spacetime::epoch epoch;
  timestamp time;
  friend bool operator==(const block_facts&, const block_facts&) = default;
};

/// An era as far as it has been lived on one chain.
struct era_state {
  std::uint64_t number{};         ///< n
  bytes32 seed{};                 ///< S_n
  std::uint64_t squarings{};      ///< T of this era
  std::uint64_t next_squarings{}; ///< T from the next era on
  std::int64_t accumulator{};     ///< Z_n
  std::uint64_t empty_epochs{};   ///< counted so far of a run of empty eras
  std::uint32_t blocks{};    ///< of this chain in this era, without genesis
  bytes32 infusion{};        ///< I_n; zero while there is none
  u256 target;               ///< of every block of this era
  block_facts retarget_base; ///< the median block of the last change of T
  friend bool operator==(const era_state&, const era_state&) = default;
};

/// Everything about a network that consensus computes with.
struct protocol {
  explicit protocol(chain_spec s) : spec(std::move(s)), target(spec) {}

  chain_spec spec;
  difficulty target;

  [[nodiscard]] const rule_set& fixed() const { return spec.fixed(); }
  /// Number of the era that holds an epoch, and the tick inside it.
  [[nodiscard]] std::uint64_t era_of(epoch e) const {
    return e.value / fixed().ticks_per_era;
  }
  [[nodiscard]] std::uint64_t tick_of(epoch e) const {
    return e.value % fixed().ticks_per_era;
  }
};

/// Era 0 behind a genesis block. @pre the spec has a seed
era_state first_era(const protocol& p, const block_facts& genesis);

/// The median block by time stamp; ties: lower height; even count: the lower.
/// @pre not empty
block_facts median(std::vector<block_facts> blocks);

/// T after the retarget at epoch `at`, from T in force and the median blocks
/// before it and one period earlier; docs/protocol.md, "Change of T".
std::uint64_t retarget(const protocol& p, epoch at, std::uint64_t squarings,
                       const block_facts& now, const block_facts& before);

/// The era after `era`, whose last element is `y_end`. `recent` holds the last
/// (at most 11) blocks of this chain before the new era.
era_state next_era(const protocol& p, const era_state& era,
                   const bytes100& y_end,
                   const std::vector<block_facts>& recent);
} // namespace spacetime::consensus
