#pragma once
// The stored chain as values of the core: where a node starts from.

#include "core/consensus/chain_state.hpp"
#include "core/disk/store.hpp"

namespace spacetime::disk {
struct loaded_chain {
  consensus::chain_context tip;
  state::ledger ledger;
};

/// Writes the genesis block into an empty store; does nothing in another.
/// Errors: `wrong_network` if the stored genesis differs, `bad_config` for a
/// network that has not started, those of `store::apply`.
status ensure_genesis(const consensus::protocol& p, store& s);

/// Tip and ledger as stored; the ledger's root must be the tip's state root.
/// Errors: `corrupt` naming what does not fit, `not_found` before genesis.
result<loaded_chain> load_chain(const consensus::protocol& p, const reader& s);

/// Stored blocks as `consensus::chain_state` asks for them.
/// @pre `s` outlives the result
consensus::archive archive_of(const reader& s);

/// Context of a stored block. Errors: `not_found`, `corrupt`.
result<consensus::chain_context> context_of(const reader& s,
                                            const block_id& id);
} // namespace spacetime::disk
