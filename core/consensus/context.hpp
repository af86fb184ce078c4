#pragma once
// What a block leaves to its child: enough to check any child's header.

#include "core/chain/block.hpp"
#include "core/consensus/era.hpp"
#include "core/crypto/merkle.hpp"

namespace spacetime::consensus {
/// A chain up to and including one block, as its children see it.
struct chain_context {
  block_id id;
  block_id parent; ///< zero for genesis
  block_facts facts;
  u256 weight;            ///< of the whole chain; saturating
  u256 score;             ///< of this block's ticket; 0 for genesis
  era_state era;          ///< of this block's epoch, this block included
  bytes100 y{};           ///< at this block's tick
  mountain_range history; ///< over all blocks, this one included
  std::vector<block_facts>
      recent; ///< the last blocks, at most 11, oldest first
  friend bool operator==(const chain_context&, const chain_context&) = default;
};

/// A point of the time chain, at a block or after it.
struct time_position {
  era_state era;
  std::uint64_t tick{}; ///< i: ticks since the era's start, below K
  bytes100 y{};

  [[nodiscard]] epoch at(const protocol& p) const {
    return {era.number * p.fixed().ticks_per_era + tick};
  }
};

/// The element an era starts from: the class group's generator, or the
/// simulated one. Bytes as in a tick.
bytes100 era_start(const protocol& p, const bytes32& seed);

/// Where the time chain stands at a block.
time_position position_of(const protocol& p, const chain_context& c);

/// Moves a position by one proven step that stays inside its era; at the era's
/// end it becomes the start of the next. Errors: `bad_time_entries`.
status advance(const protocol& p, time_position& at, std::uint64_t ticks,
               const bytes100& y, const std::vector<block_facts>& recent);

/// The genesis block of a network. @pre the spec has a seed
block genesis_block(const protocol& p, const bytes32& state_root);
/// The context behind it.
chain_context genesis_context(const protocol& p, const block& genesis);

/// The context of a child that has passed validation: `at` is its point on the
/// time chain, `plot` and `quality_blob` name its ticket.
chain_context child_context(const protocol& p, const chain_context& parent,
                            const block_id& id, const header& h,
                            const time_position& at, const u256& score,
                            const bytes32& infusion);
} // namespace spacetime::consensus
