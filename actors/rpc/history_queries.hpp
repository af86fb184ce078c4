#pragma once
// Transactions and accounts of the past, from the indexes: for RPC, and for
// the command line when no node runs.

#include "actors/rpc/json_values.hpp"
#include "core/disk/chain_indexes.hpp"

namespace spacetime::rpc {
/// Where a transaction of the best chain stands: {block, height, position,
/// confirmations, time}; 1 confirmation in the tip. Errors: `not_found`;
/// `unavailable` if it is not indexed; `corrupt`.
result<json> place_answer(const disk::reader& store, const tx_id& id);
/// {txid, state: "confirmed", block, height, position, confirmations, time,
/// tx}; tx is null if the block's body was pruned. Errors as above.
result<json> tx_answer(const chain_spec& spec, const disk::reader& store,
                       const tx_id& id);

struct history_query {
  account_id whose;
  std::uint32_t limit = 100;          ///< rows, at most `most_rows`
  std::optional<std::string> after{}; ///< `next` of an earlier answer
};
inline constexpr std::uint32_t most_rows = 1000;

/// {account, address, rows: [{kind, height, position, time, txid,
/// counterparty, counterparty_address, amount, fee}], next}, newest first. kind
/// is incoming, outgoing, reward or premine. The balance is what came in less
/// amount and fee of what went out: fee is "0" unless this account paid it. A
/// reward has the height that earned it in `earned_at`, and neither txid nor
/// counterparty; a row whose block was pruned has neither, nor amount and fee.
/// `next` is null at the end. An answer takes at most 5 s, and has then fewer
/// rows. Errors: `bad_encoding` (after), `unavailable` if there is no index,
/// `corrupt`.
result<json> history_answer(const chain_spec& spec, const disk::reader& store,
                            const history_query& q);
} // namespace spacetime::rpc
