#pragma once
// What others ask of the ledger at the tip.

#include "actors/protocol.hpp"
#include "core/consensus/chain_state.hpp"

namespace spacetime {
/// Which transactions of a draft apply, and the root behind them; the ledger
/// is as before. Errors: `malformed`, `stale` if the tip is not its parent or
/// not durable yet.
result<draft_answer_msg> try_draft(const consensus::protocol& p,
                                   consensus::chain_state& chain,
                                   const draft_msg& m);

/// Zeros if there is none.
account_msg account_at(const consensus::chain_state& chain,
                       const account_id& id);

/// In the order of the ids. Errors: `malformed`, `too_large`.
result<account_list_msg> accounts_at(const consensus::chain_state& chain,
                                     const id_list_msg& m);
} // namespace spacetime
