#include "actors/followers.hpp"
#include "actors/mempool/mempool_self.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/codec/messages.hpp"
#include "core/codec/tx.hpp"
#include "core/tx/rules.hpp"

#include <algorithm>
#include <thread>

namespace spacetime {
namespace {
constexpr std::size_t returning_limit = 100'000; // of blocks that left
constexpr std::size_t fate_limit = 50'000;       // that are remembered
constexpr std::size_t waiter_limit = 64;
constexpr std::size_t page_limit = 1'000;

const char* name_of(mempool::fate why) {
  switch (why) {
  case mempool::fate::confirmed: return "confirmed";
  case mempool::fate::replaced: return "replaced";
  case mempool::fate::evicted: return "evicted";
  case mempool::fate::expired: return "expired";
  case mempool::fate::invalid: return "invalid";
  }
  return "unknown";
}

result<bytes32> open(const id_msg& m) {
  result<bytes32> id = fail(errc::malformed, "id message");
  if (m.try_read([&](schema::Id::Reader in) { id = codec::read(in); }))
    return fail(errc::malformed, "id message");
  return id;
}

tx_fate_msg message_of(const known_fate& f) {
  return tx_fate_msg::build([&](schema::TxFate::Builder out) {
    out.setWhat(static_cast<schema::TxFate::What>(f.why));
    if (f.why != mempool::fate::confirmed) return;
    out.setBlock(blob(f.block.value));
    out.setHeight(f.height.value);
  });
}

/// Offers one transaction; answers with the pool size.
caf::result<std::uint32_t> take(mempool_self* self, const tx_msg& m) {
  auto& st = self->state;
  bytes raw;
  if (m.try_read([&](schema::Tx::Reader in) {
        const auto data = in.getRaw();
        raw.assign(data.begin(), data.end());
      }))
    return to_caf({errc::malformed, "transaction message"});
  if (auto ok = reserve(st, 1); !ok) return to_caf(ok.error());
  const auto one = tx_list_msg::build(
      [&](schema::TxList::Builder out) { out.initRaws(1).set(0, blob(raw)); });
  auto asker = self->make_response_promise<std::uint32_t>();
  offer(self, one, 1, {}, [self, asker](const auto& verdicts) mutable {
    if (verdicts[0])
      asker.deliver(static_cast<std::uint32_t>(self->state.pool->size()));
    else
      asker.deliver(to_caf(verdicts[0].error()));
  });
  return asker;
}

caf::result<tx_verdicts_msg> take(mempool_self* self, const tx_list_msg& m) {
  std::size_t n = 0;
  if (m.try_read([&](schema::TxList::Reader in) { n = in.getRaws().size(); }))
    return to_caf({errc::malformed, "transaction list message"});
  if (auto ok = reserve(self->state, n); !ok) return to_caf(ok.error());
  auto asker = self->make_response_promise<tx_verdicts_msg>();
  offer(self, m, n, {}, [asker](const auto& verdicts) mutable {
    asker.deliver(to_message(verdicts));
  });
  return asker;
}

/// Senders of a connected block, as it leaves their accounts: nonces follow
/// from the body; balances are asked for.
void take_block(mempool_self* self, const block& b, const block_id& id) {
  auto& st = self->state;
  std::map<account_id, state::account> after;
  for (const auto& t : b.txs) {
    auto& a = after[sender_of(t)];
    a.nonce = std::max(a.nonce, t.nonce + 1);
    a.balance.value = ~std::uint64_t{0};
  }
  const mempool::account_view accounts = [&](const account_id& who) {
    const auto found = after.find(who);
    return found == after.end() ? state::account{} : found->second;
  };
  st.pool->on_block(b.txs, accounts, st.from.options->now());
  settle_departures(self, id, b.head.height);
  for (const auto& [who, a] : after)
    if (st.pool->has_sender(who)) st.stale.push_back(who);
}

void take_blocks(mempool_self* self, schema::TipChange::Reader in) {
  auto& st = self->state;
  const auto network = st.from.rules->spec.network();
  for (auto raw : in.getConnected())
    if (auto b = codec::decode_block(network, view(raw)); b && !b->txs.empty())
      take_block(self, *b, codec::id_of(network, b->head));
  // They wait again, if still valid; the lowest block's first, so that nonces
  // come in order.
  const auto gone = in.getDisconnected();
  for (auto i = gone.size(); i-- > 0;) {
    auto b = codec::decode_block(network, view(gone[i]));
    if (!b) continue;
    for (auto& t : b->txs) {
      st.fates.erase(t.id);
      if (st.returning.size() < returning_limit)
        st.returning.push_back({std::move(t), st.from.options->now()});
    }
  }
  if (gone.size() == 0) return;
  st.sweeping = true; // any balance may have shrunk
  st.sweep_from.reset();
}

void take_tip(mempool_self* self, const tip_change_msg& m) {
  auto& st = self->state;
  (void)m.try_read([&](schema::TipChange::Reader in) {
    if (auto tip = codec::decode_context(view(in.getTip())))
      st.tip = std::move(*tip);
    take_blocks(self, in);
  });
  st.pool->expire(next_height(st), st.from.options->now());
  settle_departures(self);
  offer_back(self);
  load_file(self);
  refresh_accounts(self);
}

caf::result<tx_fate_msg> wait_for(mempool_self* self, const id_msg& m,
                                  std::uint64_t ms) {
  auto& st = self->state;
  const auto id = open(m);
  if (!id) return to_caf(id.error());
  if (!st.pool->find({*id})) {
    const auto known = st.fates.find({*id});
    if (known == st.fates.end()) return caf::make_error(errc::not_found);
    return message_of(known->second);
  }
  const auto now = self->clock().now();
  std::erase_if(st.waiters,
                [&](const auto& w) { return w.second.until < now; });
  if (st.waiters.size() >= waiter_limit) return caf::make_error(errc::busy);
  auto asker = self->make_response_promise<tx_fate_msg>();
  constexpr std::uint64_t longest = 60'000;
  const std::chrono::milliseconds left{std::min(ms, longest)};
  st.waiters.emplace(tx_id{*id}, waiter{asker, now + left});
  return asker;
}

caf::result<pool_page_msg> list(mempool_self* self, const pool_query_msg& m) {
  std::optional<mempool::place> after;
  std::size_t limit = 0;
  bool ok = true;
  if (m.try_read([&](schema::PoolQuery::Reader in) {
        limit = std::min<std::size_t>(in.getLimit(), page_limit);
        if (in.getSize() == 0) return;
        after = {{in.getFee(), in.getSize()}, {fixed<32>(in.getId(), ok)}};
      })
      || !ok)
    return to_caf({errc::malformed, "pool query message"});
  const auto all = self->state.pool->list(after, limit);
  return pool_page_msg::build([&](schema::PoolPage::Builder out) {
    auto to = out.initEntries(static_cast<unsigned>(all.size()));
    for (unsigned i = 0; i < to.size(); ++i) {
      to[i].setRaw(blob(codec::encode(*all[i].t)));
      to[i].setSince(all[i].since.value);
      to[i].setFuture(all[i].future);
    }
  });
}

/// What an offer must pay now, by the rules and by the pool.
std::uint64_t least_rate(const mempool_state& st) {
  const auto& rules = st.from.rules->spec.at(tip_epoch(st));
  return std::max(mempool::per_kilobyte({rules.min_fee_rate, 1}),
                  st.pool->floor(st.from.options->now()));
}

pool_stats_msg stats_of(const mempool_state& st) {
  const auto& p = *st.pool;
  return pool_stats_msg::build([&](schema::PoolStats::Builder out) {
    out.setTxs(p.size());
    out.setBytes(p.bytes());
    out.setMaxBytes(st.from.options->mempool_bytes);
    out.setSenders(p.senders());
    out.setFuture(p.future());
    out.setMinRate(least_rate(st));
    out.setAdded(st.added);
    auto gone = out.initGone(mempool::fates);
    for (unsigned i = 0; i < gone.size(); ++i) {
      gone[i].setName(name_of(static_cast<mempool::fate>(i)));
      gone[i].setCount(p.gone(static_cast<mempool::fate>(i)));
    }
    auto refused = out.initRefused(static_cast<unsigned>(st.refusals.size()));
    unsigned at = 0;
    for (const auto& [code, count] : st.refusals) {
      refused[at].setName(std::string{name_of(code)});
      refused[at++].setCount(count);
    }
    std::vector<std::size_t> cells;
    for (std::size_t i = 0; i < mempool::rate_histogram::buckets; ++i)
      if (p.rates().at(i).count != 0) cells.push_back(i);
    auto rates = out.initRates(static_cast<unsigned>(cells.size()));
    for (unsigned i = 0; i < rates.size(); ++i) {
      rates[i].setFrom(mempool::rate_histogram::lower_bound(cells[i]));
      rates[i].setCount(p.rates().at(cells[i]).count);
      rates[i].setBytes(p.rates().at(cells[i]).bytes);
    }
  });
}

caf::result<account_msg> outlook(mempool_self* self, const id_msg& m,
                                 std::uint64_t nonce, std::uint64_t balance) {
  const auto id = open(m);
  if (!id) return to_caf(id.error());
  const auto left = self->state.pool->outlook_of({*id}, {nonce, {balance}, {}});
  return account_msg::build([&](schema::Account::Builder out) {
    out.setNonce(left.nonce);
    out.setBalance(left.balance.value);
  });
}

void renew(mempool_self* self) {
  auto& st = self->state;
  follow<tip_change_msg>(self, st.from.actors.state, tip_listener{self});
  renew_later(self);
  st.pool->expire(next_height(st), st.from.options->now());
  settle_departures(self);
  offer_back(self);
  load_file(self);
  refresh_accounts(self);
  save_if_due(self);
}

void start(mempool_self* self, const boot& from) {
  auto& st = self->state;
  st.from = from;
  mempool::limits limits;
  limits.max_bytes = from.options->mempool_bytes;
  limits.max_age_ms =
      static_cast<std::uint64_t>(from.options->mempool_expiry.count());
  st.pool = std::make_unique<mempool::pool>(limits);
  const auto n = from.options->workers != 0
                     ? from.options->workers
                     : std::max(1u, std::thread::hardware_concurrency());
  st.workers = spawn_seal_pool(self->system(), from, n);
  // A worker that ends takes the mempool along; the supervisor makes both.
  for (const auto& w : st.workers) self->link_to(w);
  if (from.options->mempool_file.empty()) return;
  st.file = std::make_shared<pool_file>(from.options->mempool_file,
                                        from.rules->spec.network());
  st.file_worker = spawn_pool_file_worker(self->system(), from, st.file);
  self->link_to(st.file_worker);
  st.saved_at = self->clock().now();
  self->set_exit_handler([self](caf::exit_msg& x) {
    if (x.reason == caf::exit_reason::user_shutdown) save_last(self);
    self->quit(x.reason);
  });
}

mempool_actor::behavior_type behavior(mempool_self* self, const boot& from) {
  start(self, from);
  renew(self);
  return {
      [self](const tx_msg& m) { return take(self, m); },
      [self](const tx_list_msg& m) { return take(self, m); },
      [self](atom::best, std::uint32_t max_bytes, std::uint32_t max_txs) {
        const auto& s = self->state;
        const auto txs = s.pool->best(max_bytes, max_txs, next_height(s));
        return tx_list_msg::build([&](schema::TxList::Builder out) {
          auto raws = out.initRaws(static_cast<unsigned>(txs.size()));
          for (unsigned i = 0; i < txs.size(); ++i)
            raws.set(i, blob(codec::encode(txs[i])));
        });
      },
      [self](atom::find, const id_msg& m) -> caf::result<tx_msg> {
        const auto id = open(m);
        if (!id) return to_caf(id.error());
        const auto* t = self->state.pool->find({*id});
        if (t == nullptr) return caf::make_error(errc::not_found);
        return tx_msg::build([&](schema::Tx::Builder out) {
          out.setRaw(blob(codec::encode(*t)));
        });
      },
      [self](atom::account, const id_msg& m, std::uint64_t nonce,
             std::uint64_t balance) {
        return outlook(self, m, nonce, balance);
      },
      [self](atom::list, const pool_query_msg& m) { return list(self, m); },
      [self](atom::stats) { return stats_of(self->state); },
      [self](atom::fee, std::uint64_t bytes) {
        const auto& s = self->state;
        return std::max(s.pool->rates().rate_within(bytes), least_rate(s));
      },
      [self](atom::wait, const id_msg& m, std::uint64_t ms) {
        return wait_for(self, m, ms);
      },
      [self](const tip_change_msg& m) { take_tip(self, m); },
      [self](atom::renew) { renew(self); },
      [self](atom::status) {
        const auto& s = self->state;
        return make_status(
            schema::Status::Health::OK, "",
            {{"txs", std::to_string(s.pool->size())},
             {"bytes", std::to_string(s.pool->bytes())},
             {"max_bytes", std::to_string(s.from.options->mempool_bytes)},
             {"min_rate", std::to_string(least_rate(s))},
             {"checking", std::to_string(s.checking)},
             {"added", std::to_string(s.added)},
             {"refused", std::to_string(s.refused)}});
      },
  };
}
} // namespace

void settle_departures(mempool_self* self, const block_id& block, height at) {
  auto& st = self->state;
  for (const auto& d : st.pool->take_departures()) {
    st.changed = true;
    const known_fate f{d.why, block, at};
    if (st.fates.insert_or_assign(d.id, f).second)
      st.fate_order.push_back(d.id);
    if (st.fate_order.size() > fate_limit) {
      st.fates.erase(st.fate_order.front());
      st.fate_order.pop_front();
    }
    const auto [first, last] = st.waiters.equal_range(d.id);
    for (auto w = first; w != last; ++w) w->second.asker.deliver(message_of(f));
    st.waiters.erase(first, last);
  }
}

mempool_actor spawn_mempool(caf::actor_system& sys, const boot& from) {
  return sys.spawn(behavior, from);
}
} // namespace spacetime
