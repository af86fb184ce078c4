#include "actors/answer.hpp"
#include "actors/followers.hpp"
#include "actors/log.hpp"
#include "actors/observed.hpp"
#include "actors/validator/check_pool.hpp"
#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/codec/messages.hpp"
#include "core/consensus/block_pool.hpp"
#include "core/consensus/context.hpp"
#include "core/crypto/sign.hpp"

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
constexpr std::uint64_t longest_hold_ms = 600'000;   // ahead of our clock
constexpr std::uint64_t longest_orphan_ms = 300'000; // without a parent

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
  std::uint64_t source = 0;
  block_msg message;
  verdict_promise asker;
};

/// A block without a verdict yet.
struct passing {
  std::optional<context_msg> checked; ///< behind it, once R1 to R12 hold
  std::vector<job> children;          ///< which wait for that
  /// From other sources; tried if this one turns out to be garbled.
  std::vector<consensus::waiting_block> copies{};
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
  consensus::block_pool orphans; // of unknown parents
  consensus::block_pool early;   // ahead of our clock
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

consensus::waiting_block waiting(const job& j, std::uint64_t until) {
  consensus::waiting_block out{j.id, j.parent, j.source, {}, {until}};
  (void)j.message.try_read([&](schema::Block::Reader in) {
    const auto raw = view(in.getRaw());
    out.raw.assign(raw.begin(), raw.end());
  });
  return out;
}

/// Looks at the early blocks again when the next one's time has come.
void wake_later(validator_self* self) {
  const auto& st = self->state;
  const auto next = st.early.next();
  if (!next) return;
  const auto now = st.from.options->now().value;
  self->delayed_send(
      validator_actor{self},
      std::chrono::milliseconds{next->value > now ? next->value - now : 0},
      atom::wake_v);
}

/// R6: a block ahead of our clock is offered again when its time has come. Its
/// sender learns that it is early, and is not to blame.
void hold(validator_self* self, const job& j) {
  auto& st = self->state;
  const auto& rules = st.from.rules->spec.at(j.epoch);
  const auto now = st.from.options->now().value;
  const auto due = j.time.value - std::min(j.time.value, rules.drift_ms);
  if (due > now + longest_hold_ms) return;
  if (st.early.add(waiting(j, due))) wake_later(self);
}

/// R7, the one rule that a header shows without its parent.
bool is_sealed(const consensus::waiting_block& b) {
  const auto head = codec::header_of_block(b.raw);
  return head && verify(head->space.farmer, b.id.value, head->seal);
}

/// R3: a block of an unknown parent is offered again when that is accepted.
void keep_orphan(validator_self* self, const job& j) {
  auto& st = self->state;
  const auto now = st.from.options->now();
  auto orphan = waiting(j, now.value + longest_orphan_ms);
  if (!is_sealed(orphan)) return;
  (void)st.orphans.take_until(now);
  (void)st.orphans.add(std::move(orphan));
}

void offer_again(validator_self* self,
                 const std::vector<consensus::waiting_block>& blocks);

void refuse(validator_self* self, job& j, const caf::error& e) {
  auto& st = self->state;
  const auto why = from_caf(e);
  const auto left = st.in_flight.extract(j.id);
  ++st.refusals;
  if (why == errc::timestamp_too_late) hold(self, j);
  if (why == errc::unknown_parent) keep_orphan(self, j);
  if (condemns_id(why.code)) {
    st.refused.put(j.id, why.code);
    (void)st.orphans.take_children(j.id);
  }
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
  if (!condemns_id(why.code)) offer_again(self, left.mapped().copies);
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
            offer_again(self, st.orphans.take_children(j.id));
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
    auto& ahead = above->second;
    if (ahead.checked) return check(self, std::move(j), *ahead.checked);
    ahead.children.push_back(std::move(j));
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
            if (from_caf(e) != errc::not_found) return refuse(self, j, e);
            // It may have come while storage was asked.
            const auto& st = self->state;
            if (st.contexts.find(j.parent) || st.in_flight.contains(j.parent))
              return find_parent(self, j);
            refuse(self, j, caf::make_error(errc::unknown_parent));
          });
}

/// R1 of the header, and R3: not known, not refused, not being checked.
result<job> admit(validator_self* self, const block_msg& m) {
  auto& st = self->state;
  result<header> head = fail(errc::malformed);
  std::uint64_t source = 0;
  if (m.try_read([&](schema::Block::Reader in) {
        head = codec::header_of_block(view(in.getRaw()));
        source = in.getSource();
      }))
    return fail(errc::malformed, "block message");
  if (!head) return fail(head.error());
  const auto id = codec::id_of(st.from.rules->spec.network(), *head);
  if (const auto* code = st.refused.find(id)) return fail(*code);
  if (st.refused.find(head->parent)) return fail(errc::invalid_ancestor);
  if (st.contexts.find(id) || st.in_flight.contains(id))
    return fail(errc::duplicate);
  return job{id, head->parent, head->epoch, head->time, source, m, {}};
}

void start(validator_self* self, job j) {
  self->state.in_flight.try_emplace(j.id);
  find_parent(self, std::move(j));
}

/// Their senders have had an answer. They count against the pools' limits, so
/// not against that of the queue.
void offer_again(validator_self* self,
                 const std::vector<consensus::waiting_block>& blocks) {
  for (const auto& b : blocks) {
    if (const auto copy = self->state.in_flight.find(b.id);
        copy != self->state.in_flight.end()) {
      copy->second.copies.push_back(b);
      continue;
    }
    auto j = admit(self, block_msg::build([&](schema::Block::Builder out) {
                     out.setRaw(blob(b.raw));
                     out.setSource(b.source);
                   }));
    if (j) start(self, std::move(*j));
  }
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
  auto& st = self->state;
  (void)st.orphans.take_until(st.from.options->now()); // too old
  follow<tip_change_msg>(self, st.from.actors.state, tip_listener{self});
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
        if (self->state.in_flight.size() >= queue_limit)
          return caf::make_error(errc::busy);
        j->asker = self->make_response_promise<verdict_msg>();
        auto answer = j->asker;
        start(self, std::move(*j));
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
      [self](atom::wake) {
        auto& s = self->state;
        offer_again(self, s.early.take_until(s.from.options->now()));
        wake_later(self);
      },
      [self](atom::renew) { renew(self); },
      [self](atom::status) {
        const auto& s = self->state;
        return make_status(schema::Status::Health::OK, "",
                           {{"workers", std::to_string(s.workers.size())},
                            {"checking", std::to_string(s.in_flight.size())},
                            {"held", std::to_string(s.early.size())},
                            {"orphans", std::to_string(s.orphans.size())},
                            {"dropped", std::to_string(s.orphans.dropped()
                                                       + s.early.dropped())},
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
