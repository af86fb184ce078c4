#pragma once
// Everything that is stored, against everything else that is stored.

#include "core/consensus/era.hpp"
#include "core/disk/reader.hpp"

namespace spacetime::disk {
struct check_options {
  /// Called for every damage: what is wrong, with its file and offset or its
  /// table and key.
  std::function<void(const error&)> damage;
  std::function<void(std::uint64_t done, std::uint64_t total)> progress{};
  std::function<bool()> cancelled{};
};

struct check_summary {
  std::uint64_t blocks = 0, bytes = 0, undo_records = 0, index_entries = 0;
  std::uint64_t pruned = 0; ///< blocks whose bodies are not kept
  std::uint64_t accounts = 0, damages = 0;
  height tip;
  bytes32 state_root{};
};

/// Reads each block's record in the segments: it must be that block by its id;
/// each undo record; each entry of the indexes, which must be those of the
/// blocks; the accounts, which must lead to the state root of the tip's header;
/// and the sum of balances and uncredited rewards, which must be premine and
/// subsidies. Goes on behind a damage. The pages of the database are the
/// business of `verify_in_child`, which comes first. Beside a running node it
/// checks the chain that was there at the start. Errors: `cancelled`,
/// `not_found` before genesis, `stale` when the node moved on too often.
result<check_summary> check_store(const consensus::protocol& p, const reader& s,
                                  const check_options& options);
} // namespace spacetime::disk
