#pragma once

#include "core/chain/spec.hpp"
#include "core/state/account.hpp"
#include "core/tx/tx.hpp"

#include <functional>
#include <map>
#include <set>
#include <span>

namespace spacetime::mempool {
struct limits {
  std::size_t max_bytes = 64u << 20;   ///< canonical bytes of all that wait
  std::uint64_t max_per_sender = 64;   ///< nonces above the account's
  std::uint64_t max_gap = 16;          ///< missing nonces below a transaction
  std::uint64_t max_age_ms = 86400000; ///< 24 h
};

/// The account of an id at the tip, all zeros if there is none.
using account_view = std::function<state::account(const account_id&)>;

/// What an offer is judged by: the tip and the caller's clock.
struct tip_view {
  const rule_set& rules; ///< of the epoch that a next block may have
  height next;           ///< of the next block
  timestamp now;         ///< only differences count
  const account_view& accounts;
};

/// Fee per byte as an exact fraction; higher pays better.
struct fee_rate {
  std::uint64_t fee;
  std::uint64_t size; ///< canonical bytes, above 0
  friend std::strong_ordering operator<=>(const fee_rate& a, const fee_rate& b);
  friend bool operator==(const fee_rate& a, const fee_rate& b) {
    return (a <=> b) == 0;
  }
};
fee_rate rate_of(const tx& t);

/// Transactions that wait for a block. Holds one per sender and nonce; all of
/// a sender's together never cost more than its balance when last seen.
class pool {
public:
  explicit pool(limits l) : limits_(l) {}

  /// Takes a transaction that passed R12 (docs/protocol.md). One of the same
  /// sender and nonce is replaced if the fee is at least 10 % higher. When the
  /// pool is full, the cheapest last-in-line of other senders go, as long as
  /// each pays a lower rate. On error nothing has changed, except that the
  /// sender's that its account no longer allows are gone.
  /// Errors: `duplicate`, `tx_expired`, `nonce_too_low`, `nonce_too_high`,
  /// `fee_below_minimum`, `amount_overflow`, `insufficient_balance`,
  /// `pool_full`.
  status add(const tip_view& tip, const tx& t);

  /// A block body's worth, best fee rate first as far as nonces allow; equal
  /// rates by sender. A sender whose next does not fit or has expired is
  /// passed over. `max_bytes` counts the whole encoded body.
  [[nodiscard]] std::vector<tx> best(std::size_t max_bytes, std::size_t max_txs,
                                     height next) const;

  /// A block was connected: what it holds goes, and all of its senders' that
  /// cannot follow any more. `accounts` is the state after it.
  void on_block(std::span<const tx> txs, const account_view& accounts);
  /// The same for one sender whose account has changed, as after a block was
  /// disconnected.
  void refresh(const account_id& sender, const account_view& accounts);
  /// Drops what no block from `next` on can hold, and what is too old.
  void expire(height next, timestamp now);

  /// As long as the pool does not change; null if it is not here.
  [[nodiscard]] const tx* find(const tx_id& id) const;
  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  /// Canonical bytes of all that wait.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
  struct waiting {
    tx t;
    timestamp since;
  };
  /// All of one sender's; never empty.
  struct chain {
    std::uint64_t next{}; ///< the account's nonce when last seen
    std::uint64_t cost{}; ///< sum of amounts and fees, in motes
    std::map<std::uint64_t, waiting> by_nonce;
  };
  /// A sender's highest nonce: all that may be evicted.
  struct tail {
    fee_rate rate;
    account_id sender;
    friend auto operator<=>(const tail&, const tail&) = default;
  };
  struct place {
    account_id sender;
    std::uint64_t nonce;
  };
  [[nodiscard]] result<const tx*> judge(const tip_view& tip, const tx& t,
                                        const account_id& sender,
                                        const state::account& account) const;
  [[nodiscard]] status check_nonce(std::uint64_t nonce, const chain* waiting,
                                   std::uint64_t next) const;
  [[nodiscard]] status make_room(const tx& t, const account_id& sender,
                                 const tx* replaced);
  void put(const account_id& sender, std::uint64_t next, waiting w);
  waiting take(const account_id& sender, std::uint64_t nonce);
  void settle(const account_id& sender, const state::account& now);
  [[nodiscard]] static tail tail_of(const account_id& sender, const chain& c);

  limits limits_;
  // Ordered: a stranger could choose ids that collide in a hash table.
  std::map<account_id, chain> chains_;
  std::map<tx_id, place> by_id_;
  std::set<tail> tails_;
  std::size_t bytes_ = 0;
};
} // namespace spacetime::mempool
