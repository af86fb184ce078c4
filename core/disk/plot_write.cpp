// Writing: sizes first, then the data, the header last.
#include "core/crypto/sha256_stream.hpp"
#include "core/disk/plot_layout.hpp"
#include "core/space/park.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace spacetime::disk {
namespace {
using fragment_span = std::span<const std::uint64_t>;

// Takes the fragments of one park from the front.
fragment_span take_park(unsigned k, std::uint64_t park, fragment_span& rest) {
  const auto end = (park + 1) << space::park_shift(k);
  std::size_t n = 0;
  while (n < rest.size() && rest[n] < end) ++n;
  const auto out = rest.first(n);
  rest = rest.subspan(n);
  return out;
}

// Start of every group in units, and the end of the last one.
result<std::vector<std::uint32_t>> plan_index(unsigned k, fragment_span rest) {
  std::vector<std::uint32_t> out{0};
  std::uint64_t park = 0;
  for (std::size_t g = 0; g < group_count(k); ++g) {
    std::uint64_t size = table_size;
    for (std::size_t i = 0; i < parks_per_group; ++i, ++park) {
      const auto bytes =
          4 + space::park_size(k, park, take_park(k, park, rest));
      if (bytes > most_park_bytes)
        return fail(errc::too_large, "a park that no plot has");
      size += bytes;
    }
    out.push_back(out.back() + static_cast<std::uint32_t>(padded(size) / unit));
  }
  return out;
}

bytes encode_index(unsigned k, const std::vector<std::uint32_t>& index) {
  bytes out(data_offset(k) - index_offset);
  for (std::size_t i = 0; i < index.size(); ++i) put_le(out, 4 * i, index[i]);
  return out;
}

void encode_group(unsigned k, std::size_t group, fragment_span& rest,
                  bytes& out) {
  out.assign(table_size, 0);
  auto park = std::uint64_t{group} * parks_per_group;
  for (std::size_t i = 0; i < parks_per_group; ++i, ++park) {
    const auto start = out.size();
    out.resize(start + 4);
    space::encode_park(k, park, take_park(k, park, rest), out);
    put_le(out, start, checksum(byte_view{out}.subspan(start + 4)));
    put_le(out, 2 * i, static_cast<std::uint16_t>(out.size() - start));
  }
  out.resize(padded(out.size()));
}

// A file under its temporary name; removed unless it got its final one.
class temporary_file {
public:
  static result<temporary_file> make(const path& final_path);
  temporary_file(temporary_file&& other) noexcept
      : where_(std::move(other.where_)), file_(std::move(other.file_)) {
    other.where_.clear();
  }
  temporary_file& operator=(temporary_file&&) = delete;
  ~temporary_file() {
    if (!where_.empty()) ::unlink(where_.c_str());
  }

