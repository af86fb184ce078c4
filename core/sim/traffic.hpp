#pragma once
// Payments to fill blocks with.

#include "core/crypto/sign.hpp"
#include "core/sim/dice.hpp"
#include "core/state/ledger.hpp"

#include <map>
#include <vector>

namespace spacetime::sim {
/// Pays new accounts out of a test network's premine until there are enough
/// of them; from then on those pay each other. Keys, amounts and order follow
/// from the seed and the ledgers seen.
class traffic {
public:
  /// `per_block` payments for each block, among `accounts` accounts.
  /// Errors: `not_found` if nobody knows a key of the network's premine;
  /// `bad_config` for less than two accounts.
  static result<traffic> open(const chain_spec& spec, std::uint64_t seed,
                              std::uint32_t accounts, std::uint32_t per_block);

  /// Transactions for a block above `at`, each in force with those before it.
  /// Fewer than `per_block` where accounts have run dry.
  std::vector<tx> next(const rule_set& rules, const state::ledger& at);

private:
  struct owner {
    secret_key key;
    account_id id;
  };
  /// What a block's transactions so far leave to an account.
  struct purse {
    std::uint64_t nonce, balance;
  };

  traffic(network_id network, std::uint64_t seed, std::uint32_t accounts,
          std::uint32_t per_block)
      : network_(network), seed_(seed), dice_(seed), wanted_(accounts),
        per_block_(per_block) {}
  [[nodiscard]] owner new_owner() const;
  bool pay(const rule_set& rules, const state::ledger& at, const owner& from,
           const account_id& to, bool fresh, std::uint64_t share,
           std::vector<tx>& out);
  bool add_one(const rule_set& rules, const state::ledger& at,
               std::vector<tx>& out);

  network_id network_;
  std::uint64_t seed_;
  dice dice_;
  std::uint32_t wanted_, per_block_;
  std::vector<owner> rich_;   // of the premine
  std::vector<owner> owners_; // paid at least once
  std::map<account_id, purse> purses_;
};
} // namespace spacetime::sim
