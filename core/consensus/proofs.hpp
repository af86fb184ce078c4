#pragma once
// What a header proves to someone who holds nothing else: an account, an
// earlier block, a transaction. docs/light-client.md has the formats and says
// how a light client uses them.

#include "core/consensus/context.hpp"
#include "core/state/ledger.hpp"

#include <functional>

namespace spacetime::consensus {
/// An account in the state after a block.
struct account_proof {
  header head; ///< of the block
  account_id id;
  std::optional<state::account> value; ///< none: there is no such account
  bytes32 rewards_root{};              ///< the other half of the state root
  state::trie_proof path;
  friend bool operator==(const account_proof&, const account_proof&) = default;
};

/// A block in the chain below a later one.
struct history_proof {
  header head;               ///< of the later block
  block_id id;               ///< of the earlier one
  height at;                 ///< its height, below the later one's
  u256 weight;               ///< of the chain up to and including it
  std::vector<bytes32> path; ///< lowest sibling first
  friend bool operator==(const history_proof&, const history_proof&) = default;
};

/// A transaction in a block.
struct tx_proof {
  header head; ///< of the block
  tx value;
  std::uint32_t index{}, count{}; ///< its place in the body, and their number
  std::vector<bytes32> path;      ///< lowest sibling first
  friend bool operator==(const tx_proof&, const tx_proof&) = default;
};

/// Whether state root, history root or transaction root of the proof's header
/// commit to what it claims. That the header itself belongs to a valid chain is
/// not checked: compare its id with one that is known to.
/// Errors: `bad_state_root`.
status check(const account_proof& p);
/// Errors: `bad_height` (not below the header's), `bad_history_root`.
status check(const history_proof& p);
/// The signature of the transaction is checked, too; `value.id` is trusted: a
/// decoder computes it. Index and count are not proven, as no header commits
/// to the count. Errors: `bad_tx_root`, `bad_signature`.
status check(const tx_proof& p);

/// The account under the header of the block that `at_head` is the state of.
account_proof prove_account(const header& head, const state::ledger& at_head,
                            const account_id& id);

/// Contexts by height of the chain that ends with some header.
using chain_contexts = std::function<result<chain_context>(height)>;
/// The block at a height below `head`. Reads at most two contexts for each of
/// its siblings, of which there are at most 32: their mountain ranges hold
/// every node or the parts of it. Errors: `not_found` (not below `head`);
/// `stale` if the contexts are not of one chain, as when it was reorganised
/// meanwhile; those of `contexts`.
result<history_proof> prove_history(const header& head,
                                    const chain_contexts& contexts, height at);

/// The proof of transaction `index` of a block. @pre index < b.txs.size()
tx_proof prove_tx(const block& b, std::uint32_t index);
} // namespace spacetime::consensus
