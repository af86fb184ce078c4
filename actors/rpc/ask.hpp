#pragma once
// Questions to actors from threads that are not actors.

#include "actors/answer.hpp"
#include "actors/rpc/http_server.hpp"

#include <caf/actor_system.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/scoped_actor.hpp>

#include <mutex>
#include <optional>
#include <set>
#include <utility>

namespace spacetime::rpc {
/// Questions that threads wait for, so that a stop need not outwait them.
class open_questions {
public:
  using question = std::pair<caf::strong_actor_ptr, caf::message_id>;

  void add(const question& q) {
    const std::lock_guard guard{mutex_};
    if (stopped_) return cancel(q);
    open_.insert(q);
  }
  void remove(const question& q) {
    const std::lock_guard guard{mutex_};
    open_.erase(q);
  }
  /// Answers each with `cancelled`, also those that are asked later.
  void stop() {
    const std::lock_guard guard{mutex_};
    stopped_ = true;
    for (const auto& q : open_) cancel(q);
  }

private:
  static void cancel(const question& q) {
    q.first->enqueue(
        caf::make_mailbox_element(nullptr, q.second, {},
                                  caf::make_error(errc::cancelled)),
        nullptr);
  }

  std::mutex mutex_;
  std::set<question> open_;
  bool stopped_ = false;
};

/// Asks for one HTTP request. For one thread.
class asker {
public:
  asker(caf::actor_system& sys, open_questions& open, deadline until)
      : self_(sys), open_(open), until_(until) {}

  /// A question that is on its way.
  template <class Answer>
  class pending {
  public:
    /// Waits for it. Errors: the actor's own, `timed_out`, `unavailable` if
    /// the actor is off or down, `cancelled` when the server stops.
    result<Answer> take() { return wait_(); }

  private:
    friend class asker;
    std::function<result<Answer>()> wait_;
  };

  /// Sends it; its answer is due after `longest`, or at the deadline.
  template <class Answer, class Handle, class... Ts>
  pending<Answer> ask(std::chrono::milliseconds longest, const Handle& whom,
                      const Ts&... what) {
    pending<Answer> out;
    if (!whom) {
      out.wait_ = []() -> result<Answer> { return fail(errc::unavailable); };
      return out;
    }
    auto handle = self_->request(whom, std::min(longest, left()), what...);
    out.wait_ = [this, handle]() mutable -> result<Answer> {
      result<Answer> answer = fail(errc::timed_out);
      const open_questions::question q{
          caf::actor_cast<caf::strong_actor_ptr>(self_), handle.id()};
      open_.add(q);
      handle.receive([&](const Answer& a) { answer = a; },
                     [&](caf::error& e) { answer = fail(from_caf(e)); });
      open_.remove(q);
      return answer;
    };
    return out;
  }

  /// Until the deadline; at least 1 ms, so that a request has a time limit.
  [[nodiscard]] std::chrono::milliseconds left() const {
    using namespace std::chrono;
    return std::max(milliseconds{1},
                    duration_cast<milliseconds>(until_ - steady_clock::now()));
  }
  [[nodiscard]] bool late() const {
    return std::chrono::steady_clock::now() >= until_;
  }

private:
  caf::scoped_actor self_;
  open_questions& open_;
  deadline until_;
};
} // namespace spacetime::rpc
