#pragma once
// Which of two chains a node follows; docs/protocol.md, "Fork choice".

#include "core/consensus/context.hpp"

namespace spacetime::consensus {
/// A tip and what this node saw of it. Never part of validity.
struct tip_candidate {
  block_id id;
  block_id parent;
  spacetime::epoch epoch;
  u256 weight;
  u256 score;
  bool late = false;         ///< its branch holds a block that came late
  std::uint64_t arrival = 0; ///< counts blocks in the order they were seen
};

/// True iff `a` is followed rather than `b`: the heavier; between siblings of
/// one epoch the lower score; else the branch without a late block, the
/// earlier epoch, the lower score; at last the one seen first.
bool better(const tip_candidate& a, const tip_candidate& b);
} // namespace spacetime::consensus
