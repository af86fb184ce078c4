#pragma once
// What the verbs of `spacetime wallet` share: accounts as the node sees them.

#include "tools/spacetime/wallet_keys.hpp"

namespace spacetime::cli {
/// An account at the node's tip, with what its waiting transactions change.
struct account_answer {
  height at;                         ///< the tip
  std::uint64_t nonce{};             ///< at the tip
  std::uint64_t pending_nonce{};     ///< of the next transaction
  amount spendable;                  ///< less `pending_cost`
  amount immature;                   ///< rewards that are not credited yet
  amount pending_cost;               ///< of the transactions that wait
  [[nodiscard]] bool exists() const; ///< at the tip
};

/// Unsigned number or decimal string of an answer; 0 if it is not there.
std::uint64_t number_in(const json& in, const char* key);

/// The node of a home. Errors: `unavailable`.
result<rpc_client> open_node(const place& at);
/// `report`, with what to do when no node answers.
int report_node(const error& e);

/// Errors: those of `rpc_client::call`.
result<account_answer> ask_account(const rpc_client& node,
                                   const account_id& account);

/// The account of an address, of 0x and 64 hex digits, or of a wallet.
/// Errors: those of `decode_address` and `open_wallet`.
result<account_id> account_named(const place& at, const std::string& who,
                                 const passphrase_file& from);

/// Adds `send` to the group.
void add_wallet_send(CLI::App& group, invocation& out);
} // namespace spacetime::cli
