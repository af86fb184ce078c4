#pragma once
// A directory that goes away and a child that may crash.

#include "core/base/check.hpp"
#include "core/disk/file.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <random>

namespace spacetime::test {
using disk::path;

class temporary_directory {
public:
  temporary_directory() {
    std::string name =
        (std::filesystem::temp_directory_path() / "disk-XXXXXX").string();
    check(::mkdtemp(name.data()) != nullptr, "mkdtemp works");
    where_ = name;
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(where_, ignored);
  }
  [[nodiscard]] const path& operator*() const { return where_; }
  path operator/(const char* name) const { return where_ / name; }

private:
  path where_;
};

inline constexpr int crashed = 1000;

/// What `body` returns (0-99) in a child process, or `crashed` + the signal.
template <class F>
int in_child(F body) {
  const auto child = ::fork();
  check(child >= 0, "fork works");
  if (child == 0) {
    for (int s : {SIGSEGV, SIGBUS, SIGABRT}) std::signal(s, SIG_DFL);
    ::_exit(body());
  }
  int how = 0;
  check(::waitpid(child, &how, 0) == child, "waitpid works");
  return WIFSIGNALED(how) ? crashed + WTERMSIG(how) : WEXITSTATUS(how);
}

inline bytes some_bytes(std::uint64_t seed, std::size_t n) {
  std::mt19937_64 next{seed};
  bytes out(n);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(next());
  return out;
}

inline bytes32 some_id(std::uint64_t seed) {
  bytes32 out{};
  const auto raw = some_bytes(seed, out.size());
  std::copy(raw.begin(), raw.end(), out.begin());
  return out;
}

inline bytes read_whole(const path& file) {
  auto out = disk::read_file(file, std::uint64_t{1} << 40);
  check(out.has_value(), "the file of a test can be read");
  return *out;
}

// In place and without a sync: tests do it thousands of times, and ext4 syncs
// a file that is cut to nothing and written again.
inline void write_whole(const path& file, byte_view data) {
  auto out = disk::open_file(file, O_WRONLY | O_CREAT);
  check(out && disk::write_at(*out, 0, data, file)
            && ::ftruncate(out->fd(), static_cast<off_t>(data.size())) == 0,
        "the file of a test can be written");
}
} // namespace spacetime::test
