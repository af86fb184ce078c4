#include "actors/rpc/access.hpp"

#include "core/base/hex.hpp"
#include "core/crypto/random.hpp"
#include "core/disk/file.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <optional>
#include <utility>

namespace spacetime::rpc {
namespace {
bool is_loopback(std::string_view host) {
  const std::string text{host};
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1)
    return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, text.c_str(), &v6) == 1
         && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool is_localhost(std::string_view host) {
  constexpr std::string_view name = "localhost";
  return std::ranges::equal(host, name, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b;
  });
}

struct host_port {
  std::string_view host;
  std::optional<std::uint16_t> port;
};

/// "host", "host:port", "[v6]", "[v6]:port".
std::optional<host_port> split(std::string_view text) {
  host_port out;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) return std::nullopt;
    out.host = text.substr(1, end - 1);
    if (out.host.find(':') == out.host.npos) return std::nullopt;
    text.remove_prefix(end + 1);
  } else {
    out.host = text.substr(0, text.find(':'));
    text.remove_prefix(out.host.size());
  }
  if (text.empty()) return out;
  text.remove_prefix(1); // ':', or what from_chars then refuses
  std::uint16_t port = 0;
  const auto [at, ec] =
      std::from_chars(text.data(), text.data() + text.size(), port);
  if (ec != std::errc{} || at != text.data() + text.size() || text.empty())
    return std::nullopt;
  out.port = port;
  return out;
}
} // namespace

result<listen_address> parse_listen(std::string_view text) {
  const std::string shown{"rpc.listen = \"" + std::string{text} + "\""};
  const auto parts = split(text);
  if (!parts || !parts->port)
    return fail(errc::bad_config,
                shown + " is not HOST:PORT; set 127.0.0.1:9791");
  if (is_localhost(parts->host))
    return listen_address{"127.0.0.1", *parts->port};
  if (!is_loopback(parts->host))
    return fail(errc::bad_config,
                shown
                    + " is no loopback address, and RPC is not encrypted; set "
                      "127.0.0.1:9791 and reach it through an SSH tunnel");
  return listen_address{std::string{parts->host}, *parts->port};
}

std::string to_string(const listen_address& a) {
  const bool v6 = a.host.find(':') != std::string::npos;
  return (v6 ? "[" + a.host + "]" : a.host) + ":" + std::to_string(a.port);
}

bool is_our_host(std::string_view header) {
  const auto parts = split(header);
  return parts && (is_localhost(parts->host) || is_loopback(parts->host));
}

bool is_our_origin(std::string_view header) {
  if (header.empty()) return true;
  for (std::string_view scheme : {"http://", "https://"})
    if (header.starts_with(scheme))
      return is_our_host(header.substr(scheme.size()));
  return false; // "null" too: a sandboxed page
}

bool is_bearer(std::string_view header, std::string_view secret) {
  constexpr std::string_view scheme = "Bearer ";
  if (!header.starts_with(scheme)) return false;
  header.remove_prefix(scheme.size());
  if (secret.empty() || header.size() != secret.size()) return false;
  unsigned differs = 0;
  for (std::size_t i = 0; i < secret.size(); ++i)
    differs |= static_cast<unsigned>(header[i] ^ secret[i]);
  return differs == 0;
}

cookie cookie::make() {
  cookie out;
  out.secret_ = to_hex(random_bytes32());
  return out;
}

status cookie::publish(const std::filesystem::path& run_dir,
                       const listen_address& at) {
  if (auto ok = disk::make_directories(run_dir); !ok) return ok;
  run_dir_ = run_dir; // from here on the files go with this
  if (auto ok =
          disk::write_file_atomically(run_dir / "cookie", view(secret_), 0600);
      !ok)
    return ok;
  return disk::write_file_atomically(run_dir / "rpc",
                                     view(to_string(at) + "\n"), 0600);
}

cookie::cookie(cookie&& other) noexcept
    : run_dir_(std::exchange(other.run_dir_, {})),
      secret_(std::exchange(other.secret_, {})) {}

cookie& cookie::operator=(cookie&& other) noexcept {
  std::swap(run_dir_, other.run_dir_);
  std::swap(secret_, other.secret_);
  return *this;
}

cookie::~cookie() {
  if (run_dir_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove(run_dir_ / "rpc", ignored);
  std::filesystem::remove(run_dir_ / "cookie", ignored);
}
} // namespace spacetime::rpc
