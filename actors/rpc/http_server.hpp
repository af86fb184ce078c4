#pragma once
// An HTTP server with a bound on everything: connections, bytes, time. One
// request per connection. What the requests mean is the business of others.

#include "actors/rpc/access.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace spacetime::rpc {
using deadline = std::chrono::steady_clock::time_point;

struct http_options {
  listen_address at;
  unsigned workers = 8;
  std::size_t queued = 64;          ///< connections that wait for a worker
  std::size_t max_body = 1'000'000; ///< bytes
  /// From the first byte to the last, for a whole request; and for reading an
  /// answer.
  std::chrono::milliseconds transfer_limit{5'000};
  std::chrono::milliseconds work_limit{10'000}; ///< between the two
};

/// What a request says before its body.
struct http_head {
  std::string method, path, host, origin, authorization, content_type;
};

struct http_answer {
  int status = 200;
  std::string body;
  std::string type = "application/json";
};

/// Counters of a server; any thread may read them.
struct http_counters {
  std::atomic<std::uint64_t> served{0}; ///< answered by the handler
  std::atomic<std::uint64_t> busy{0};   ///< refused with 503
};

class http_server {
public:
  /// Refuses a request before its body is read; nothing lets it pass.
  using gate = std::function<std::optional<http_answer>(const http_head&)>;
  /// Called by up to `workers` threads at once, until the deadline.
  using handler = std::function<http_answer(
      const http_head&, const std::string& body, deadline until)>;

  /// Listens from now on. Errors: `io_error` naming the address.
  static result<std::unique_ptr<http_server>> start(const http_options& options,
                                                    gate g, handler h);
  /// Stops listening, cuts open connections, waits for handlers.
  ~http_server();
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  /// Where it listens; the port is the real one.
  [[nodiscard]] const listen_address& address() const;
  [[nodiscard]] std::shared_ptr<const http_counters> counters() const;

private:
  struct running;
  explicit http_server(std::unique_ptr<running> r);
  std::unique_ptr<running> running_;
};
} // namespace spacetime::rpc
