#pragma once

#include "core/chain/spec.hpp"
#include "core/mempool/fee_rate.hpp"
#include "core/state/account.hpp"
#include "core/tx/tx.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

namespace spacetime::mempool {
struct limits {
  std::size_t max_bytes = 64u << 20; ///< canonical bytes of all that wait
  /// Nonces from the account's on that may wait, whether in a row or not.
  std::uint64_t max_per_sender = 64;
  std::size_t max_future = 16;         ///< of a sender, above a missing nonce
  std::size_t max_future_all = 5'000;  ///< of all senders
  std::uint64_t max_age_ms = 86400000; ///< 24 h
  std::uint64_t max_future_ms = 600'000;
  std::uint64_t half_life_ms = 600'000; ///< of the rolling minimum
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

/// Why a transaction waits no more.
enum class fate : std::uint8_t {
  confirmed, ///< a block holds it
  replaced,  ///< by one of its nonce that pays more
  evicted,   ///< the pool was full of better ones
  expired,   ///< too old, past its expiry, or too long above a missing nonce
  invalid,   ///< its account's nonce or balance does not allow it any more
};
inline constexpr std::size_t fates = 5;

struct departure {
  tx_id id;
  fate why;
};

/// A waiting transaction, as long as the pool does not change.
struct entry {
  const tx* t;
  timestamp since; ///< arrival
  bool future;     ///< an earlier nonce of its sender is missing
};

/// A place in the order of `pool::list`.
struct place {
  fee_rate rate;
  tx_id id;
  /// Better rates first, equal ones by id.
  friend std::strong_ordering operator<=>(const place& a, const place& b) {
    if (auto order = b.rate <=> a.rate; order != 0) return order;
    return a.id <=> b.id;
  }
};

/// Nonce and balance that are left to a next transaction of an account.
struct outlook {
  std::uint64_t nonce; ///< first that neither the chain nor the pool has
  amount balance;      ///< less the amounts and fees of all that wait
};

/// Transactions that wait for a block. Holds one per sender and nonce; all of
/// a sender's together never cost more than its balance when last seen.
///
/// A sender's transactions fall into packages: a later one that pays more than
/// those before it pulls them along, and they count with one rate. So packages
/// of a sender follow each other with falling rates; the first is what it can
/// give to a block, the last is what it loses first when the pool is full.
///
/// Every operation takes time logarithmic in what waits, times what it touches
/// (one sender has `max_per_sender`).
class pool {
public:
  explicit pool(limits l) : limits_(l), floor_(l.half_life_ms) {}

  /// Takes a transaction that passed R12 (docs/protocol.md); `since` is its
  /// arrival, if not now.
  /// - One of the same sender and nonce is replaced if the fee is at least
  ///   10 % higher, rounded up, and at least `min_fee_rate` for each byte of
  ///   the new one higher.
  /// - When the pool is full, last packages of other senders go, cheapest
  ///   first, as long as each pays a lower rate than the package that the new
  ///   one is in. The rolling minimum rises to the highest rate that went plus
  ///   `min_fee_rate`. One above a missing nonce evicts nothing.
  /// On error nothing has changed, except that the sender's that its account
  /// no longer allows are gone.
  /// Errors: `duplicate`, `tx_expired`, `nonce_too_low`, `nonce_too_high`,
  /// `fee_below_minimum`, `pool_full` (no room, or below the rolling minimum;
  /// too little for a replacement; `max_future_all`: the detail says which),
  /// `amount_overflow`, `insufficient_balance`.
  status add(const tip_view& tip, const tx& t,
             std::optional<timestamp> since = {});

  /// A block body's worth, best package first; equal rates by sender. A
  /// package that does not fit loses its last until it does. `max_bytes`
  /// counts the whole encoded body.
  [[nodiscard]] std::vector<tx> best(std::size_t max_bytes, std::size_t max_txs,
                                     height next) const;

  /// A block was connected: what it holds goes, and all of its senders' that
  /// cannot follow any more. `accounts` is the state after it.
  void on_block(std::span<const tx> txs, const account_view& accounts,
                timestamp now);
  /// The same for one sender whose account has changed, as after a block was
  /// disconnected.
  void refresh(const account_id& sender, const state::account& account,
               timestamp now);
  /// Drops what no block from `next` on can hold, and what is too old.
  void expire(height next, timestamp now);

