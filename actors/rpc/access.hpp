#pragma once
// Who may talk to the RPC port: loopback, the right names, the cookie.

#include "core/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace spacetime::rpc {
struct listen_address {
  std::string host;     ///< a numeric loopback address
  std::uint16_t port{}; ///< 0: any free one
};

/// "127.0.0.1:9791", "[::1]:9791", "localhost:9791". Errors: `bad_config` for
/// other forms and for addresses that other machines can reach.
result<listen_address> parse_listen(std::string_view text);

/// "127.0.0.1:9791" or "[::1]:9791".
std::string to_string(const listen_address& a);

/// Whether a Host header names this machine. Another name means that a web
/// page had its own name resolved to loopback (DNS rebinding).
bool is_our_host(std::string_view header);
/// Whether an Origin header is empty or a page that this machine serves.
bool is_our_origin(std::string_view header);
/// Whether an Authorization header is "Bearer <secret>"; takes the same time
/// for every wrong secret of the right length.
bool is_bearer(std::string_view header, std::string_view secret);

/// The secret and the address of a running server, as files of `run/`; they go
/// when this goes.
class cookie {
public:
  /// A new secret: 32 random bytes as hex.
  static cookie make();
  /// Writes `run/cookie` (mode 0600) and `run/rpc` ("host:port").
  /// Errors: those of disk::write_file_atomically.
  status publish(const std::filesystem::path& run_dir,
                 const listen_address& at);
  cookie() = default;
  cookie(cookie&& other) noexcept;
  cookie& operator=(cookie&& other) noexcept;
  ~cookie();

  [[nodiscard]] const std::string& secret() const { return secret_; }

private:
  std::filesystem::path run_dir_;
  std::string secret_;
};
} // namespace spacetime::rpc
