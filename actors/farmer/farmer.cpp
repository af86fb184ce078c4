#include "actors/answer.hpp"
#include "actors/followers.hpp"
#include "actors/log.hpp"
#include "actors/observed.hpp"
#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/codec/messages.hpp"
#include "core/codec/tx.hpp"
#include "core/consensus/challenge.hpp"
#include "core/farming/schedule.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace spacetime {
namespace {
/// What a scanner last told of itself.
struct scanner_facts {
  std::uint32_t plots = 0;
  std::uint64_t bytes = 0, lookups = 0, late = 0, errors = 0;
  std::vector<std::string> problems;
};

struct farmer_state {
  farmer_state() = default;
  boot from;
  std::unique_ptr<consensus::timeline> ticks;
  std::optional<consensus::chain_context> tip;
  farming::window window;
  codec::scan scan; // the challenge of the window
  followers<scan_listener> scanners;
  std::map<std::string, scanner_facts> facts;
  std::uint64_t tickets = 0, won = 0, lost = 0;
  std::string last_loss;
  static inline const char* name = "farmer";
};

using farmer_self =
    caf::stateful_actor<farmer_state, observed<farmer_actor::base>>;

std::uint64_t now_ms(farmer_self* self) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(
          self->clock().now().time_since_epoch())
          .count());
}

scan_msg message_of(const codec::scan& s) {
  return scan_msg::build(
      [&](schema::Scan::Builder out) { codec::write(out, s); });
}

void lose(farmer_self* self, const error& why) {
  auto& st = self->state;
  ++st.lost;
  st.last_loss = to_string(why);
  log_event(log_level::warning, "farmer", "block_lost",
            {{"epoch", std::to_string(st.window.epoch().value)},
             {"why", st.last_loss}});
}

/// Opens the window of the furthest epoch that ticks reach from the tip.
void open_window(farmer_self* self) {
  auto& st = self->state;
  if (!st.tip) return;
  const auto& p = *st.from.rules;
  const auto at = st.ticks->furthest(*st.tip);
  const auto e = at.at(p);
  if (e <= st.tip->facts.epoch) return;
  const auto c = consensus::challenge_of(at.era.seed, e, at.y);
  if (e == st.window.epoch() && c == st.window.challenge()) return;
  const auto& rules = p.spec.at(e);
  st.window = farming::window{e, c, now_ms(self), rules.tau_ms};
  st.scan = {e, c, at.era.target, static_cast<unsigned>(rules.filter_bits),
             farming::times_of(rules.tau_ms).lookups_end_ms};
  const auto m = message_of(st.scan);
  st.scanners.each(self->clock().now(),
                   [&](const scan_listener& x) { self->send(x, m); });
}

/// A block of the best ticket, from the answers it was built with.
result<block> build(farmer_self* self, const codec::ticket& t,
                    const consensus::chain_context& parent,
                    const account_id& payee, std::vector<tx> txs,
                    const bytes32& state_root) {
  auto& st = self->state;
  const auto& p = *st.from.rules;
  auto entries = st.ticks->entries(parent, t.epoch);
  if (!entries) return fail(entries.error());
  const auto at = st.ticks->at(parent, t.epoch);
  if (!at) return fail(at.error());
  if (consensus::challenge_of(at->era.seed, t.epoch, at->y) != t.challenge)
    return fail(errc::stale, "the chain below the ticket has changed");
  const auto& rules = p.spec.at(t.epoch);
  const auto epochs = t.epoch.value - parent.facts.epoch.value;
  block b;
  auto& h = b.head;
  h.version = static_cast<std::uint16_t>(rules.header_version);
  h.height.value = parent.facts.height.value + 1;
  h.epoch = t.epoch;
  h.parent = parent.id;
  h.time.value =
      std::max(st.from.options->now().value,
               parent.facts.time.value + epochs * rules.tau_min_ms); // R6
  h.target = at->era.target;
  h.history_root = parent.history.root(consensus::history_node);
  h.tx_root = codec::tx_root(txs);
  h.state_root = state_root;
  h.payee = payee;
  h.time_entries = std::move(*entries);
  h.space = t.space;
  h.seal =
      st.from.options->farmer_key.sign(codec::id_of(p.spec.network(), h).value);
  b.txs = std::move(txs);
  return b;
}