  /// As long as the pool does not change; null if it is not here.
  [[nodiscard]] const tx* find(const tx_id& id) const;
  [[nodiscard]] std::optional<entry> look_up(const tx_id& id) const;
  /// Up to `most` from behind a place on, by their own rates.
  [[nodiscard]] std::vector<entry> list(const std::optional<place>& after,
                                        std::size_t most) const;
  /// Calls `f(entry)` for whole senders behind `after`, each in order of its
  /// nonces, until at least `most` were seen; the last sender, or nothing at
  /// the end.
  template <class F>
  std::optional<account_id> visit(const std::optional<account_id>& after,
                                  std::size_t most, F&& f) const {
    std::size_t seen = 0;
    auto at = after ? lines_.upper_bound(*after) : lines_.begin();
    for (; at != lines_.end(); ++at) {
      for (const auto& [nonce, w] : at->second.by_nonce) {
        f(entry{&w.t, w.since, w.future.has_value()});
        ++seen;
      }
      if (seen >= most) return at->first;
    }
    return std::nullopt;
  }
  [[nodiscard]] bool has_sender(const account_id& id) const {
    return lines_.contains(id);
  }
  [[nodiscard]] outlook outlook_of(const account_id& id,
                                   const state::account& account) const;

  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  /// Canonical bytes of all that wait.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t senders() const { return lines_.size(); }
  /// Of them, above a missing nonce.
  [[nodiscard]] std::size_t future() const { return futures_.size(); }
  /// What an offer must pay besides the rules, in motes per 1,000 bytes.
  [[nodiscard]] std::uint64_t floor(timestamp now) const {
    return floor_.at(now);
  }
  [[nodiscard]] const rate_histogram& rates() const { return histogram_; }
  /// How many ever went for this reason.
  [[nodiscard]] std::uint64_t gone(fate why) const {
    return gone_[static_cast<std::size_t>(why)];
  }
  /// Those that went since the last call, in order.
  [[nodiscard]] std::vector<departure> take_departures() {
    return std::exchange(departures_, {});
  }

private:
  struct waiting {
    tx t;
    timestamp since;
    std::optional<timestamp> future{}; ///< since when a nonce is missing
  };
  /// A run of one sender's nonces, without gaps.
  struct package {
    std::uint64_t first, last;
    fee_rate rate;
  };
  /// All of one sender's; never empty between operations.
  struct line {
    std::uint64_t next{};    ///< the account's nonce when last seen
    std::uint64_t cost{};    ///< sum of amounts and fees, in motes
    std::uint64_t missing{}; ///< first nonce from `next` on that is not here
    std::size_t futures{};   ///< how many lie above it
    std::map<std::uint64_t, waiting> by_nonce;
    std::optional<fee_rate> head; ///< of the first package, if it can be mined
    std::optional<package> tail;  ///< the last one
  };
  /// A package at an end of a sender's line.
  struct end_of_line {
    fee_rate rate;
    account_id sender;
    friend auto operator<=>(const end_of_line&, const end_of_line&) = default;
  };
  struct best_first {
    bool operator()(const end_of_line& a, const end_of_line& b) const {
      if (auto order = a.rate <=> b.rate; order != 0) return order > 0;
      return a.sender < b.sender;
    }
  };
  struct location {
    account_id sender;
    std::uint64_t nonce;
  };
  struct evicted {
    account_id sender;
    std::uint64_t next;
    std::vector<waiting> all;
  };
  struct candidate;
  using line_map = std::map<account_id, line>;

  [[nodiscard]] status check_nonce(std::uint64_t nonce, const line* l,
                                   std::uint64_t next) const;
  [[nodiscard]] status check_fee(const tip_view& tip, const tx& t,
                                 const tx* replaced) const;
  [[nodiscard]] status judge(const tip_view& tip, const tx& t, const line* l,
                             const state::account& account) const;
  [[nodiscard]] bool make_room(const tip_view& tip, const account_id& sender,
                               std::uint64_t nonce);
  void put_back(evicted e, timestamp now);

  [[nodiscard]] static std::vector<package> packages_of(const line& l);
  [[nodiscard]] std::optional<candidate>
  first_package(line_map::const_iterator at, std::uint64_t first,
                std::optional<std::uint64_t> end, height next) const;

  // A line leaves the indices of its ends, changes, and joins them again.
  line& open(const account_id& sender);
  void close(const account_id& sender, line& l, timestamp now);
  void mark_futures(line& l, timestamp now);
  void mark_future(waiting& w, timestamp from);
  void insert(const account_id& sender, line& l, waiting w);
  waiting remove(line& l, std::uint64_t nonce);
  void drop(const tx_id& id, fate why, timestamp now);
  void settle(const account_id& sender, const state::account& now_is,
              timestamp now, const std::set<tx_id>* confirmed);
  void note(const tx_id& id, fate why);

  limits limits_;
  rolling_floor floor_;
  // Ordered: a stranger could choose ids that collide in a hash table.
  line_map lines_;
  std::map<tx_id, location> by_id_;
  std::set<end_of_line, best_first> heads_;
  std::set<end_of_line> tails_;
  std::set<place> by_rate_;
  std::set<std::pair<timestamp, tx_id>> by_age_, futures_;
  std::set<std::pair<height, tx_id>> by_expiry_;
  rate_histogram histogram_;
  std::size_t bytes_ = 0;
  std::array<std::uint64_t, fates> gone_{};
  std::vector<departure> departures_;
};
} // namespace spacetime::mempool
