#pragma once
// From results of the core to answers of actors.

#include "actors/protocol.hpp"
#include "core/base/result.hpp"

#include <caf/result.hpp>
#include <caf/typed_response_promise.hpp>

#include <initializer_list>
#include <string>

namespace spacetime {
/// A value as an answer, or its error with the detail.
inline caf::error to_caf(const error& e) {
  return caf::make_error(e.code, e.detail);
}

/// The core's view of an actor's error: ours as they are; CAF's by meaning.
inline error from_caf(const caf::error& e) {
  if (e.category() == caf::atom("spacetime")) {
    std::string detail;
    if (e.context().match_elements<std::string>())
      detail = e.context().get_as<std::string>(0);
    return {static_cast<errc>(e.code()), std::move(detail)};
  }
  if (e == caf::sec::request_timeout) return {errc::timed_out};
  if (e == caf::sec::request_receiver_down) return {errc::unavailable};
  std::string detail = "actor error " + std::to_string(e.code());
  if (e.context().match_elements<std::string>()) // what an exception said
    detail = e.context().get_as<std::string>(0);
  return {errc::internal, std::move(detail)};
}

/// Answers a request that only wants to know that it is done; CAF 0.17's typed
/// promise cannot say so itself.
inline void acknowledge(caf::typed_response_promise<void>& asker) {
  static_cast<caf::response_promise&>(asker).deliver(caf::unit);
}

/// What an actor publishes of itself.
inline status_msg make_status(
    schema::Status::Health health, const std::string& why,
    std::initializer_list<std::pair<const char*, std::string>> entries) {
  return status_msg::build([&](schema::Status::Builder out) {
    out.setHealth(health);
    out.setWhy(why);
    auto all = out.initEntries(static_cast<unsigned>(entries.size()));
    unsigned i = 0;
    for (const auto& [key, value] : entries) {
      all[i].setKey(key);
      all[i++].setValue(value);
    }
  });
}
} // namespace spacetime
