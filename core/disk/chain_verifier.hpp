#pragma once
// Checks a stored chain again from its genesis, trusting nothing but the spec.

#include "core/consensus/validate.hpp"
#include "core/disk/store.hpp"

#include <atomic>

namespace spacetime::disk {
struct verify_options {
  unsigned threads = 1;
  const std::atomic<bool>* cancel = nullptr;
  /// Blocks done and in all; from the calling thread.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;
};

struct verify_summary {
  std::uint64_t blocks = 0, txs = 0, time_proofs = 0;
  /// The first of them, below a snapshot: their headers were verified; the
  /// state behind them by its root in the last of these headers.
  std::uint64_t headers_only = 0;
  block_id tip;
  bytes32 state_root{};
  /// Lower blocks were taken as they are: their bodies are pruned. 0: none.
  height trusted_below;
};

/// Every rule of every block of the best chain, R1 to R14, the stored context
/// and undo record, and at the end the stored accounts. Errors: `corrupt`
/// naming height, block and the rule's code; `cancelled`; `stale` if the chain
/// was reorganised below what had been checked; `not_found` before genesis.
/// Of a pruned chain the blocks that are left are verified: from the stored
/// accounts, taken back by the undo records to where the lowest body is.
/// Blocks that a running node adds meanwhile are verified too.
result<verify_summary> verify_chain(const consensus::protocol& p,
                                    const reader& s,
                                    const verify_options& options);
} // namespace spacetime::disk
