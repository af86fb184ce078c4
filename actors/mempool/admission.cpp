// How transactions come into the mempool: from whoever offers them, from
// blocks that left the chain, and from the file of the last run.

#include "actors/mempool/mempool_self.hpp"
#include "core/codec/messages.hpp"
#include "core/codec/tx.hpp"
#include "core/tx/rules.hpp"

#include <algorithm>

namespace spacetime {
namespace {
constexpr std::size_t queue_limit = 20'000; // transactions being checked
constexpr std::size_t batch = 500;

/// An offer on its way.
struct offering {
  std::vector<status> verdicts;
  std::vector<std::pair<std::size_t, tx>> good; // by index, after R12
  std::vector<timestamp> since;
  std::vector<account_id> ids; // of those, ascending
  offer_done done;
};
using offering_ptr = std::shared_ptr<offering>;

id_list_msg message_of(const std::vector<account_id>& ids) {
  return id_list_msg::build([&](schema::IdList::Builder out) {
    constexpr auto width = sizeof(bytes32);
    auto to = out.initValues(static_cast<unsigned>(width * ids.size())).begin();
    for (const auto& id : ids)
      to = std::copy(id.value.begin(), id.value.end(), to);
  });
}

/// As many as were asked for, or none.
std::vector<state::account> open(const account_list_msg& m, std::size_t n) {
  std::vector<state::account> out;
  (void)m.try_read([&](schema::AccountList::Reader in) {
    for (auto e : in.getAccounts())
      out.push_back({e.getNonce(), {e.getBalance()}, {}});
  });
  if (out.size() != n) out.clear();
  return out;
}

void finish(mempool_self* self, const offering& o) {
  auto& st = self->state;
  st.checking -= o.verdicts.size();
  for (const auto& v : o.verdicts) {
    if (v) {
      ++st.added;
      continue;
    }
    ++st.refused;
    ++st.refusals[v.error().code];
  }
  settle_departures(self);
  o.done(o.verdicts);
}

void finish(mempool_self* self, const offering_ptr& o, const error& why) {
  for (auto& v : o->verdicts) v = fail(why);
  finish(self, *o);
}

void judge(mempool_self* self, const offering_ptr& o,
           const std::vector<state::account>& accounts) {
  auto& st = self->state;
  const mempool::account_view view = [&](const account_id& id) {
    const auto at = std::ranges::lower_bound(o->ids, id);
    return at == o->ids.end() || *at != id
               ? state::account{}
               : accounts[static_cast<std::size_t>(at - o->ids.begin())];
  };
  const mempool::tip_view tip{st.from.rules->spec.at(tip_epoch(st)),
                              next_height(st), st.from.options->now(), view};
  for (const auto& [i, t] : o->good) {
    const auto since = o->since.empty() ? tip.now : o->since[i];
    o->verdicts[i] = st.pool->add(tip, t, std::min(since, tip.now));
    st.changed = st.changed || o->verdicts[i];
  }
  finish(self, *o);
}

/// Somebody whom the mempool asks was away: that says nothing about an offer.
bool were_not_judged(const std::vector<status>& verdicts) {
  return std::ranges::any_of(verdicts, [](const status& v) {
    return !v
           && (v.error() == errc::unavailable || v.error() == errc::timed_out);
  });
}

void ask_accounts(mempool_self* self, const offering_ptr& o) {
  auto& ids = o->ids;
  for (const auto& [i, t] : o->good) {
    ids.push_back(sender_of(t));
    ids.push_back(t.recipient);
  }
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  self->request(self->state.from.actors.state, request_timeout, atom::account_v,
                message_of(ids))
      .then(
          [self, o](const account_list_msg& m) {
            const auto accounts = open(m, o->ids.size());
            if (accounts.size() == o->ids.size())
              return judge(self, o, accounts);
            finish(self, o, {errc::internal, "account list message"});
          },
          [self, o](caf::error& e) { finish(self, o, from_caf(e)); });
}

/// Opens what has passed R12 and is not here yet.
void take_checked(mempool_self* self, const offering_ptr& o,
                  const tx_list_msg& m) {
  const auto& st = self->state;
  const auto network = st.from.rules->spec.network();
  (void)m.try_read([&](schema::TxList::Reader in) {
    const auto raws = in.getRaws();
    for (unsigned i = 0; i < raws.size(); ++i) {
      if (!o->verdicts[i]) continue;
      auto t = codec::decode_tx(network, view(raws[i]));
      if (!t)
        o->verdicts[i] = fail(t.error());
      else if (st.pool->find(t->id))
        o->verdicts[i] = fail(errc::duplicate);
      else
        o->good.emplace_back(i, std::move(*t));
    }
  });
  if (o->good.empty()) return finish(self, *o);
  ask_accounts(self, o);
}
} // namespace

status reserve(mempool_state& st, std::size_t count) {
  if (count > batch)
    return fail(errc::too_large,
                "at most " + std::to_string(batch) + " at once");
  if (st.checking + count > queue_limit) return fail(errc::busy);
  st.checking += count;
  return {};
}

void offer(mempool_self* self, const tx_list_msg& txs, std::size_t count,
           std::vector<timestamp> since, offer_done done) {
  auto& st = self->state;
  auto o = std::make_shared<offering>();
  o->verdicts.resize(count);
  o->since = std::move(since);
  o->done = std::move(done);
  const auto& worker = st.workers[st.next_worker++ % st.workers.size()];
  self->request(worker, request_timeout, txs, tip_epoch(st).value)
      .then(
          [self, o, txs](const tx_verdicts_msg& m) {
            auto verdicts = open(m);
            if (!verdicts || verdicts->size() != o->verdicts.size())
              return finish(self, o, {errc::internal, "verdicts message"});
            o->verdicts = std::move(*verdicts);
            take_checked(self, o, txs);
          },
          [self, o](caf::error& e) { finish(self, o, from_caf(e)); });
}

void offer_back(mempool_self* self) {
  auto& st = self->state;
  const auto n = std::min(batch, st.returning.size());
  if (st.offering_back || n == 0 || !reserve(st, n)) return;
  st.offering_back = true;
  const auto end = st.returning.begin() + static_cast<std::ptrdiff_t>(n);
  auto some = std::make_shared<std::vector<mempool::saved_tx>>(
      std::make_move_iterator(st.returning.begin()),
      std::make_move_iterator(end));
  st.returning.erase(st.returning.begin(), end);
  std::vector<timestamp> since;
  const auto txs = tx_list_msg::build([&](schema::TxList::Builder out) {
    auto raws = out.initRaws(static_cast<unsigned>(n));
    for (const auto& s : *some) {
      raws.set(static_cast<unsigned>(since.size()), blob(codec::encode(s.t)));
      since.push_back(s.since);
    }
  });
  // One piece at a time, so that nonces come in order.
  offer(self, txs, n, std::move(since), [self, some](const auto& verdicts) {
    auto& s = self->state;
    s.offering_back = false;
    if (were_not_judged(verdicts)) { // again with the next renewal
      s.returning.insert(s.returning.begin(), some->begin(), some->end());
      return;
    }
    offer_back(self);
    load_file(self);
    refresh_accounts(self);
  });
}

void refresh_accounts(mempool_self* self) {
  auto& st = self->state;
  // What comes back is first: it would be missed below what waits.
  if (st.refreshing || st.offering_back) return;
  if (st.stale.empty() && st.sweeping) {
    st.sweep_from =
        st.pool->visit(st.sweep_from, batch, [&](const mempool::entry& e) {
          const auto sender = sender_of(*e.t);
          if (st.stale.empty() || st.stale.back() != sender)
            st.stale.push_back(sender);
        });
    st.sweeping = st.sweep_from.has_value();
  }
  std::vector<account_id> ids;
  for (; !st.stale.empty() && ids.size() < batch; st.stale.pop_front())
    if (st.pool->has_sender(st.stale.front())) ids.push_back(st.stale.front());
  if (ids.empty()) return;
  st.refreshing = true;
  self->request(st.from.actors.state, request_timeout, atom::account_v,
                message_of(ids))
      .then(
          [self, ids](const account_list_msg& m) {
            auto& s = self->state;
            s.refreshing = false;
            const auto accounts = open(m, ids.size());
            for (std::size_t i = 0; i < accounts.size(); ++i)
              s.pool->refresh(ids[i], accounts[i], s.from.options->now());
            settle_departures(self);
            refresh_accounts(self);
          },
          // Whatever is stale is judged again when a block is drafted.
          [self](caf::error&) { self->state.refreshing = false; });
}
} // namespace spacetime
