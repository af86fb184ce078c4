#pragma once
// Back to an earlier height, by the undo records.

#include "core/consensus/context.hpp"
#include "core/disk/store.hpp"

namespace spacetime::disk {
struct rollback_options {
  height to;
  /// Heights undone and in all; from the calling thread.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress{};
  std::function<bool()> cancelled{};
};

struct rollback_summary {
  height from, to;
  block_id tip;
  bytes32 state_root{};
  std::uint64_t forgotten = 0; ///< blocks, those of side branches included
  /// A body above was damaged, so that the indexes of transactions and of
  /// history were dropped; a node builds them again at its start.
  bool indexes_dropped = false;
};

/// Why a rollback to this height cannot be: `not_found` above the tip, or
/// where undo records are gone or the block itself is not stored; `corrupt`
/// where a record or the block is damaged, naming the height.
status check_rollback(const consensus::protocol& p, const reader& s, height to);

/// Makes the block at `to` the tip and forgets all blocks above, in steps of
/// some hundred blocks: each is one durable transaction, so that a stop at any
/// time leaves a chain that ends at one of the heights in between. Bodies above
/// `to` are not needed. At the end the accounts lead to the tip's state root.
/// Errors: those of `check_rollback` and `store::apply`; `cancelled`.
result<rollback_summary> roll_back(const consensus::protocol& p, store& s,
                                   const rollback_options& options);
} // namespace spacetime::disk
