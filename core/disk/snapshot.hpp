#pragma once
// The state of a chain at one block, to start another node from: trusted no
// further than the headers that lead to it prove.

#include "core/disk/chain_loader.hpp"

#include <atomic>
#include <functional>
#include <optional>
#include <string_view>

namespace spacetime::disk {
/// Whether a stored block is its header alone: it lies at or below a snapshot.
bool is_header_alone(byte_view raw);

struct snapshot_options {
  unsigned threads = 1;
  const std::atomic<bool>* cancel = nullptr;
  /// What is being done, how much of it, and of how much in all.
  std::function<void(std::string_view what, std::uint64_t done,
                     std::uint64_t total)>
      progress;
};

struct snapshot_summary {
  block_id id;
  height at;
  std::uint64_t accounts = 0, bytes = 0;
  bytes32 state_root{};
  u256 weight; ///< of the chain
};

/// `load_chain` beside a node that runs: tip and accounts come from two reads,
/// and a block between them would make them differ.
result<loaded_chain> load_settled(const consensus::protocol& p,
                                  const reader& s);

/// Writes a snapshot of the tip, or of a block of the best chain below it: then
/// the ledger is undone in memory to there. Takes the memory of the ledger.
/// A node may run beside. Errors: `not_found` (no chain, no such height, or no
/// undo record that leads there), `duplicate` (there is such a file), `stale`
/// (the chain was reorganised meanwhile), `cancelled`, `corrupt`, `disk_full`,
/// `io_error`. On any error nothing is left of the file.
result<snapshot_summary> export_snapshot(const consensus::protocol& p,
                                         const reader& s, const path& file,
                                         std::optional<height> at,
                                         const snapshot_options& options);

/// Makes a chain directory from a snapshot: every header verified by R2 to R10,
/// the accounts compared with the last one's state root (R14), the chain's
/// weight with the network's least. The new store has the headers without
/// bodies, and no undo record: its node never leaves the snapshot's chain.
/// Errors: those of `read_snapshot`; the code of the rule that a header breaks;
/// `bad_state_root`; `invalid_ancestor` (not enough weight); `duplicate`
/// (`chain_dir` is not empty), `cancelled`, `disk_full`, `io_error`. On any
/// error `chain_dir` is as before.
result<snapshot_summary> import_snapshot(const consensus::protocol& p,
                                         const path& file,
                                         const path& chain_dir,
                                         const snapshot_options& options);
} // namespace spacetime::disk
