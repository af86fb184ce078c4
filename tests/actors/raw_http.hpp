#pragma once
// A client that may send anything, and that waits for everything with a limit.

#include "core/base/check.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace spacetime::test {
/// A connection to a loopback port.
class raw_connection {
public:
  explicit raw_connection(std::uint16_t port)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(fd_ >= 0, "a socket can be made");
    open_ =
        ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  raw_connection(raw_connection&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), open_(other.open_) {}
  raw_connection& operator=(raw_connection&&) = delete;
  ~raw_connection() {
    if (fd_ >= 0) ::close(fd_);
  }

  [[nodiscard]] bool open() const { return open_; }

  /// False once the other side has closed.
  bool send(std::string_view data) const {
    while (!data.empty()) {
      const auto n = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      data.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  /// Whether something can be read, or the end, within the limit.
  [[nodiscard]] bool ready(std::chrono::milliseconds limit) const {
    pollfd one{fd_, POLLIN, 0};
    return ::poll(&one, 1, static_cast<int>(limit.count())) == 1;
  }

  /// All until the other side closes, or 20 s.
  [[nodiscard]] std::string read_all() const {
    std::string out;
    char part[16384];
    while (ready(std::chrono::seconds{20})) {
      const auto n = ::recv(fd_, part, sizeof part, 0);
      if (n <= 0) break;
      out.append(part, static_cast<std::size_t>(n));
    }
    return out;
  }

private:
  int fd_;
  bool open_ = false;
};

/// Sends bytes and reads the whole answer.
inline std::string fetch(std::uint16_t port, std::string_view request) {
  const raw_connection c{port};
  (void)c.send(request);
  return c.read_all();
}

/// The status of an answer; 0 without one.
inline int status_of(std::string_view answer) {
  if (!answer.starts_with("HTTP/1.1 ") || answer.size() < 12) return 0;
  return std::stoi(std::string{answer.substr(9, 3)});
}

inline std::string body_of(const std::string& answer) {
  const auto at = answer.find("\r\n\r\n");
  return at == std::string::npos ? "" : answer.substr(at + 4);
}

/// A POST with these header lines ("Name: value\r\n" each).
inline std::string post(std::string_view headers, std::string_view body) {
  return "POST / HTTP/1.1\r\n" + std::string{headers} + "Content-Length: "
         + std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}
} // namespace spacetime::test
