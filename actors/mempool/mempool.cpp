#include "actors/answer.hpp"
#include "actors/followers.hpp"
#include "actors/observed.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/codec/messages.hpp"
#include "core/codec/tx.hpp"
#include "core/mempool/pool.hpp"
#include "core/tx/rules.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <map>

namespace spacetime {
namespace {
constexpr std::size_t queue_limit = 1000; // offers that wait for an account
constexpr std::size_t returning_limit = 100'000; // of blocks that left

struct mempool_state {
  mempool_state() = default;
  boot from;
  std::unique_ptr<mempool::pool> pool;
  std::optional<consensus::chain_context> tip;
  std::size_t asking = 0;   // offers whose account is being asked for
  std::deque<tx> returning; // of blocks that left the chain, to be offered
  std::uint64_t added = 0, refused = 0;
  static inline const char* name = "mempool";
};

using mempool_self =
    caf::stateful_actor<mempool_state, observed<mempool_actor::base>>;
using size_promise = caf::typed_response_promise<std::uint32_t>;

result<tx> open(const consensus::protocol& p, const tx_msg& m) {
  result<tx> out = fail(errc::malformed, "transaction message");
  if (m.try_read([&](schema::Tx::Reader in) {
        out = codec::decode_tx(p.spec.network(), view(in.getRaw()));
      }))
    return fail(errc::malformed, "transaction message");
  return out;
}

result<state::account> open(const account_msg& m) {
  state::account out;
  if (m.try_read([&](schema::Account::Reader in) {
        out.nonce = in.getNonce();
        out.balance.value = in.getBalance();
      }))
    return fail(errc::malformed, "account message");
  return out;
}

id_msg id_message(const bytes32& id) {
  return id_msg::build(
      [&](schema::Id::Builder out) { out.setValue(blob(id)); });
}

height next_height(const mempool_state& st) {
  return {st.tip ? st.tip->facts.height.value + 1 : 1};
}

void take_returning(mempool_self* self);

void offer(mempool_self* self, const tx& t,
           const std::map<account_id, state::account>& known,
           size_promise asker) {
  auto& st = self->state;
  st.asking -= 1;
  take_returning(self);
  const mempool::account_view accounts = [&](const account_id& id) {
    const auto found = known.find(id);
    return found == known.end() ? state::account{} : found->second;
  };
  const auto e = st.tip ? st.tip->facts.epoch : epoch{0};
  const auto done = st.pool->add({st.from.rules->spec.at(e), next_height(st),
                                  st.from.options->now(), accounts},
                                 t);
  if (!done) {
    ++st.refused;
    asker.deliver(to_caf(done.error()));
    return;
  }
  ++st.added;
  asker.deliver(static_cast<std::uint32_t>(st.pool->size()));
}

/// Asks for the accounts that an offer is judged by, then offers it.
void ask_accounts(mempool_self* self, const tx& t, size_promise asker) {
  ++self->state.asking;
  const auto refuse = [self, asker](caf::error& e) mutable {
    self->state.asking -= 1;
    take_returning(self);
    asker.deliver(std::move(e));
  };
  const auto& ledger = self->state.from.actors.state;
  const auto sender = sender_of(t);
  self->request(ledger, request_timeout, atom::account_v,
                id_message(sender.value))
      .then(
          [self, t, sender, asker, refuse, ledger](const account_msg& payer) {
            self->request(ledger, request_timeout, atom::account_v,
                          id_message(t.recipient.value))
                .then(
                    [=](const account_msg& payee) {
                      std::map<account_id, state::account> known;
                      if (auto a = open(payer)) known[sender] = *a;
                      if (auto a = open(payee)) known[t.recipient] = *a;
                      offer(self, t, known, asker);
                    },
                    refuse);
          },
          refuse);
}

/// Offers what blocks left behind, as far as the queue has room.
void take_returning(mempool_self* self) {
  auto& st = self->state;
  while (!st.returning.empty() && st.asking < queue_limit) {
    const auto t = std::move(st.returning.front());
    st.returning.pop_front();
    ask_accounts(self, t, {}); // nobody waits for an answer
  }
}

caf::result<std::uint32_t> take(mempool_self* self, const tx_msg& m) {
  auto& st = self->state;
  auto t = open(*st.from.rules, m);
  if (!t) return to_caf(t.error());
  if (st.pool->find(t->id)) return caf::make_error(errc::duplicate);
  if (st.asking >= queue_limit) return caf::make_error(errc::busy);
  const auto e = st.tip ? st.tip->facts.epoch : epoch{0};
  if (auto ok = check_stateless(st.from.rules->spec.at(e), *t); !ok) {
    ++st.refused;
    return to_caf(ok.error());
  }
  auto asker = self->make_response_promise<std::uint32_t>();
  ask_accounts(self, *t, asker);
  return asker;
}

/// Senders of connected blocks, as the blocks leave their accounts: nonces
/// follow from the bodies, so nobody has to be asked.
void take_blocks(mempool_self* self, schema::TipChange::Reader in) {
  auto& st = self->state;
  const auto network = st.from.rules->spec.network();
  for (auto raw : in.getConnected()) {
    auto b = codec::decode_block(network, view(raw));
    if (!b || b->txs.empty()) continue;
    std::map<account_id, state::account> after;
    for (const auto& t : b->txs) {
      auto& a = after[sender_of(t)];
      a.nonce = std::max(a.nonce, t.nonce + 1);
      // The pool only drops what cannot follow; the balance is judged again
      // when a block is drafted.
      a.balance.value = ~std::uint64_t{0};
    }
    const mempool::account_view accounts = [&](const account_id& id) {
      const auto found = after.find(id);
      return found == after.end() ? state::account{} : found->second;
    };
    st.pool->on_block(b->txs, accounts);
  }
  // They wait again, if still valid; the lowest block's first, so that nonces
  // come in order.
  const auto gone = in.getDisconnected();
  for (auto i = gone.size(); i-- > 0;) {
    auto b = codec::decode_block(network, view(gone[i]));
    if (!b) continue;
    for (auto& t : b->txs)
      if (st.returning.size() < returning_limit)
        st.returning.push_back(std::move(t));
  }
  take_returning(self);
}

void take_tip(mempool_self* self, const tip_change_msg& m) {
  auto& st = self->state;
  (void)m.try_read([&](schema::TipChange::Reader in) {
    if (auto tip = codec::decode_context(view(in.getTip())))
      st.tip = std::move(*tip);
    take_blocks(self, in);
  });
  st.pool->expire(next_height(st), st.from.options->now());
}

void renew(mempool_self* self) {
  follow<tip_change_msg>(self, self->state.from.actors.state,
                         tip_listener{self});
  renew_later(self);
}

mempool_actor::behavior_type behavior(mempool_self* self, const boot& from) {
  auto& st = self->state;
  st.from = from;
  mempool::limits limits;
  limits.max_bytes = from.options->mempool_bytes;
  limits.max_age_ms =
      static_cast<std::uint64_t>(from.options->mempool_expiry.count());
  st.pool = std::make_unique<mempool::pool>(limits);
  renew(self);
  return {
      [self](const tx_msg& m) { return take(self, m); },
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
        result<bytes32> id = fail(errc::malformed);
        if (m.try_read([&](schema::Id::Reader in) { id = codec::read(in); })
            || !id)
          return to_caf({errc::malformed, "id message"});
        const auto* t = self->state.pool->find({*id});
        if (t == nullptr) return caf::make_error(errc::not_found);
        return tx_msg::build([&](schema::Tx::Builder out) {
          out.setRaw(blob(codec::encode(*t)));
        });
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
             {"added", std::to_string(s.added)},
             {"refused", std::to_string(s.refused)}});
      },
  };
}
} // namespace

mempool_actor spawn_mempool(caf::actor_system& sys, const boot& from) {
  return sys.spawn(behavior, from);
}
} // namespace spacetime
