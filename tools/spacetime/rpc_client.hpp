#pragma once
// Asking the node of a data directory.

#include "actors/rpc/json_values.hpp"
#include "tools/spacetime/config/home.hpp"

#include <chrono>

namespace spacetime::cli {
using rpc::json;

class rpc_client {
public:
  /// Reads `run/rpc` and `run/cookie`. Errors: `unavailable` if no node runs
  /// there, as far as the files tell; `io_error`, `bad_encoding`.
  static result<rpc_client> open(const config::home& home);

  /// The method's result. Errors: `unavailable` if nothing answers; `timed_out`
  /// after `limit`; else the node's own refusal, its code and its words.
  result<json>
  call(const std::string& method, const json& params = json::array(),
       std::chrono::milliseconds limit = std::chrono::seconds{3}) const;

  /// "127.0.0.1:9791".
  [[nodiscard]] const std::string& address() const { return address_; }

private:
  std::string address_, host_, secret_;
  std::uint16_t port_ = 0;
};

/// What a node's answer to a call says. Errors: the node's refusal; a node
/// whose own part is `unavailable` is `busy`, since it did answer.
result<json> open_answer(const std::string& body);
} // namespace spacetime::cli
