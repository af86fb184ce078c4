#pragma once
// What the parts of the mempool actor share: its state, and what each part does
// for the others.

#include "actors/answer.hpp"
#include "actors/mempool/pool_file.hpp"
#include "actors/mempool/seal_pool.hpp"
#include "actors/observed.hpp"
#include "core/consensus/context.hpp"
#include "core/mempool/pool.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <map>

namespace spacetime {
/// Verdicts of an offer, one for each transaction; called once.
using offer_done = std::function<void(const std::vector<status>&)>;

/// What a transaction that waits no more has become.
struct known_fate {
  mempool::fate why;
  block_id block; ///< that holds it; zeros unless confirmed
  spacetime::height height;
};

/// Somebody who wants to hear of it.
struct waiter {
  caf::typed_response_promise<tx_fate_msg> asker;
  caf::actor_clock::time_point until;
};

struct mempool_state {
  mempool_state() = default;
  boot from;
  std::unique_ptr<mempool::pool> pool;
  std::optional<consensus::chain_context> tip;

  // Offers.
  std::vector<seal_worker> workers;
  std::size_t next_worker = 0;
  std::size_t checking = 0; ///< transactions on their way into the pool
  std::uint64_t added = 0, refused = 0;
  std::map<errc, std::uint64_t> refusals;

  // What the node itself offers, one piece after another: transactions of
  // blocks that left, lowest nonces first, then those of the file.
  std::deque<mempool::saved_tx> returning;
  bool offering_back = false;

  // Accounts to be seen again.
  std::deque<account_id> stale;
  /// After a reorganisation all senders are, from behind this one on.
  std::optional<account_id> sweep_from;
  bool sweeping = false, refreshing = false;

  // The file.
  std::shared_ptr<pool_file> file; ///< null without one
  pool_file_worker file_worker;
  bool loading = false, loaded = false, saving = false;
  bool changed = false; ///< since the last save began
  caf::actor_clock::time_point saved_at;

  // Fates.
  std::map<tx_id, known_fate> fates;
  std::deque<tx_id> fate_order;
  std::multimap<tx_id, waiter> waiters;

  static inline const char* name = "mempool";
};

using mempool_self =
    caf::stateful_actor<mempool_state, observed<mempool_actor::base>>;

inline height next_height(const mempool_state& st) {
  return {st.tip ? st.tip->facts.height.value + 1 : 1};
}
inline epoch tip_epoch(const mempool_state& st) {
  return st.tip ? st.tip->facts.epoch : epoch{0};
}

/// admission.cpp: R12 by a worker, accounts from state, then the pool. `since`
/// is empty or has a time of arrival for each.
void offer(mempool_self* self, const tx_list_msg& txs, std::size_t count,
           std::vector<timestamp> since, offer_done done);
/// Takes `count` more into the queue. Errors: `too_large`, `busy`.
status reserve(mempool_state& st, std::size_t count);
/// The next piece of what the node itself offers, if none is on its way.
void offer_back(mempool_self* self);
/// Asks for the accounts that may have changed, some at a time.
void refresh_accounts(mempool_self* self);

/// persistence.cpp
void load_file(mempool_self* self);
/// Every minute, if something has changed.
void save_if_due(mempool_self* self);
/// At the end; waits for the disk.
void save_last(mempool_self* self);

/// mempool.cpp: notes what the pool has let go, and tells those who wait.
void settle_departures(mempool_self* self, const block_id& block = {},
                       height at = {});
} // namespace spacetime
