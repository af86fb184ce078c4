#pragma once
// Events by lease: a follower renews its place, so that neither side has to
// notice that the other one died and came back.

#include "actors/boot.hpp"

#include <caf/actor_clock.hpp>

#include <map>

namespace spacetime {
/// Who follows a source of events, each until its lease ends.
template <class Handle>
class followers {
public:
  using time_point = caf::actor_clock::time_point;

  void renew(const Handle& who, time_point now) { until_[who] = now + lease; }

  /// Calls `f(handle)` for each whose lease holds; forgets the others.
  template <class F>
  void each(time_point now, F&& f) {
    std::erase_if(until_, [&](const auto& x) { return x.second < now; });
    for (const auto& [who, until] : until_) f(who);
  }

  [[nodiscard]] std::size_t size() const { return until_.size(); }

private:
  std::map<Handle, time_point> until_;
};

/// Asks `source` for a place, sends the answer to oneself as the event that it
/// is. Call it at the start and in the handler of `atom::renew`.
template <class Answer, class Self, class Source, class Listener, class... More>
void follow(Self* self, const Source& source, const Listener& me,
            const More&... more) {
  if (!source) return;
  self->request(source, request_timeout, atom::follow_v, me, more...)
      .then([self, me](const Answer& answer) { self->send(me, answer); },
            [](caf::error&) {}); // asked again with the next renewal
}

/// Sends `atom::renew` to oneself a third of a lease from now.
template <class Self>
void renew_later(Self* self) {
  self->delayed_send(follower_actor{self}, lease / 3, atom::renew_v);
}
} // namespace spacetime