void publish(farmer_self* self, const block& b) {
  auto& st = self->state;
  st.window.close();
  const auto m = block_msg::build(
      [&](schema::Block::Builder out) { out.setRaw(blob(codec::encode(b))); });
  self->request(st.from.actors.validator, request_timeout, m)
      .then(
          [self, h = b.head](const verdict_msg&) {
            ++self->state.won;
            log_event(log_level::info, "farmer", "block_won",
                      {{"height", std::to_string(h.height.value)},
                       {"epoch", std::to_string(h.epoch.value)}});
          },
          [self](caf::error& e) { lose(self, from_caf(e)); });
}

/// The transactions of a draft that the state accepted.
result<std::pair<std::vector<tx>, bytes32>>
accepted(const draft_answer_msg& m, const std::vector<tx>& txs) {
  std::pair<std::vector<tx>, bytes32> out;
  bool ok = true;
  if (m.try_read([&](schema::DraftAnswer::Reader in) {
        out.second = fixed<32>(in.getStateRoot(), ok);
        for (auto i : in.getAccepted())
          if (i < txs.size())
            out.first.push_back(txs[i]);
          else
            ok = false;
      })
      || !ok)
    return fail(errc::malformed, "draft answer");
  return out;
}

void draft(farmer_self* self, std::vector<tx> txs) {
  auto& st = self->state;
  if (!st.window.best() || !st.tip) return;
  const auto t = *st.window.best();
  const auto parent = *st.tip;
  const auto payee = t.space.payout == bytes32{} ? st.from.options->payee
                                                 : account_id{t.space.payout};
  const auto m = draft_msg::build([&](schema::Draft::Builder out) {
    out.setParent(blob(parent.id.value));
    out.setPayee(blob(payee.value));
    out.setEpoch(t.epoch.value);
    auto raws = out.initTxs(static_cast<unsigned>(txs.size()));
    for (unsigned i = 0; i < txs.size(); ++i)
      raws.set(i, blob(codec::encode(txs[i])));
  });
  self->request(st.from.actors.state, request_timeout, m)
      .then(
          [self, t, parent, payee, txs](const draft_answer_msg& answer) {
            auto body = accepted(answer, txs);
            auto b = body ? build(self, t, parent, payee,
                                  std::move(body->first), body->second)
                          : result<block>{fail(body.error())};
            if (!b) return lose(self, b.error());
            publish(self, *b);
          },
          [self](caf::error& e) { lose(self, from_caf(e)); });
}

/// The window's best ticket becomes a block on the best tip there is now.
void build_now(farmer_self* self, epoch e) {
  auto& st = self->state;
  if (e != st.window.epoch() || !st.window.publish_at() || !st.tip) return;
  if (st.tip->facts.epoch >= e) return st.window.close();
  const auto& rules = st.from.rules->spec.at(e);
  self->request(st.from.actors.mempool, request_timeout, atom::best_v,
                static_cast<std::uint32_t>(rules.max_body_bytes),
                static_cast<std::uint32_t>(rules.max_txs))
      .then(
          [self](const tx_list_msg& m) {
            std::vector<tx> txs;
            const auto& network = self->state.from.rules->spec.network();
            (void)m.try_read([&](schema::TxList::Reader in) {
              for (auto raw : in.getRaws())
                if (auto t = codec::decode_tx(network, view(raw)))
                  txs.push_back(std::move(*t));
            });
            draft(self, std::move(txs));
          },
          [self](caf::error&) {
            draft(self, {});
          }); // an empty block beats none
}

caf::result<void> take_ticket(farmer_self* self, const ticket_msg& m) {
  auto& st = self->state;
  result<codec::ticket> t = fail(errc::malformed);
  if (m.try_read([&](schema::Ticket::Reader in) { t = codec::read(in); }))
    return to_caf({errc::malformed, "ticket message"});
  if (!t) return to_caf(t.error());
  if (t->epoch != st.window.epoch() || t->challenge != st.window.challenge())
    return caf::make_error(errc::stale); // `target` is another epoch's
  const bool first = !st.window.best();
  // Verified here too: a scanner may be another machine with a broken disk.
  auto won =
      consensus::check_space(*st.from.rules, t->epoch, t->challenge, t->space);
  if (!won) return to_caf(won.error());
  if (won->score >= st.scan.target)
    return caf::make_error(errc::score_above_target);
  if (t->space.farmer != st.from.options->farmer_key.public_part())
    return to_caf({errc::bad_plot_parameters, "a plot of another farmer key"});
  if (auto ok = st.window.offer(*t, won->score); !ok) return to_caf(ok.error());
  ++st.tickets;
  if (!first) return caf::unit;
  const auto due = *st.window.publish_at();
  const auto now = now_ms(self);
  self->delayed_send(farmer_actor{self},
                     std::chrono::milliseconds(due > now ? due - now : 0),
                     atom::wake_v, t->epoch.value);
  return caf::unit;
}

