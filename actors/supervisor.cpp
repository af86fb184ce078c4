#include "actors/supervisor.hpp"

#include "actors/answer.hpp"
#include "actors/log.hpp"
#include "actors/observed.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/response_promise.hpp>
#include <caf/stateful_actor.hpp>

#include <deque>

using namespace std::chrono_literals;

namespace spacetime {
namespace {
constexpr std::size_t budget = 5;
constexpr auto budget_window = 60s;

struct supervisor_state {
  supervisor_state() = default;
  caf::actor child;
  std::deque<caf::actor_clock::time_point> crashes; // within the window
  static inline const char* name = "supervisor";
};

using supervisor_self =
    caf::stateful_actor<supervisor_state, observed<caf::event_based_actor>>;

void spawn_child(supervisor_self* self, const supervisor_options& o) {
  self->state.child = o.make(self->system());
  self->link_to(self->state.child);
}

/// The wait before the next child.
std::chrono::milliseconds note_crash(supervisor_self* self) {
  auto& crashes = self->state.crashes;
  const auto now = self->clock().now();
  crashes.push_back(now);
  while (now - crashes.front() > budget_window) crashes.pop_front();
  return std::min<std::chrono::milliseconds>(
      100ms * (1 << std::min<std::size_t>(crashes.size() - 1, 6)), 5s);
}

caf::behavior supervisor(supervisor_self* self, supervisor_options o) {
  self->set_exit_handler([self, o](caf::exit_msg& x) {
    const bool ours = self->state.child && x.source == self->state.child;
    if (!ours || x.reason == caf::exit_reason::user_shutdown)
      return self->quit(x.reason); // told to end; the link ends the child
    self->state.child = nullptr;
    const auto wait = note_crash(self);
    log_event(log_level::error, o.name, "actor_restarted",
              {{"reason", to_string(from_caf(x.reason))},
               {"crashes", std::to_string(self->state.crashes.size())}});
    if (self->state.crashes.size() > budget) {
      o.give_up(o.name, from_caf(x.reason));
      return self->quit(x.reason);
    }
    self->delayed_send(self, wait, atom::respawn_v);
  });
  self->set_default_handler(
      [self](auto*, auto& x) -> caf::result<caf::message> {
        if (!self->state.child) return caf::make_error(errc::unavailable);
        auto asker = self->make_response_promise();
        asker.delegate(self->state.child, x.move_content_to_message());
        return asker; // the child answers the asker
      });
  spawn_child(self, o);
  return {[self, o](atom::respawn) { spawn_child(self, o); }};
}
} // namespace

caf::actor spawn_supervisor(caf::actor_system& sys, supervisor_options o) {
  return sys.spawn(supervisor, std::move(o));
}
} // namespace spacetime
