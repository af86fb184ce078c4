#pragma once
// Blocks that a program makes or imports itself, many in one commit.

#include "core/consensus/context.hpp"
#include "core/disk/store.hpp"
#include "core/state/ledger.hpp"

#include <map>

namespace spacetime::disk {
/// Collects valid blocks above a store's tip. A commit holds all that were
/// added since the last one: whatever ends the process, the store has a whole
/// chain, at most shorter.
class chain_writer {
public:
  /// @pre `s` outlives this
  explicit chain_writer(store& s) : store_(s) {}

  /// @pre the block has passed R1 to R14 and follows the one added last, or
  /// the tip
  void add(const consensus::chain_context& c, bytes raw,
           const state::delta& change);
  /// Keeps a block of a side branch. @pre it has passed R1 to R12, and no chain
  /// with it is heavier than the tip's
  void add_aside(const consensus::chain_context& c, bytes raw);

  [[nodiscard]] std::size_t blocks() const { return change_.blocks.size(); }
  /// Bytes of the blocks added since the last commit.
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Writes what was added; `at_tip` is the ledger behind the last block.
  /// Errors: those of `store::apply`; nothing of it is written then.
  status commit(const state::ledger& at_tip);

private:
  store& store_;
  disk::commit change_;
  std::map<account_id, state::account> accounts_; // as the last block leaves it
  std::size_t size_ = 0;
};
} // namespace spacetime::disk