void take_report(farmer_self* self, const scan_report_msg& m) {
  (void)m.try_read([&](schema::ScanReport::Reader in) {
    auto& f = self->state.facts[in.getScanner()];
    f.plots = in.getPlots();
    f.bytes = in.getBytes();
    f.lookups += in.getDone();
    f.late += in.getLate();
    f.errors += in.getErrors();
    f.problems.clear();
    for (auto p : in.getProblems()) f.problems.emplace_back(p.cStr());
  });
}

void take_ticks(farmer_self* self, schema::Tick::Reader in) {
  if (auto t = codec::read(in)) self->state.ticks->add(*t);
}

void take_tip(farmer_self* self, const tip_change_msg& m) {
  auto& st = self->state;
  (void)m.try_read([&](schema::TipChange::Reader in) {
    if (auto tip = codec::decode_context(view(in.getTip())))
      st.tip = std::move(*tip);
  });
  if (!st.tip) return;
  if (st.tip->era.number > 1) st.ticks->forget_before(st.tip->era.number - 1);
  open_window(self);
}

status_msg describe(farmer_self* self) {
  const auto& st = self->state;
  std::uint64_t plots = 0, bytes = 0, lookups = 0, late = 0, errors = 0;
  std::string problem;
  for (const auto& [name, f] : st.facts) {
    plots += f.plots;
    bytes += f.bytes;
    lookups += f.lookups;
    late += f.late;
    errors += f.errors;
    if (!f.problems.empty() && problem.empty())
      problem = name + ": " + f.problems.front();
  }
  const auto health = problem.empty() ? schema::Status::Health::OK
                                      : schema::Status::Health::DEGRADED;
  return make_status(health, problem,
                     {{"scanners", std::to_string(st.facts.size())},
                      {"plots", std::to_string(plots)},
                      {"plot_bytes", std::to_string(bytes)},
                      {"lookups", std::to_string(lookups)},
                      {"late", std::to_string(late)},
                      {"errors", std::to_string(errors)},
                      {"tickets", std::to_string(st.tickets)},
                      {"won", std::to_string(st.won)},
                      {"lost", std::to_string(st.lost)},
                      {"last_loss", st.last_loss}});
}

void renew(farmer_self* self) {
  const auto& actors = self->state.from.actors;
  follow<tip_change_msg>(self, actors.state, tip_listener{self});
  follow<tick_list_msg>(self, actors.timelord, tick_listener{self});
  renew_later(self);
}

farmer_actor::behavior_type behavior(farmer_self* self, const boot& from) {
  auto& st = self->state;
  st.from = from;
  st.ticks = std::make_unique<consensus::timeline>(*from.rules);
  renew(self);
  return {
      [self](atom::follow, const scan_listener& who, const std::string& name) {
        auto& s = self->state;
        s.scanners.renew(who, self->clock().now());
        s.facts[name];
        return message_of(s.scan);
      },
      [self](const ticket_msg& m) { return take_ticket(self, m); },
      [self](const scan_report_msg& m) { take_report(self, m); },
      [self](atom::wake, std::uint64_t e) { build_now(self, {e}); },
      [self](const tip_change_msg& m) { take_tip(self, m); },
      [self](const tick_msg& m) {
        (void)m.try_read(
            [&](schema::Tick::Reader in) { take_ticks(self, in); });
        open_window(self);
      },
      [self](const tick_list_msg& m) {
        (void)m.try_read([&](schema::TickList::Reader in) {
          for (auto one : in.getTicks()) take_ticks(self, one);
        });
        open_window(self);
      },
      [self](atom::renew) { renew(self); },
      [self](atom::status) { return describe(self); },
  };
}
} // namespace

farmer_actor spawn_farmer(caf::actor_system& sys, const boot& from) {
  return sys.spawn(behavior, from);
}
} // namespace spacetime
