#pragma once

#include "core/chain/spec.hpp"
#include "core/state/delta.hpp"
#include "core/state/trie.hpp"
#include "core/tx/tx.hpp"

#include <map>

namespace spacetime::state {
/// A block in the making: the accounts it touches, over a trie that stays as
/// it is.
class transition {
public:
  /// @pre `base` and `rules` outlive this and do not change
  transition(const trie& base, const rule_set& rules, height at)
      : base_(base), rules_(rules), height_(at) {}

  /// Adds to an account, creating it. Errors: `amount_overflow`.
  status credit(const account_id& id, amount value);
  /// One transaction; on error nothing has changed. Errors: R13's.
  status pay(const tx& t);

  /// Of all transactions so far.
  [[nodiscard]] amount fees() const { return fees_; }
  /// Accounts that differ, ids ascending.
  [[nodiscard]] std::vector<account_change> changes() const;

private:
  // Ordered, as recipients could choose ids that collide in a hash table.
  struct touched {
    account before, now;
  };
  touched& touch(const account_id& id);
  [[nodiscard]] status check_order(const tx& t, const account& sender) const;

  const trie& base_;
  const rule_set& rules_;
  height height_;
  std::map<account_id, touched> accounts_;
  amount fees_;
};
} // namespace spacetime::state
