#include "actors/answer.hpp"
#include "actors/followers.hpp"
#include "actors/log.hpp"
#include "actors/observed.hpp"
#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/codec/messages.hpp"
#include "core/codec/tx.hpp"
#include "core/consensus/chain_state.hpp"
#include "core/disk/chain_loader.hpp"
#include "core/disk/store.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <map>

namespace spacetime {
namespace {
constexpr std::size_t queue_limit = 64;        // blocks that wait for a commit
constexpr std::size_t shared_bytes = 2u << 20; // of blocks that share one

using verdict_promise = caf::typed_response_promise<verdict_msg>;

struct state_state {
  state_state() = default;
  boot from;
  std::unique_ptr<consensus::chain_state> chain;
  consensus::chain_context tip; // the last durable one
  std::deque<std::pair<checked_block_msg, verdict_promise>> waiting;
  followers<tip_listener> listeners;
  std::uint64_t reorgs = 0, refused = 0;
  static inline const char* name = "state";
};

using state_self =
    caf::stateful_actor<state_state, observed<state_actor::base>>;

/// A checked block, opened.
struct opened {
  consensus::chain_context context;
  bytes raw;
  bool late = false;
};

/// What becomes durable in one commit: a step that extends the tip by all the
/// blocks that waited for the commit before, or any other step by itself.
struct shared_step {
  consensus::chain_step step;
  std::optional<opened> aside; ///< of a side branch; then the step is empty
  std::size_t bytes = 0;       ///< of raw blocks
  std::vector<std::pair<height, verdict_promise>> askers;
};

result<opened> open(const checked_block_msg& m) {
  result<opened> out = fail(errc::malformed, "checked block message");
  if (m.try_read([&](schema::CheckedBlock::Reader in) {
        auto context = codec::decode_context(view(in.getContext()));
        if (!context) return;
        const auto raw = view(in.getBlock());
        out = opened{std::move(*context), bytes(raw.begin(), raw.end()),
                     in.getLate()};
      }))
    return fail(errc::malformed, "checked block message");
  return out;
}

/// Final value of every account that a step touches.
std::map<account_id, state::account>
written_accounts(const consensus::chain_step& step) {
  std::map<account_id, state::account> out;
  for (const auto& d : step.undone)
    for (const auto& a : d.accounts) out[a.id] = a.before;
  for (const auto& c : step.connected)
    for (const auto& a : c.change.accounts) out[a.id] = a.after;
  return out;
}

void write_connected(schema::Commit::Builder out,
                     const consensus::chain_step& step) {
  const auto n = static_cast<unsigned>(step.connected.size());
  auto blocks = out.initBlocks(n);
  auto ids = out.initConnected(n);
  for (unsigned i = 0; i < n; ++i) {
    const auto& c = step.connected[i];
    blocks[i].setId(blob(c.context.id.value));
    blocks[i].setContext(blob(codec::encode(c.context)));
    if (!c.stored) blocks[i].setRaw(blob(c.raw));
    blocks[i].setUndo(blob(state::encode(c.change)));
    ids.set(i, blob(c.context.id.value));
  }
}

commit_msg to_commit(const state::ledger& after, const shared_step& all) {
  const auto& step = all.step;
  return commit_msg::build([&](schema::Commit::Builder out) {
    out.setForkHeight(step.fork.value);
    if (all.aside) {
      const auto& b = *all.aside;
      auto one = out.initBlocks(1)[0];
      one.setId(blob(b.context.id.value));
      one.setContext(blob(codec::encode(b.context)));
      one.setRaw(blob(b.raw));
      return;
    }
    write_connected(out, step);
    const auto accounts = written_accounts(step);
    auto writes = out.initAccounts(static_cast<unsigned>(accounts.size()));
    unsigned i = 0;
    for (const auto& [id, value] : accounts) {
      writes[i].setId(blob(id.value));
      if (state::exists(value)) writes[i].setValue(blob(state::encode(value)));
      ++i;
    }
    out.setRewards(blob(state::encode(after.rewards())));
  });
}

tip_change_msg to_event(const disk::reader& store,
                        const consensus::chain_context& tip,
                        const consensus::chain_step& step) {
  return tip_change_msg::build([&](schema::TipChange::Builder out) {
    auto gone =
        out.initDisconnected(static_cast<unsigned>(step.disconnected.size()));
    for (unsigned i = 0; i < gone.size(); ++i)
      if (auto raw = store.block(step.disconnected[i])) gone.set(i, blob(*raw));
    auto here = out.initConnected(static_cast<unsigned>(step.connected.size()));
    for (unsigned i = 0; i < here.size(); ++i)
      here.set(i, blob(step.connected[i].raw));
    out.setTip(blob(codec::encode(tip)));
  });
}

void announce(state_self* self, const consensus::chain_step& step) {
  auto& st = self->state;
  const auto& tip = st.chain->tip();
  if (!step.disconnected.empty()) {
    ++st.reorgs;
    log_event(log_level::warning, "state", "reorg",
              {{"depth", std::to_string(step.disconnected.size())},
               {"fork", std::to_string(step.fork.value)},
               {"hash", to_hex(tip.id.value)}});
  }
  log_event(log_level::info, "state", "tip_updated",
            {{"height", std::to_string(tip.facts.height.value)},
             {"epoch", std::to_string(tip.facts.epoch.value)},
             {"hash", to_hex(tip.id.value)}});
  const auto event = to_event(*st.from.store, tip, step);
  st.listeners.each(self->clock().now(),
                    [&](const tip_listener& x) { self->send(x, event); });
}

void take_next(state_self* self);

/// Ends; the supervisor makes a successor, which loads what is durable.
void start_again(state_self* self, const caf::error& why) {
  for (auto& [m, asker] : self->state.waiting)
    asker.deliver(caf::make_error(errc::unavailable));
  self->quit(why);
}

void make_durable(state_self* self, shared_step all) {
  auto& st = self->state;
  const auto message = to_commit(st.chain->ledger(), all);
  auto shared = std::make_shared<shared_step>(std::move(all));
  // A commit that waits for a slow disk is still a commit: whoever gave up on
  // it would not know whether it happened. So this wait alone is long.
  self->request(st.from.actors.storage, std::chrono::minutes{10}, message)
      .then(
          [self, shared] {
            auto& s = self->state;
            s.chain->settle();
            s.tip = s.chain->tip();
            if (!shared->aside) announce(self, shared->step);
            for (auto& [at, asker] : shared->askers)
              asker.deliver(
                  verdict_msg::build([&](schema::Verdict::Builder out) {
                    out.setTip(!shared->aside);
                    out.setHeight(at.value);
                  }));
            take_next(self);
          },
          [self, shared](caf::error& e) {
            for (auto& [at, asker] : shared->askers) asker.deliver(e);
            // Storage refused, so nothing has happened. After any other error
            // it may have: only what is stored can tell.
            if (e.category() != caf::atom("spacetime"))
              return start_again(self, e);
            self->state.chain->revert();
            take_next(self);
          });
}

/// A tip younger than ten block times is current.
consensus::arrival arrival_of(state_self* self, const opened& b) {
  const auto& st = self->state;
  const auto& tip = st.chain->tip().facts;
  const auto& rules = st.from.rules->spec.at(tip.epoch);
  const auto block_time =
      rules.tau_ms * rules.spacing_numerator / rules.spacing_denominator;
  const auto now = st.from.options->now().value;
  return {b.late, now < tip.time.value + 10 * block_time};
}

/// Whether a block may share the commit of those before it.
bool joins(const consensus::chain_state& chain, const shared_step& all,
           const opened& b) {
  return !all.aside && all.step.disconnected.empty()
         && chain.extends_tip(b.context)
         && all.bytes + b.raw.size() <= shared_bytes;
}

void add(shared_step& all, opened b, consensus::chain_step step,
         verdict_promise asker) {
  all.bytes += b.raw.size();
  all.askers.emplace_back(b.context.facts.height, std::move(asker));
  if (step.connected.empty()) all.aside = std::move(b);
  if (all.askers.size() == 1) {
    all.step = std::move(step);
    return;
  }
  all.step.connected.push_back(std::move(step.connected.front()));
}

/// Blocks are taken in order; those that waited for the last commit share the
/// next. At the tip of the chain nobody waits, so each has its own there.
void take_next(state_self* self) {
  auto& st = self->state;
  if (st.chain->unsettled()) return;
  shared_step all;
  while (!st.waiting.empty()) {
    auto b = open(st.waiting.front().first);
    if (!all.askers.empty() && !(b && joins(*st.chain, all, *b))) break;
    auto asker = std::move(st.waiting.front().second);
    st.waiting.pop_front();
    auto step = b ? st.chain->offer(b->context, b->raw, arrival_of(self, *b))
                  : result<consensus::chain_step>{fail(b.error())};
    if (step) {
      add(all, std::move(*b), std::move(*step), std::move(asker));
    } else {
      ++st.refused;
      asker.deliver(to_caf(step.error()));
    }
  }
  if (!all.askers.empty()) make_durable(self, std::move(all));
}

struct draft {
  block_id parent;
  account_id payee;
  spacetime::epoch epoch;
  std::vector<tx> txs;
};

result<draft> open(const consensus::protocol& p, const draft_msg& m) {
  draft out;
  bool ok = true;
  if (m.try_read([&](schema::Draft::Reader in) {
        out.parent.value = fixed<32>(in.getParent(), ok);
        out.payee.value = fixed<32>(in.getPayee(), ok);
        out.epoch.value = in.getEpoch();
        for (auto raw : in.getTxs())
          if (auto t = codec::decode_tx(p.spec.network(), view(raw)))
            out.txs.push_back(std::move(*t));
          else
            ok = false;
      })
      || !ok)
    return fail(errc::malformed, "draft message");
  return out;
}

result<draft_answer_msg> try_draft(state_self* self, const draft_msg& m) {
  auto& st = self->state;
  auto d = open(*st.from.rules, m);
  if (!d) return fail(d.error());
  if (st.chain->unsettled() || d->parent != st.chain->tip().id)
    return fail(errc::stale, "the tip has changed");
  auto& ledger = st.chain->ledger();
  const auto& rules = st.from.rules->spec.at(d->epoch);
  const state::block_info block{{ledger.height().value + 1}, d->payee};
  const auto accepted = ledger.applicable(rules, block, d->txs);
  auto root = ledger.root_after(rules, block, accepted);
  if (!root) return fail(root.error());
  return draft_answer_msg::build([&](schema::DraftAnswer::Builder out) {
    out.setStateRoot(blob(*root));
    auto list = out.initAccepted(static_cast<unsigned>(accepted.size()));
    unsigned at = 0;
    for (unsigned i = 0; i < d->txs.size() && at < list.size(); ++i)
      if (d->txs[i].id == accepted[at].id) list.set(at++, i);
  });
}

account_msg account_at(state_self* self, const account_id& id) {
  const auto& chain = *self->state.chain;
  const auto a = chain.ledger().find(id);
  std::uint64_t immature = 0;
  for (const auto& r : chain.ledger().rewards())
    if (r.payee == id) immature += r.value.value;
  return account_msg::build([&](schema::Account::Builder out) {
    out.setNonce(a.nonce);
    out.setBalance(a.balance.value);
    out.setImmature(immature);
    out.setHeight(chain.ledger().height().value);
  });
}

result<account_list_msg> accounts_at(state_self* self, const id_list_msg& m) {
  result<std::vector<bytes32>> ids = fail(errc::malformed, "id list message");
  if (m.try_read([&](schema::IdList::Reader in) { ids = codec::read(in); }))
    return fail(errc::malformed, "id list message");
  if (!ids) return fail(ids.error());
  const auto& ledger = self->state.chain->ledger();
  return account_list_msg::build([&](schema::AccountList::Builder out) {
    out.setHeight(ledger.height().value);
    auto list = out.initAccounts(static_cast<unsigned>(ids->size()));
    for (unsigned i = 0; i < list.size(); ++i) {
      const auto a = ledger.find({(*ids)[i]});
      list[i].setNonce(a.nonce);
      list[i].setBalance(a.balance.value);
    }
  });
}

state_actor::behavior_type behavior(state_self* self, const boot& from) {
  auto& st = self->state;
  st.from = from;
  auto loaded = disk::load_chain(*from.rules, *from.store);
  if (!loaded) { // the supervisor tries again, then gives the node up
    log_event(log_level::error, "state", "load_failed",
              {{"why", to_string(loaded.error())}});
    self->quit(to_caf(loaded.error()));
    return state_actor::behavior_type::make_empty_behavior();
  }
  st.tip = loaded->tip;
  st.chain = std::make_unique<consensus::chain_state>(
      *from.rules, disk::archive_of(*from.store), std::move(loaded->tip),
      std::move(loaded->ledger));
  return {
      [self](const checked_block_msg& m) -> caf::result<verdict_msg> {
        auto& s = self->state;
        if (s.waiting.size() >= queue_limit) return caf::make_error(errc::busy);
        auto asker = self->make_response_promise<verdict_msg>();
        s.waiting.emplace_back(m, asker);
        take_next(self);
        return asker;
      },
      [self](const draft_msg& m) -> caf::result<draft_answer_msg> {
        auto answer = try_draft(self, m);
        if (!answer) return to_caf(answer.error());
        return *answer;
      },
      [self](atom::account, const id_msg& m) -> caf::result<account_msg> {
        result<bytes32> id = fail(errc::malformed);
        if (m.try_read([&](schema::Id::Reader in) { id = codec::read(in); }))
          return to_caf({errc::malformed, "id message"});
        if (!id) return to_caf(id.error());
        return account_at(self, {*id});
      },
      [self](atom::account,
             const id_list_msg& m) -> caf::result<account_list_msg> {
        auto answer = accounts_at(self, m);
        if (!answer) return to_caf(answer.error());
        return *answer;
      },
      [self](atom::follow, const tip_listener& who) {
        auto& s = self->state;
        s.listeners.renew(who, self->clock().now());
        return to_event(*s.from.store, s.tip, {});
      },
      [self](atom::status) {
        const auto& s = self->state;
        const auto& tip = s.tip;
        return make_status(
            schema::Status::Health::OK, "",
            {{"height", std::to_string(tip.facts.height.value)},
             {"epoch", std::to_string(tip.facts.epoch.value)},
             {"tip", to_hex(tip.id.value)},
             {"accounts", std::to_string(s.chain->ledger().accounts().size())},
             {"reorgs", std::to_string(s.reorgs)},
             {"refused", std::to_string(s.refused)},
             {"waiting", std::to_string(s.waiting.size())},
             {"followers", std::to_string(s.listeners.size())}});
      },
  };
}
} // namespace

state_actor spawn_state(caf::actor_system& sys, const boot& from) {
  return sys.spawn(behavior, from);
}
} // namespace spacetime
