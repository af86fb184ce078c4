#pragma once

#include "core/base/error.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <functional>
#include <string>

namespace spacetime {
struct supervisor_options {
  std::string name;
  std::function<caf::actor(caf::actor_system&)> make;
  /// Told that the actor crashed again and again, and why the last time; the
  /// node must stop.
  std::function<void(const std::string& name, const error& why)> give_up;
};

/// A stable address for an actor that may crash: forwards every message to the
/// present child, makes a new one after a crash (100 ms, doubled up to 5 s),
/// and gives up after 5 crashes within 60 s. While there is no child, requests
/// are answered with `unavailable`. It ends, and its child with it, by any
/// exit.
caf::actor spawn_supervisor(caf::actor_system& sys, supervisor_options options);
} // namespace spacetime