  status write(std::uint64_t offset, byte_view data) {
    return write_at(file_, offset, data, where_);
  }
  status sync() {
    if (::fsync(file_.fd()) != 0) return fail(os_error(errno, where_, "sync"));
    return {};
  }
  /// Takes the space now: a full disk shows before the work, and the file
  /// lies in one piece. Not every file system can.
  status reserve(std::uint64_t size) {
    if (::fallocate(file_.fd(), 0, 0, static_cast<off_t>(size)) == 0) return {};
    if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
      return fail(os_error(errno, where_, "reserve space"));
    return {};
  }
  status rename_to(const path& final_path);

private:
  temporary_file(path where, file_descriptor file)
      : where_(std::move(where)), file_(std::move(file)) {}
  path where_;
  file_descriptor file_;
};

bool same_file(const file_descriptor& file, const path& where) {
  struct stat a {
  }, b{};
  return ::fstat(file.fd(), &a) == 0 && ::stat(where.c_str(), &b) == 0
         && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

// A writer holds a lock on its file, so a file without one is a left-over.
status remove_left_over(const path& where) {
  const auto file = open_file(where, O_RDWR);
  if (!file && file.error() == errc::not_found) return {};
  if (!file) return fail(file.error());
  if (::flock(file->fd(), LOCK_EX | LOCK_NB) != 0)
    return fail(errc::busy, where.string() + " is being written");
  if (same_file(*file, where) && ::unlink(where.c_str()) != 0)
    return fail(os_error(errno, where, "remove"));
  return {};
}

result<temporary_file> temporary_file::make(const path& final_path) {
  const auto where = temporary_name(final_path);
  constexpr auto flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
  int fd = ::open(where.c_str(), flags, 0644);
  if (fd < 0 && errno == EEXIST) {
    if (auto removed = remove_left_over(where); !removed)
      return fail(removed.error());
    fd = ::open(where.c_str(), flags, 0644);
  }
  if (fd < 0) return fail(os_error(errno, where, "make"));
  file_descriptor file{fd};
  // Between open and flock another writer may have taken it for a left-over.
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 || !same_file(file, where))
    return fail(errc::busy, where.string() + " is being written");
  return temporary_file{where, std::move(file)};
}

status temporary_file::rename_to(const path& final_path) {
  const auto *const from = where_.c_str(), *const to = final_path.c_str();
  auto done = ::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
  // Some file systems cannot; a second name never replaces one, either.
  if (done != 0 && (errno == EINVAL || errno == ENOSYS)) {
    done = ::link(from, to);
    if (done == 0) ::unlink(from);
  }
  if (done != 0 && errno == EEXIST)
    return fail(errc::duplicate, final_path.string() + " exists");
  if (done != 0) return fail(os_error(errno, where_, "rename"));
  where_.clear();
  const auto parent = final_path.parent_path();
  return fsync_directory(parent.empty() ? path{"."} : parent);
}

status write_data(temporary_file& file, const plot_info& info,
                  fragment_span fragments,
                  const std::vector<std::uint32_t>& index, bytes32& digest,
                  const std::atomic<bool>* cancel) {
  sha256_stream sha;
  auto offset = index_offset;
  const auto put = [&](const bytes& raw) {
    sha.add(raw);
    offset += raw.size();
    return file.write(offset - raw.size(), raw);
  };
  if (auto ok = put(encode_index(info.k, index)); !ok) return ok;
  bytes group;
  for (std::size_t g = 0; g < group_count(info.k); ++g) {
    if (is_set(cancel)) return fail(errc::cancelled);
    encode_group(info.k, g, fragments, group);
    if (auto ok = put(group); !ok) return ok;
  }
  digest = sha.finish();
  return file.sync();
}
} // namespace

path temporary_name(const path& final_path) {
  return final_path.string() + ".tmp";
}

std::uint64_t plot_file_size(unsigned k, fragment_span fragments) {
  const auto index = plan_index(k, fragments);
  return index ? data_offset(k) + index->back() * unit : 0;
}

status write_plot(const path& final_path, const plot_info& info,
                  fragment_span fragments, const std::atomic<bool>* cancel) {
  if (auto ok = space::check(params_of(info)); !ok) return ok;
  if (recomputed_id(info) != info.plot_id)
    return fail(errc::bad_plot_parameters, "the plot id is of other fields");
  check(
      std::is_sorted(fragments.begin(), fragments.end())
          && (fragments.empty() || fragments.back() <= space::mask(2 * info.k)),
      "a plot's fragments ascend");
  if (::access(final_path.c_str(), F_OK) == 0)
    return fail(errc::duplicate, final_path.string() + " exists");
  const auto index = plan_index(info.k, fragments);
  if (!index) return fail(index.error());
  auto whole = info;
  whole.entries = fragments.size();
  whole.file_size = data_offset(info.k) + index->back() * unit;
  auto file = temporary_file::make(final_path);
  if (!file) return fail(file.error());
  bytes32 digest{};
  if (auto ok = file->reserve(whole.file_size); !ok) return ok;
  if (auto ok = write_data(*file, whole, fragments, *index, digest, cancel);
      !ok)
    return ok;
  if (auto ok = file->write(0, make_header(whole, digest)); !ok) return ok;
  if (auto ok = file->sync(); !ok) return ok;
  if (is_set(cancel)) return fail(errc::cancelled);
  return file->rename_to(final_path);
}
} // namespace spacetime::disk
