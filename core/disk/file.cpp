#include "core/disk/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

namespace spacetime::disk {
namespace {
path directory_of(const path& file) {
  const auto parent = file.parent_path();
  return parent.empty() ? path{"."} : parent;
}

// The pid that an earlier owner wrote; for the message only.
std::string owner_of(const file_descriptor& lock, const path& where) {
  std::array<std::uint8_t, 20> text{};
  const auto n = read_at(lock, 0, text, where);
  std::string digits;
  for (std::size_t i = 0; n && i < *n; ++i) {
    if (text[i] < '0' || text[i] > '9') break;
    digits += static_cast<char>(text[i]);
  }
  return digits.empty() ? "unknown" : digits;
}

status write_and_sync(const file_descriptor& file, byte_view data, mode_t mode,
                      const path& where) {
  if (::fchmod(file.fd(), mode) != 0)
    return fail(os_error(errno, where, "set the mode"));
  if (auto written = write_at(file, 0, data, where); !written) return written;
  if (::fsync(file.fd()) != 0) return fail(os_error(errno, where, "sync"));
  return {};
}
} // namespace

error os_error(int error_number, const path& where, std::string_view action) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  return {full ? errc::disk_full : errc::io_error,
          where.string() + ": cannot " + std::string{action} + ": "
              + std::generic_category().message(error_number)};
}

void file_descriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

result<file_descriptor> open_file(const path& where, int flags, mode_t mode) {
  const int fd = ::open(where.c_str(), flags | O_CLOEXEC, mode);
  if (fd >= 0) return file_descriptor{fd};
  auto why = os_error(errno, where, "open");
  if (errno == ENOENT) why.code = errc::not_found;
  return fail(std::move(why));
}

result<std::uint64_t> size_of(const file_descriptor& file, const path& where) {
  struct stat about {};
  if (::fstat(file.fd(), &about) != 0)
    return fail(os_error(errno, where, "stat"));
  return static_cast<std::uint64_t>(about.st_size);
}

status write_at(const file_descriptor& file, std::uint64_t offset,
                byte_view data, const path& where) {
  while (!data.empty()) {
    const auto n = ::pwrite(file.fd(), data.data(), data.size(),
                            static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(os_error(errno, where, "write"));
    offset += static_cast<std::uint64_t>(n);
    data = data.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

result<std::size_t> read_at(const file_descriptor& file, std::uint64_t offset,
                            std::span<std::uint8_t> out, const path& where) {
  std::size_t done = 0;
  while (done < out.size()) {
    const auto n = ::pread(file.fd(), out.data() + done, out.size() - done,
                           static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(os_error(errno, where, "read"));
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

status fsync_directory(const path& directory) {
  auto file = open_file(directory, O_RDONLY | O_DIRECTORY);
  if (!file) return fail(file.error());
  if (::fsync(file->fd()) != 0)
    return fail(os_error(errno, directory, "sync the directory"));
  return {};
}

status make_directories(const path& directory) {
  std::error_code ignored;
  if (directory.empty() || std::filesystem::is_directory(directory, ignored))
    return {};
  if (auto parent = make_directories(directory.parent_path()); !parent)
    return parent;
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(os_error(errno, directory, "make the directory"));
  return fsync_directory(directory_of(directory));
}

status write_file_atomically(const path& where, byte_view data, mode_t mode) {
  auto temporary = where.string() + ".XXXXXX";
  const int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return fail(os_error(errno, where, "make a temporary file"));
  status done = write_and_sync(file_descriptor{fd}, data, mode, temporary);
  if (done && ::rename(temporary.c_str(), where.c_str()) != 0)
    done = fail(os_error(errno, where, "rename"));
  if (!done) {
    ::unlink(temporary.c_str());
    return done;
  }
  return fsync_directory(directory_of(where));
}

result<bytes> read_file(const path& where, std::uint64_t max_bytes) {
  auto file = open_file(where, O_RDONLY);
  if (!file) return fail(file.error());
  // Files of /proc claim a size of 0, others may grow: read, do not believe.
  max_bytes = std::min(max_bytes, std::uint64_t{1} << 62);
  bytes out;
  for (std::uint64_t step = 4096;; step = 1 << 20) {
    const auto had = out.size();
    out.resize(had + std::min(step, max_bytes + 1 - had));
    auto n = read_at(*file, had, std::span{out}.subspan(had), where);
    if (!n) return fail(n.error());
    const bool ended = *n < out.size() - had;
    out.resize(had + *n);
    if (out.size() > max_bytes)
      return fail(errc::too_large, where.string() + ": more than "
                                       + std::to_string(max_bytes) + " bytes");
    if (ended) return out;
  }
}

result<std::uint64_t> free_bytes(const path& where) {
  struct statvfs about {};
  if (::statvfs(where.c_str(), &about) != 0)
    return fail(os_error(errno, where, "ask for the free space"));
  return static_cast<std::uint64_t>(about.f_bavail) * about.f_frsize;
}

result<directory_lock> directory_lock::take(const path& lock_file) {
  if (auto made = make_directories(directory_of(lock_file)); !made)
    return fail(made.error());
  auto file = open_file(lock_file, O_RDWR | O_CREAT);
  if (!file) return fail(file.error());
  if (::flock(file->fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail(os_error(errno, lock_file, "lock"));
    return fail(errc::already_running, lock_file.string()
                                           + " is held by process "
                                           + owner_of(*file, lock_file));
  }
  const auto pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file->fd(), 0) != 0)
    return fail(os_error(errno, lock_file, "truncate"));
  if (auto written = write_at(*file, 0, view(pid), lock_file); !written)
    return fail(written.error());
  return directory_lock{std::move(*file)};
}
} // namespace spacetime::disk
