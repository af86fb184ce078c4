#include "actors/answer.hpp"
#include "actors/followers.hpp"
#include "actors/log.hpp"
#include "actors/observed.hpp"
#include "actors/timelord/squarer.hpp"
#include "core/codec/context.hpp"
#include "core/codec/messages.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>

namespace spacetime {
namespace {
// Without blocks for so long, a node that cannot make any only burns power.
constexpr std::uint64_t idle_eras = 4096;

struct timelord_state {
  timelord_state() = default;
  boot from;
  std::unique_ptr<consensus::timeline> ticks;
  std::optional<consensus::chain_context> tip;
  std::unique_ptr<squarer> engine; // null: this node does not square
  followers<tick_listener> listeners;
  std::deque<tick_msg> waiting; // made, in order; at most two eras
  bool busy = false;            // with the one before them
  std::uint64_t published = 0, refused = 0;
  std::string idle; // why nothing is squared; empty while it is
  static inline const char* name = "timelord";
};

using timelord_self =
    caf::stateful_actor<timelord_state, observed<timelord_actor::base>>;

tick_msg message_of(const consensus::tick& t) {
  return tick_msg::build(
      [&](schema::Tick::Builder out) { codec::write(out, t); });
}

/// Squares where the tip's chain needs it.
void steer(timelord_self* self) {
  auto& st = self->state;
  if (!st.engine || !st.tip) return;
  const auto at = st.ticks->furthest(*st.tip);
  if (at.era.number > st.tip->era.number + idle_eras
      && st.from.options->plot_dirs.empty()) {
    st.idle = "no block for 4096 eras and no plots here";
    return st.engine->pause();
  }
  st.idle.clear();
  st.engine->run_from(at);
  if (const auto era = st.ticks->unproven_era(*st.tip))
    st.engine->prove_era(*era);
}

tick_list_msg known_ticks(const timelord_state& st) {
  return tick_list_msg::build([&](schema::TickList::Builder out) {
    const auto all = st.ticks->all();
    auto list = out.initTicks(static_cast<unsigned>(all.size()));
    for (unsigned i = 0; i < all.size(); ++i) codec::write(list[i], all[i]);
  });
}

void publish(timelord_self* self, const tick_msg& m) {
  auto& st = self->state;
  ++st.published;
  st.listeners.each(self->clock().now(),
                    [&](const tick_listener& x) { self->send(x, m); });
}

/// Something of ours failed; the same point is tried again with the renewal.
void abandon(timelord_self* self, const caf::error& e) {
  auto& st = self->state;
  ++st.refused;
  st.waiting.clear(); // they follow from the one that failed
  const auto why = from_caf(e);
  log_event(log_level::error, "timelord", "tick_failed",
            {{"code", std::string{name_of(why.code)}}, {"detail", why.detail}});
  if (st.engine) st.engine->pause();
}

/// Checked, then durable, then published, one after another: nothing acts on
/// an unproven tick, and none is stored for the next start to trust.
void take_next(timelord_self* self) {
  auto& st = self->state;
  if (st.busy || st.waiting.empty()) return;
  const auto m = st.waiting.front();
  st.waiting.pop_front();
  result<consensus::tick> t = fail(errc::malformed);
  if (m.try_read([&](schema::Tick::Reader in) { t = codec::read(in); }) || !t)
    return take_next(self);
  st.busy = true;
  const auto failed = [self](caf::error& e) {
    self->state.busy = false;
    abandon(self, e);
  };
  self->request(st.from.actors.validator, request_timeout, m)
      .then(
          [self, m, failed, tick = *t]() {
            const auto& storage = self->state.from.actors.storage;
            self->request(storage, request_timeout, m)
                .then(
                    [self, m, tick]() {
                      self->state.busy = false;
                      self->state.ticks->add(tick);
                      publish(self, m);
                      steer(self);
                      take_next(self);
                    },
                    failed);
          },
          failed);
}

void take(timelord_self* self, const tick_msg& m) {
  auto& st = self->state;
  if (st.waiting.size() > 2 * st.from.rules->fixed().ticks_per_era)
    return abandon(self, caf::make_error(errc::busy));
  st.waiting.push_back(m);
  take_next(self);
}

void take_tip(timelord_self* self, const tip_change_msg& m) {
  (void)m.try_read([&](schema::TipChange::Reader in) {
    if (auto tip = codec::decode_context(view(in.getTip())))
      self->state.tip = std::move(*tip);
  });
  auto& st = self->state;
  if (!st.tip) return;
  if (st.tip->era.number > 1) st.ticks->forget_before(st.tip->era.number - 1);
  steer(self);
}

void start(timelord_self* self) {
  auto& st = self->state;
  if (st.from.options->squares)
    st.engine = std::make_unique<squarer>(
        st.from.rules, st.from.options->tick_pace,
        [me = timelord_actor{self}](const consensus::tick& t) {
          caf::anon_send(me, atom::work_v, message_of(t));
        });
  else
    st.idle = "timelord = off";
}

void renew(timelord_self* self) {
  follow<tip_change_msg>(self, self->state.from.actors.state,
                         tip_listener{self});
  renew_later(self);
}

/// The ticks of earlier runs; then the tip, then the squaring.
void load(timelord_self* self) {
  self->request(self->state.from.actors.storage, request_timeout, atom::ticks_v,
                std::uint64_t{0})
      .then(
          [self](const tick_list_msg& m) {
            (void)m.try_read([&](schema::TickList::Reader in) {
              for (auto one : in.getTicks())
                if (auto t = codec::read(one)) self->state.ticks->add(*t);
            });
            // Those who came first have been told of none.
            auto& st = self->state;
            const auto known = known_ticks(st);
            st.listeners.each(self->clock().now(), [&](const tick_listener& x) {
              self->send(x, known);
            });
            start(self);
            renew(self);
          },
          [self](caf::error& e) { self->quit(e); });
}

timelord_actor::behavior_type behavior(timelord_self* self, const boot& from) {
  auto& st = self->state;
  st.from = from;
  st.ticks = std::make_unique<consensus::timeline>(*from.rules);
  load(self);
  return {
      [self](atom::follow, const tick_listener& who) {
        auto& s = self->state;
        s.listeners.renew(who, self->clock().now());
        return known_ticks(s);
      },
      [self](atom::work, const tick_msg& m) { take(self, m); },
      [self](const tip_change_msg& m) { take_tip(self, m); },
      [self](atom::renew) {
        steer(self);
        renew(self);
      },
      [self](atom::status) {
        const auto& s = self->state;
        std::string at = "-";
        if (s.tip)
          at =
              std::to_string(s.ticks->furthest(*s.tip).at(*s.from.rules).value);
        const auto rate = s.engine ? s.engine->rate() : 0;
        return make_status(schema::Status::Health::OK, "",
                           {{"epoch", at},
                            {"squarings_per_second", std::to_string(rate)},
                            {"published", std::to_string(s.published)},
                            {"failed", std::to_string(s.refused)},
                            {"idle", s.idle},
                            {"followers", std::to_string(s.listeners.size())}});
      },
  };
}
} // namespace

timelord_actor spawn_timelord(caf::actor_system& sys, const boot& from) {
  return sys.spawn(behavior, from);
}
} // namespace spacetime
