#pragma once
// Files, with every failure of the operating system turned into an `errc` that
// names the path.

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

namespace spacetime::disk {
using path = std::filesystem::path;

/// `disk_full` for ENOSPC and EDQUOT, `io_error` for every other errno; the
/// detail is "<path>: cannot <action>: <strerror>".
error os_error(int error_number, const path& where, std::string_view action);

/// Owns an open file and closes it.
class file_descriptor {
public:
  file_descriptor() = default;
  explicit file_descriptor(int fd) : fd_(fd) {}
  file_descriptor(file_descriptor&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)) {}
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~file_descriptor() { reset(); }

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  void reset();

private:
  int fd_ = -1;
};

/// open(2) with O_CLOEXEC. Errors: `not_found` for ENOENT, else `os_error`.
result<file_descriptor> open_file(const path& where, int flags,
                                  mode_t mode = 0600);

/// Size in bytes. `where` is for the message.
result<std::uint64_t> size_of(const file_descriptor& file, const path& where);

/// Writes all of `data` at `offset`, over as many calls as it takes. After an
/// error an unknown part of it was written.
status write_at(const file_descriptor& file, std::uint64_t offset,
                byte_view data, const path& where);

/// Fills `out` from `offset` on as far as the file goes; the number of bytes
/// read. Thread-safe.
result<std::size_t> read_at(const file_descriptor& file, std::uint64_t offset,
                            std::span<std::uint8_t> out, const path& where);

/// Makes created, renamed and removed names of a directory durable.
status fsync_directory(const path& directory);

/// Makes a directory and its missing parents (0700), durably.
status make_directories(const path& directory);

/// Replaces `where` by `data` so that after a crash the file is the old one or
/// the new one, whole: a temporary name in the same directory, fsync, rename,
/// fsync of the directory. On an error before the rename the old file stays
/// and the temporary one is removed.
status write_file_atomically(const path& where, byte_view data, mode_t mode);

/// A whole file. Errors: `not_found`, `too_large` above `max_bytes`,
/// `os_error`.
result<bytes> read_file(const path& where, std::uint64_t max_bytes);

/// Bytes that this user may still write to the file system of `where`.
result<std::uint64_t> free_bytes(const path& where);

/// Holds a directory for one process, by flock(2) on a file such as `run/lock`
/// that carries the owner's process id as text. The file stays when the lock
/// goes: removing it would let two owners hold two files of one name.
class directory_lock {
public:
  /// Makes the file and its directory when they are missing. Errors:
  /// `already_running` naming the owner's process id; `os_error`.
  static result<directory_lock> take(const path& lock_file);

private:
  explicit directory_lock(file_descriptor file) : file_(std::move(file)) {}
  file_descriptor file_;
};
} // namespace spacetime::disk
