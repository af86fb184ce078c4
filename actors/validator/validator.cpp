#include "actors/answer.hpp"
#include "actors/followers.hpp"
#include "actors/log.hpp"
#include "actors/observed.hpp"
#include "actors/validator/check_pool.hpp"
#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/codec/messages.hpp"
#include "core/consensus/context.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <thread>
#include <unordered_map>

namespace spacetime {
namespace {
constexpr std::size_t queue_limit = 64;     // blocks being checked
constexpr std::size_t context_limit = 512;  // parents at hand
constexpr std::size_t refused_limit = 4096; // verdicts remembered
constexpr std::size_t arrival_limit = 64;   // ticks whose arrival is known
constexpr std::size_t held_limit = 256;     // blocks ahead of our clock
constexpr std::uint64_t longest_hold_ms = 600'000;

/// A map that forgets its oldest entries.
template <class Key, class Value>
class bounded_map {
public:
  explicit bounded_map(std::size_t limit) : limit_(limit) {}
  void put(const Key& k, Value v) {
    if (!all_.insert_or_assign(k, std::move(v)).second) return;
    order_.push_back(k);
    if (order_.size() <= limit_) return;
    all_.erase(order_.front());
    order_.pop_front();
  }
  [[nodiscard]] const Value* find(const Key& k) const {
    const auto found = all_.find(k);
    return found == all_.end() ? nullptr : &found->second;
  }

private:
  std::size_t limit_;
  std::unordered_map<Key, Value> all_;
  std::deque<Key> order_;
};

using verdict_promise = caf::typed_response_promise<verdict_msg>;

/// One block on its way through the validator.
struct job {
  block_id id, parent;
  spacetime::epoch epoch;
  timestamp time;
  block_msg message;
  verdict_promise asker;
};

/// A block without a verdict yet.
struct passing {
  std::optional<context_msg> checked; ///< behind it, once R1 to R12 hold
  std::vector<job> children;          ///< which wait for that
};

struct validator_state {
  validator_state() = default;
  boot from;
  std::vector<check_worker> workers;
  std::size_t next_worker = 0;
  std::unordered_map<block_id, passing> in_flight;
  bounded_map<block_id, context_msg> contexts{context_limit};
  bounded_map<block_id, errc> refused{refused_limit};
  bounded_map<std::uint64_t, std::uint64_t> tick_arrivals{arrival_limit};
  std::size_t held = 0;
  std::uint64_t accepted = 0, refusals = 0;
  static inline const char* name = "validator";
};

using validator_self =
    caf::stateful_actor<validator_state, observed<validator_actor::base>>;
/// A verdict is remembered by id only for R8-R10 and R12-R14: a relay may have
/// garbled anything else, and must not be able to condemn a good block.
bool condemns_id(errc e) {
  switch (e) {
  case errc::bad_plot_parameters:
  case errc::bad_payee:
  case errc::plot_filtered:
  case errc::bad_proof_of_space:
  case errc::score_above_target:
  case errc::bad_time_entries:
  case errc::bad_proof_of_time:
  case errc::bad_tx_size:
  case errc::zero_amount:
  case errc::self_payment:
  case errc::fee_below_minimum:
  case errc::nonce_too_low:
  case errc::nonce_too_high:
  case errc::insufficient_balance:
  case errc::tx_expired:
  case errc::amount_overflow:
  case errc::bad_state_root:
  case errc::invalid_ancestor: return true;
  default: return false;
  }
}

/// R6: a block ahead of our clock is offered again when its time has come. Its
/// sender learns that it is early, and is not to blame.
void hold(validator_self* self, const job& j) {
  auto& st = self->state;
  const auto& rules = st.from.rules->spec.at(j.epoch);
  const auto now = st.from.options->now().value;
  const auto due = j.time.value - std::min(j.time.value, rules.drift_ms);
  if (st.held >= held_limit || due > now + longest_hold_ms) return;
  ++st.held;
  self->delayed_send(validator_actor{self},
                     std::chrono::milliseconds{due > now ? due - now : 0},
                     atom::wake_v, j.message);
}

void refuse(validator_self* self, job& j, const caf::error& e) {
  auto& st = self->state;
  const auto why = from_caf(e);
  const auto left = st.in_flight.extract(j.id);
  ++st.refusals;
  if (why == errc::timestamp_too_late) hold(self, j);
  if (condemns_id(why.code)) st.refused.put(j.id, why.code);
  log_event(log_level::info, "validator", "block_refused",
            {{"hash", to_hex(j.id.value)},
             {"code", std::string{name_of(why.code)}},
             {"detail", why.detail}});
  j.asker.deliver(e);
  if (left.empty()) return;
  for (auto& child : left.mapped().children)
    refuse(self, child,
           caf::make_error(condemns_id(why.code) ? errc::invalid_ancestor
                                                 : errc::unknown_parent));
}

check_worker next_worker(validator_self* self) {
  auto& st = self->state;
  return st.workers[st.next_worker++ % st.workers.size()];
}

/// Late: more than 0.3 tau after the tick of the following epoch came here.
bool is_late(validator_self* self, epoch e, timestamp now) {
  const auto* arrival = self->state.tick_arrivals.find(e.value + 1);
  const auto tau = self->state.from.rules->spec.at(e).tau_ms;
  return arrival != nullptr && now.value > *arrival + tau * 3 / 10;
}

context_msg context_in(const checked_block_msg& m) {
  context_msg out;
  (void)m.try_read([&](schema::CheckedBlock::Reader in) {
    out = context_msg::build(
        [&](schema::Context::Builder c) { c.setRaw(in.getContext()); });
  });
  return out;
}

void hand_to_state(validator_self* self, job j, const checked_block_msg& m) {
  self->request(self->state.from.actors.state, request_timeout, m)
      .then(
          [self, j, m](const verdict_msg& v) mutable {
            auto& st = self->state;
            st.in_flight.erase(j.id);
            ++st.accepted;
            st.contexts.put(j.id, context_in(m));
            j.asker.deliver(v);
          },
          [self, j](caf::error& e) mutable { refuse(self, j, e); });
}

void check(validator_self* self, job j, const context_msg& parent);

/// They need not wait for the verdict of the state, which takes blocks in the
/// order in which it gets them: so it has several to make durable at once.
void check_children(validator_self* self, const block_id& id,
                    const context_msg& behind) {
  auto& own = self->state.in_flight[id];
  own.checked = behind;
  for (auto& child : std::exchange(own.children, {}))
    check(self, std::move(child), behind);
}

void check(validator_self* self, job j, const context_msg& parent) {
  const auto now = self->state.from.options->now();
  self->request(next_worker(self), request_timeout, parent, j.message,
                now.value, is_late(self, j.epoch, now))
      .then(
          [self, j](const checked_block_msg& m) {
            hand_to_state(self, j, m);
            check_children(self, j.id, context_in(m));
          },
          [self, j](caf::error& e) mutable { refuse(self, j, e); });
}

void find_parent(validator_self* self, job j) {
  if (const auto* parent = self->state.contexts.find(j.parent))
    return check(self, std::move(j), *parent);
  if (const auto above = self->state.in_flight.find(j.parent);
      above != self->state.in_flight.end()) {
    auto& [checked, children] = above->second;
    if (checked) return check(self, std::move(j), *checked);
    children.push_back(std::move(j));
    return;
  }
  const auto id = id_msg::build(
      [&](schema::Id::Builder out) { out.setValue(blob(j.parent.value)); });
  self->request(self->state.from.actors.storage, request_timeout,
                atom::context_v, id)
      .then(
          [self, j](const context_msg& parent) {
            self->state.contexts.put(j.parent, parent);
            check(self, j, parent);
          },
          [self, j](caf::error& e) mutable {
            refuse(self, j,
                   from_caf(e) == errc::not_found
                       ? caf::make_error(errc::unknown_parent)
                       : e);
          });
}

/// R1 of the header, and R3: not known, not refused, not being checked.
result<job> admit(validator_self* self, const block_msg& m) {
  auto& st = self->state;
  result<header> head = fail(errc::malformed);
  if (m.try_read([&](schema::Block::Reader in) {
        head = codec::header_of_block(view(in.getRaw()));
      }))
    return fail(errc::malformed, "block message");
  if (!head) return fail(head.error());
  const auto id = codec::id_of(st.from.rules->spec.network(), *head);
  if (const auto* code = st.refused.find(id)) return fail(*code);
  if (st.refused.find(head->parent)) return fail(errc::invalid_ancestor);
  if (st.contexts.find(id) || st.in_flight.contains(id))
    return fail(errc::duplicate);
  if (st.in_flight.size() >= queue_limit) return fail(errc::busy);
  st.in_flight.try_emplace(id);
  return job{id, head->parent, head->epoch, head->time, m, {}};
}

void note_tick(validator_self* self, const tick_msg& m) {
  (void)m.try_read([&](schema::Tick::Reader in) {
    const auto& rules = *self->state.from.rules;
    self->state.tick_arrivals.put(in.getEra() * rules.fixed().ticks_per_era
                                      + in.getFrom() + in.getTicks(),
                                  self->state.from.options->now().value);
  });
}

void renew(validator_self* self) {
  follow<tip_change_msg>(self, self->state.from.actors.state,
                         tip_listener{self});
  renew_later(self);
}

validator_actor::behavior_type behavior(validator_self* self,
                                        const boot& from) {
  auto& st = self->state;
  st.from = from;
  const auto n = from.options->workers != 0
                     ? from.options->workers
                     : std::max(1u, std::thread::hardware_concurrency());
  st.workers = spawn_check_pool(self->system(), from, n);
  // A worker that ends takes the validator along; the supervisor makes both.
  for (const auto& w : st.workers) self->link_to(w);
  renew(self);
  return {
      [self](const block_msg& m) -> caf::result<verdict_msg> {
        auto j = admit(self, m);
        if (!j) return to_caf(j.error());
        j->asker = self->make_response_promise<verdict_msg>();
        auto answer = j->asker;
        find_parent(self, std::move(*j));
        return answer;
      },
      [self](const tick_msg& m) -> caf::result<void> {
        auto asker = self->make_response_promise<void>();
        self->request(next_worker(self), request_timeout, m)
            .then(
                [self, m, asker]() mutable {
                  note_tick(self, m);
                  acknowledge(asker);
                },
                [asker](caf::error& e) mutable {
                  asker.deliver(std::move(e));
                });
        return asker;
      },
      [self](const tip_change_msg& m) {
        (void)m.try_read([&](schema::TipChange::Reader in) {
          auto tip = codec::decode_context(view(in.getTip()));
          if (!tip) return;
          self->state.contexts.put(
              tip->id, context_msg::build([&](schema::Context::Builder out) {
                out.setRaw(in.getTip());
              }));
        });
      },
      [self](atom::wake, const block_msg& m) {
        --self->state.held;
        caf::anon_send(validator_actor{self}, m);
      },
      [self](atom::renew) { renew(self); },
      [self](atom::status) {
        const auto& s = self->state;
        return make_status(schema::Status::Health::OK, "",
                           {{"workers", std::to_string(s.workers.size())},
                            {"checking", std::to_string(s.in_flight.size())},
                            {"held", std::to_string(s.held)},
                            {"accepted", std::to_string(s.accepted)},
                            {"refused", std::to_string(s.refusals)}});
      },
  };
}
} // namespace

validator_actor spawn_validator(caf::actor_system& sys, const boot& from) {
  return sys.spawn(behavior, from);
}
} // namespace spacetime
