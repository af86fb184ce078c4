#pragma once
// From a step of the core to what the store writes of it.

#include "core/consensus/chain_state.hpp"
#include "core/disk/store.hpp"

namespace spacetime::disk {
/// A block that is not stored yet.
struct fresh_block {
  const consensus::chain_context& context;
  byte_view raw;
};

/// The step as one commit; `after` is the ledger behind it, `fresh` the block
/// that was offered: it is stored also if it did not join the chain.
commit commit_of(const consensus::chain_step& step, const state::ledger& after,
                 const fresh_block* fresh = nullptr);

/// Side branches and marks as a node finds them at its start. Errors:
/// `corrupt`, `io_error`.
result<consensus::stored_forks> load_forks(const reader& s);
} // namespace spacetime::disk
