#pragma once
// From valid blocks to what the store writes of them.

#include "core/consensus/context.hpp"
#include "core/disk/store.hpp"
#include "core/state/ledger.hpp"

#include <map>

namespace spacetime::disk {
/// Collects valid blocks above a store's tip for one commit: whatever ends the
/// process, the store has a whole chain, at most shorter.
class chain_batch {
public:
  /// @pre the block has passed R1 to R14 and follows the one added last, or
  /// the tip
  void add(const consensus::chain_context& c, bytes raw,
           const state::delta& change);
  /// Keeps a block of a side branch. @pre it has passed R1 to R12, and no chain
  /// with it is heavier than the tip's
  void add_aside(const consensus::chain_context& c, bytes raw);

  [[nodiscard]] std::size_t blocks() const { return change_.blocks.size(); }
  /// Bytes of the blocks.
  [[nodiscard]] std::size_t size() const { return size_; }

  /// The commit of all that was added, and the batch is empty again; `at_tip`
  /// is the ledger behind the last block.
  commit take(const state::ledger& at_tip);

private:
  commit change_;
  std::map<account_id, state::account> accounts_; // as the last block leaves it
  std::size_t size_ = 0;
};

/// Completes a commit with what it changes in the indexes, and writes it.
/// Errors: those of `add_index_entries` and `store::apply`.
status write_indexed(const consensus::protocol& p, store& s, commit change);
} // namespace spacetime::disk
