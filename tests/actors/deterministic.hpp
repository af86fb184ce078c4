#pragma once
// An actor system that a test moves by hand.

#include "actors/answer.hpp"
#include "actors/boot.hpp"
#include "actors/system_config.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

namespace spacetime::test {
/// What a request came to; empty until it is answered.
template <class T>
using answer = std::shared_ptr<std::optional<tl::expected<T, caf::error>>>;

/// One thread, virtual time from zero, the same order in every run. For actors
/// without threads of their own: spawn them with `boot::detached = false`.
class deterministic {
public:
  deterministic() = default;
  deterministic(const deterministic&) = delete;
  deterministic& operator=(const deterministic&) = delete;

  /// An actor or a timeout that is left would hang the system's destructor.
  ~deterministic() { stop_all(); }

  /// Ends all that `keep` has seen. Call it in the destructor of a derived
  /// fixture whose members the actors use.
  void stop_all() {
    for (const auto& a : kept_) caf::anon_send_exit(a, caf::exit_reason::kill);
    kept_.clear();
    sched.run();
    sched.clock().cancel_all();
    sched.run();
  }

  /// Stops the actor at the end of the test.
  template <class Handle>
  Handle keep(Handle h) {
    kept_.push_back(caf::actor_cast<caf::actor>(h));
    return h;
  }

  /// Runs every mailbox dry; time stands still.
  void run() { sched.run(); }

  /// Moves virtual time in steps of at most 100 ms, so that what a timeout
  /// starts can have timeouts of its own.
  void advance(std::chrono::milliseconds d) {
    const auto until = now() + d;
    while (now() < until) {
      sched.advance_time(std::min<caf::timespan>(
          until - now(), std::chrono::milliseconds{100}));
      sched.run();
    }
  }

  /// Virtual time since the start.
  [[nodiscard]] std::chrono::nanoseconds now() {
    return sched.clock().now().time_since_epoch();
  }

  /// Sends a request and runs every mailbox dry; perhaps there is an answer.
  template <class T, class Handle, class... Ts>
  answer<T> request(const Handle& to, const Ts&... xs) {
    auto out = std::make_shared<std::optional<tl::expected<T, caf::error>>>();
    const auto refused = [out](caf::error& e) { *out = tl::unexpected{e}; };
    keep(sys.spawn([=](caf::event_based_actor* me) {
      if constexpr (std::is_void_v<T>)
        me->request(to, caf::infinite, xs...)
            .then([out] { out->emplace(); }, refused);
      else
        me->request(to, caf::infinite, xs...)
            .then([out](const T& x) { *out = x; }, refused);
    }));
    run();
    return out;
  }

  /// The same where an answer must be there at once. `timed_out`: there is
  /// none.
  template <class T, class Handle, class... Ts>
  result<T> ask(const Handle& to, const Ts&... xs) {
    return opened(request<T>(to, xs...));
  }

  /// The core's view of an answer.
  template <class T>
  static result<T> opened(const answer<T>& a) {
    if (!*a) return fail(errc::timed_out, "no answer");
    if (!**a) return fail(from_caf((*a)->error()));
    if constexpr (std::is_void_v<T>)
      return {};
    else
      return ***a;
  }

private:
  struct testing_config : system_config {
    testing_config() { set("scheduler.policy", caf::atom("testing")); }
  };
  testing_config config_;

public:
  caf::actor_system sys{config_};
  caf::scheduler::test_coordinator& sched =
      dynamic_cast<caf::scheduler::test_coordinator&>(sys.scheduler());

private:
  std::vector<caf::actor> kept_;
};

/// A published value of an actor; empty if there is none.
inline std::string entry(const status_msg& m, std::string_view key) {
  std::string out;
  if (m.try_read([&](schema::Status::Reader in) {
        for (auto e : in.getEntries())
          if (std::string_view{e.getKey().cStr()} == key)
            out = e.getValue().cStr();
      }))
    return "unreadable";
  return out;
}

/// What an actor says is wrong; empty if nothing is.
inline std::string problem(const status_msg& m) {
  std::string out;
  if (m.try_read([&](schema::Status::Reader in) {
        if (in.getHealth() != schema::Status::Health::OK)
          out = std::string{"!"} + in.getWhy().cStr();
      }))
    return "unreadable";
  return out;
}
} // namespace spacetime::test
