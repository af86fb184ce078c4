#pragma once
// Who owns what after one block: R13 and R14 of docs/protocol.md.

#include "core/chain/spec.hpp"
#include "core/state/delta.hpp"
#include "core/state/trie.hpp"
#include "core/tx/tx.hpp"

namespace spacetime::state {
/// What the ledger needs to know of a block besides its transactions.
struct block_info {
  spacetime::height height;
  account_id payee; ///< earns its fees and subsidy
};

/// New coins of a block, in motes: max(tail, subsidy >> halvings), at most 63
/// halvings; none for genesis. @pre rules.halving > 0
amount subsidy(const rule_set& rules, height at);

/// Root over a reward list, oldest first:
/// H("st/rewards", u32 n, n x (u32 height | payee | u64 amount)).
bytes32 rewards_root(std::span<const reward> rewards);
/// H("st/state", accounts root, rewards root).
bytes32 state_root(const bytes32& accounts_root, const bytes32& rewards_root);

/// The state at one block, in memory. A value: copies are independent.
class ledger {
public:
  /// The state of block 0. Entries of one account add up.
  /// Errors: `amount_overflow`.
  static result<ledger> genesis(std::span<const premine_entry> premine);

  /// A stored state. The caller compares `state_root` with a header's.
  /// Errors: `malformed` (ids not strictly ascending, an absent account,
  /// rewards that do not end at `at`).
  static result<ledger> restore(height at,
                                std::span<const account_entry> accounts,
                                std::vector<reward> rewards);

  /// R13 for the next block: credits the reward that matures, then applies
  /// the transactions in order, then notes the block's own reward. On error
  /// nothing has changed. R12 must hold already.
  /// Errors: `bad_height`, `tx_expired`, `nonce_too_low`, `nonce_too_high`,
  /// `fee_below_minimum`, `insufficient_balance`, `amount_overflow`,
  /// `self_payment`.
  [[nodiscard]] result<delta> apply(const rule_set& rules,
                                    const block_info& block,
                                    std::span<const tx> txs);

  /// Takes the last block back; every byte is as before it.
  /// Errors: `corrupt` if `d` is not that block's; then nothing has changed.
  [[nodiscard]] status undo(const delta& d);

  /// Takes the last `undo` back. @pre the state is that before `d`
  void redo(const delta& d);

  /// The state root that `apply` would lead to; errors as there. Changes
  /// nothing that can be seen afterwards.
  [[nodiscard]] result<bytes32> root_after(const rule_set& rules,
                                           const block_info& block,
                                           std::span<const tx> txs);

  /// Those candidates, in their order, that a next block can hold; each that
  /// fails R13 is left out. For block building.
  [[nodiscard]] std::vector<tx>
  applicable(const rule_set& rules, const block_info& block,
             std::span<const tx> candidates) const;

  [[nodiscard]] spacetime::height height() const { return height_; }
  [[nodiscard]] const trie& accounts() const { return accounts_; }
  /// Not yet credited, oldest first.
  [[nodiscard]] const std::vector<reward>& rewards() const { return rewards_; }
  /// All zeros if there is none.
  [[nodiscard]] account find(const account_id& id) const {
    return accounts_.find(id);
  }
  [[nodiscard]] bytes32 state_root() const;
  /// Balances and uncredited rewards, in motes: always premine + subsidies.
  /// Walks all accounts.
  [[nodiscard]] u256 total_supply() const;

private:
  [[nodiscard]] std::optional<reward> matured(const rule_set& rules,
                                              spacetime::height at) const;
  [[nodiscard]] bool ends_with(const delta& d) const;
  void forward(const delta& d);
  void backward(const delta& d);

  trie accounts_;
  std::vector<reward> rewards_;
  spacetime::height height_;
};
} // namespace spacetime::state
