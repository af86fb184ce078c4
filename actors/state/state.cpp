#include "actors/answer.hpp"
#include "actors/commit_message.hpp"
#include "actors/followers.hpp"
#include "actors/log.hpp"
#include "actors/observed.hpp"
#include "actors/state/fork_messages.hpp"
#include "actors/state/ledger_queries.hpp"
#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/codec/messages.hpp"
#include "core/disk/chain_commit.hpp"
#include "core/disk/chain_loader.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>

namespace spacetime {
namespace {
constexpr std::size_t queue_limit = 64;        // blocks that wait for a commit
constexpr std::size_t shared_bytes = 2u << 20; // of blocks that share one
constexpr std::size_t reorg_limit = 100;

using verdict_promise = caf::typed_response_promise<verdict_msg>;

/// What an operator wants of a stored block.
struct order {
  block_id id;
  bool invalidates; ///< else it is reconsidered
};

/// Blocks and orders are taken one after another.
struct task {
  checked_block_msg block;
  std::optional<order> given; ///< instead of a block
  verdict_promise asker;
};

struct state_state {
  state_state() = default;
  boot from;
  std::unique_ptr<consensus::chain_state> chain;
  consensus::chain_context tip; // the last durable one
  std::deque<task> waiting;
  followers<tip_listener> listeners;
  std::deque<reorg> last_reorgs; // the oldest first
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
  const char* reason = "heavier";
  std::size_t bytes = 0; ///< of raw blocks
  /// With the height of their block; who gave an order hears the tip's.
  std::vector<std::pair<std::optional<height>, verdict_promise>> askers;
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

/// Keeps the last ones, and tells of them.
void note_reorg(state_self* self, const shared_step& all,
                const block_id& old_tip) {
  auto& st = self->state;
  const auto& step = all.step;
  ++st.reorgs;
  st.last_reorgs.push_back(
      {st.from.options->now(), step.fork,
       static_cast<std::uint32_t>(step.disconnected.size()),
       static_cast<std::uint32_t>(step.connected.size()), old_tip, step.tip,
       all.reason});
  if (st.last_reorgs.size() > reorg_limit) st.last_reorgs.pop_front();
  log_event(log_level::warning, "state", "reorg",
            {{"depth", std::to_string(step.disconnected.size())},
             {"fork", std::to_string(step.fork.value)},
             {"reason", all.reason},
             {"hash", to_hex(step.tip.value)}});
}

void announce(state_self* self, const shared_step& all) {
  auto& st = self->state;
  const auto old_tip = st.tip.id;
  st.tip = st.chain->tip();
  if (!all.step.disconnected.empty()) note_reorg(self, all, old_tip);
  log_event(log_level::info, "state", "tip_updated",
            {{"height", std::to_string(st.tip.facts.height.value)},
             {"epoch", std::to_string(st.tip.facts.epoch.value)},
             {"hash", to_hex(st.tip.id.value)}});
  const auto event = to_event(*st.from.store, st.tip, all.step);
  st.listeners.each(self->clock().now(),
                    [&](const tip_listener& x) { self->send(x, event); });
}

void take_next(state_self* self);

/// Ends; the supervisor makes a successor, which loads what is durable.
void start_again(state_self* self, const caf::error& why) {
  for (auto& t : self->state.waiting)
    t.asker.deliver(caf::make_error(errc::unavailable));
  self->quit(why);
}

/// The step is durable: the chain has it, and whoever asked and follows hears.
void finish(state_self* self, shared_step& all) {
  auto& st = self->state;
  st.chain->settle();
  if (all.step.moves()) announce(self, all);
  for (auto& [at, asker] : all.askers)
    asker.deliver(verdict_msg::build([&](schema::Verdict::Builder out) {
      out.setTip(all.step.moves());
      out.setHeight(at.value_or(st.tip.facts.height).value);
    }));
}

commit_msg to_commit(const state::ledger& after, const shared_step& all) {
  if (!all.aside) return message_of(disk::commit_of(all.step, after));
  const disk::fresh_block fresh{all.aside->context, all.aside->raw};
  return message_of(disk::commit_of(all.step, after, &fresh));
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
            finish(self, *shared);
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
  if (!step.moves()) all.aside = std::move(b);
  if (all.askers.size() == 1) {
    all.step = std::move(step);
    return;
  }
  all.step.tip = step.tip;
  all.step.connected.push_back(std::move(step.connected.front()));
}

/// An order has a commit of its own. True if that is on its way.
bool carry_out(state_self* self, const order& o, verdict_promise asker) {
  auto& st = self->state;
  auto step =
      o.invalidates ? st.chain->invalidate(o.id) : st.chain->reconsider(o.id);
  if (!step) {
    ++st.refused;
    asker.deliver(to_caf(step.error()));
    return false;
  }
  shared_step all;
  all.step = std::move(*step);
  all.reason = o.invalidates ? "invalidate" : "reconsider";
  all.askers.emplace_back(std::nullopt, std::move(asker));
  if (all.step.changes()) {
    make_durable(self, std::move(all));
    return true;
  }
  finish(self, all);
  return false;
}

/// Blocks are taken in order; those that waited for the last commit share the
/// next. At the tip of the chain nobody waits, so each has its own there.
void take_next(state_self* self) {
  auto& st = self->state;
  if (st.chain->unsettled()) return;
  shared_step all;
  while (!st.waiting.empty()) {
    if (const auto given = st.waiting.front().given) {
      if (!all.askers.empty()) break;
      auto asker = std::move(st.waiting.front().asker);
      st.waiting.pop_front();
      if (carry_out(self, *given, std::move(asker))) return;
      continue;
    }
    auto b = open(st.waiting.front().block);
    if (!all.askers.empty() && !(b && joins(*st.chain, all, *b))) break;
    auto asker = std::move(st.waiting.front().asker);
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

caf::result<verdict_msg> take(state_self* self, task t) {
  auto& st = self->state;
  if (st.waiting.size() >= queue_limit) return caf::make_error(errc::busy);
  auto asker = self->make_response_promise<verdict_msg>();
  t.asker = asker;
  st.waiting.push_back(std::move(t));
  take_next(self);
  return asker;
}

caf::result<verdict_msg> obey(state_self* self, const id_msg& m,
                              bool invalidates) {
  result<bytes32> id = fail(errc::malformed);
  if (m.try_read([&](schema::Id::Reader in) { id = codec::read(in); }))
    return to_caf({errc::malformed, "id message"});
  if (!id) return to_caf(id.error());
  return take(self, {{}, order{{*id}, invalidates}, {}});
}

/// A heavier branch that a run before this one did not follow.
void resume(state_self* self) {
  auto& st = self->state;
  auto step = st.chain->resume();
  if (!step) {
    log_event(log_level::error, "state", "resume_failed",
              {{"why", to_string(step.error())}});
    return;
  }
  if (!step->changes()) return st.chain->settle();
  shared_step all;
  all.step = std::move(*step);
  make_durable(self, std::move(all));
}

status load(state_self* self) {
  auto& st = self->state;
  auto loaded = disk::load_chain(*st.from.rules, *st.from.store);
  if (!loaded) return fail(loaded.error());
  auto beside = disk::load_forks(*st.from.store);
  if (!beside) return fail(beside.error());
  st.tip = loaded->tip;
  st.chain = std::make_unique<consensus::chain_state>(
      *st.from.rules, disk::archive_of(*st.from.store), std::move(loaded->tip),
      std::move(loaded->ledger), *beside);
  return {};
}

/// Empty, or how a heavier chain is not followed and what can be done.
std::string problem_of(const state_state& st) {
  const auto deep = st.chain->beside().too_deep(st.chain->tip().weight);
  if (!deep) return {};
  const auto& rules = st.from.rules->spec.at(st.chain->tip().facts.epoch);
  return "a heavier chain with tip " + to_hex(deep->tip.id.value)
         + " leaves ours, tip " + to_hex(st.chain->tip().id.value)
         + ", at height " + std::to_string(deep->point_height.value)
         + ", more than " + std::to_string(rules.max_reorg)
         + " eras (max_reorg) deep. If it is the right one: spacetime chain "
           "reconsider "
         + to_hex(deep->tip.id.value);
}

status_msg describe(const state_state& s) {
  const auto& tip = s.tip;
  const auto* last = s.last_reorgs.empty() ? nullptr : &s.last_reorgs.back();
  const auto problem = problem_of(s);
  return make_status(
      problem.empty() ? schema::Status::Health::OK
                      : schema::Status::Health::DEGRADED,
      problem,
      {{"height", std::to_string(tip.facts.height.value)},
       {"epoch", std::to_string(tip.facts.epoch.value)},
       {"tip", to_hex(tip.id.value)},
       {"accounts", std::to_string(s.chain->ledger().accounts().size())},
       {"reorgs", std::to_string(s.reorgs)},
       {"last_reorg_depth", last ? std::to_string(last->disconnected) : "-"},
       {"last_reorg_time", last ? std::to_string(last->time.value) : "-"},
       {"side_blocks", std::to_string(s.chain->beside().size())},
       {"invalidated", std::to_string(s.chain->beside().marks().size())},
       {"refused", std::to_string(s.refused)},
       {"waiting", std::to_string(s.waiting.size())},
       {"followers", std::to_string(s.listeners.size())}});
}

state_actor::behavior_type behavior(state_self* self, const boot& from) {
  self->state.from = from;
  if (auto ok = load(self); !ok) { // the supervisor tries again, then gives up
    log_event(log_level::error, "state", "load_failed",
              {{"why", to_string(ok.error())}});
    self->quit(to_caf(ok.error()));
    return state_actor::behavior_type::make_empty_behavior();
  }
  resume(self);
  return {
      [self](const checked_block_msg& m) {
        return take(self, {m, std::nullopt, {}});
      },
      [self](atom::invalidate, const id_msg& m) { return obey(self, m, true); },
      [self](atom::reconsider, const id_msg& m) {
        return obey(self, m, false);
      },
      [self](atom::forks, std::uint32_t most) {
        const auto& chain = *self->state.chain;
        return message_of(chain.beside().forks(self->state.tip.weight, most));
      },
      [self](atom::reorgs) { return message_of(self->state.last_reorgs); },
      [self](const draft_msg& m) -> caf::result<draft_answer_msg> {
        const auto& st = self->state;
        auto answer = try_draft(*st.from.rules, *st.chain, m);
        if (!answer) return to_caf(answer.error());
        return *answer;
      },
      [self](atom::account, const id_msg& m) -> caf::result<account_msg> {
        result<bytes32> id = fail(errc::malformed);
        if (m.try_read([&](schema::Id::Reader in) { id = codec::read(in); }))
          return to_caf({errc::malformed, "id message"});
        if (!id) return to_caf(id.error());
        return account_at(*self->state.chain, {*id});
      },
      [self](atom::account,
             const id_list_msg& m) -> caf::result<account_list_msg> {
        auto answer = accounts_at(*self->state.chain, m);
        if (!answer) return to_caf(answer.error());
        return *answer;
      },
      [self](atom::follow, const tip_listener& who) {
        auto& s = self->state;
        s.listeners.renew(who, self->clock().now());
        return to_event(*s.from.store, s.tip, {});
      },
      [self](atom::status) { return describe(self->state); },
  };
}
} // namespace

state_actor spawn_state(caf::actor_system& sys, const boot& from) {
  return sys.spawn(behavior, from);
}
} // namespace spacetime
