#pragma once
// The indexes of the best chain: which transaction, whose history, what time.
// docs/disk-format.md has their keys and values; `chain_index` names them.

#include "core/consensus/context.hpp"
#include "core/disk/store.hpp"

#include <atomic>

namespace spacetime::disk {
/// Which indexes a node keeps; that by time is always there.
struct index_choice {
  bool txs = true;
  bool history = false;
};

/// Where a transaction stands on the best chain.
struct tx_place {
  height at;
  std::uint32_t position; ///< in its block, from 0
  friend bool operator==(const tx_place&, const tx_place&) = default;
};

/// What happened to an account. Values are stored.
enum class history_kind : std::uint8_t {
  outgoing = 1, ///< it sent a transaction
  incoming = 2, ///< it received one
  reward = 3,   ///< a block's fees and subsidy were credited
  premine = 4,  ///< part of genesis
};

struct history_row {
  height at; ///< of the block that changed the account
  /// Place within the block: 0 for a reward, i + 1 for transaction i or entry
  /// i of the premine.
  std::uint32_t sequence;
  history_kind kind;
  amount value{};     ///< of a reward or premine; else in the transaction
  height earned_at{}; ///< of a reward: the block that earned it
  friend bool operator==(const history_row&, const history_row&) = default;
};

/// Errors of these: `not_found`; `unavailable` if the index is off, naming the
/// key that turns it on; `corrupt`.
result<tx_place> find_tx(const reader& s, const tx_id& id);
/// The highest block whose time is at most `t`; times rise along a chain.
result<height> height_at(const reader& s, timestamp t);
/// Newest first, at most `limit`; those below the place of `below`, if given.
/// `timed_out` after `longest`.
result<std::vector<history_row>>
history_of(const reader& s, const account_id& whose,
           std::optional<std::pair<height, std::uint32_t>> below,
           std::size_t limit,
           std::chrono::milliseconds longest = std::chrono::seconds{5});

/// Adds to a commit what its blocks change in the indexes that are complete,
/// blocks that it disconnects included. Errors: `corrupt`, `io_error`.
status add_index_entries(const consensus::protocol& p, const reader& s,
                         commit& change);

/// Compares the entries of the block at a height with those that its bytes
/// make; their number. Errors: `corrupt` naming table and key; as above.
result<std::uint64_t> check_index_entries(const consensus::protocol& p,
                                          const reader& s, height at);

struct index_progress {
  /// Blocks done and in all; from the calling thread, about once per 1000.
  std::function<void(std::uint64_t done, std::uint64_t total)> report{};
  std::function<bool()> cancelled{};
};

/// Drops indexes that are not chosen and builds what is missing of the others,
/// in small transactions: a stop in between loses a batch at most. Called
/// before anybody else writes. Blocks whose bodies are pruned are left out.
/// Errors: `cancelled`, those of `store::apply`.
status prepare_indexes(const consensus::protocol& p, store& s,
                       index_choice chosen, const index_progress& progress);
} // namespace spacetime::disk
