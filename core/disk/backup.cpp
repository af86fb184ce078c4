#include "core/disk/backup.hpp"

#include "core/base/hex.hpp"
#include "core/crypto/sha256_stream.hpp"
#include "core/disk/lmdb_detail.hpp"
#include "core/disk/store.hpp"
#include "core/disk/store_detail.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>

namespace spacetime::disk {
namespace {
constexpr std::size_t piece = 1 << 20;
constexpr std::uint64_t spare = 16 << 20; // free bytes that a copy leaves

/// Counts what was copied; says whether to go on.
class meter {
public:
  meter(const copy_options& options, std::uint64_t total)
      : options_(options), total_(total) {}
  status add(std::uint64_t n) {
    done_ += n;
    if (options_.progress) options_.progress(std::min(done_, total_), total_);
    if (options_.cancelled && options_.cancelled())
      return fail(errc::cancelled);
    return {};
  }

private:
  const copy_options& options_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
};

/// A new file that is hashed while it is written.
class hashed_file {
public:
  static result<hashed_file> create(const path& directory, std::string name) {
    auto file = open_file(directory / name, O_WRONLY | O_CREAT | O_EXCL);
    if (!file) return fail(file.error());
    return hashed_file{std::move(*file), directory / name, std::move(name)};
  }
  status put(byte_view part) {
    if (auto ok = write_at(file_, size_, part, where_); !ok) return ok;
    hash_.add(part);
    size_ += part.size();
    return {};
  }
  result<copied_file> finish() {
    if (::fsync(file_.fd()) != 0) return fail(os_error(errno, where_, "sync"));
    return copied_file{name_, size_, hash_.finish()};
  }

private:
  hashed_file(file_descriptor f, path where, std::string name)
      : file_(std::move(f)), where_(std::move(where)), name_(std::move(name)) {}
  file_descriptor file_;
  path where_;
  std::string name_;
  sha256_stream hash_;
  std::uint64_t size_ = 0;
};

// LMDB writes its copy without a word until it is done. Through a pipe the
// copy can be counted, hashed and stopped.
result<copied_file> copy_tables(const environment& env, const path& directory,
                                meter& progress) {
  auto out = hashed_file::create(directory, "data.mdb");
  if (!out) return fail(out.error());
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(os_error(errno, directory, "make a pipe"));
  file_descriptor in{ends[0]};
  file_descriptor to{ends[1]};
  status written;
  std::thread writer{[&] {
    written = env.copy_to(to.fd(), directory / "data.mdb");
    to.reset();
  }};
  status done;
  bytes part(piece);
  while (done) {
    const auto n = ::read(in.fd(), part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) done = fail(os_error(errno, directory, "read from a pipe"));
    if (n <= 0) break;
    done = out->put(byte_view{part}.first(static_cast<std::size_t>(n)));
    if (done) done = progress.add(static_cast<std::uint64_t>(n));
  }
  in.reset(); // a writer that still writes gets EPIPE
  writer.join();
  if (!done) return fail(done.error());
  if (!written) return fail(written.error());
  return out->finish();
}

result<copied_file> copy_segment(const path& from, const path& to,
                                 const std::string& name,
                                 std::optional<std::uint64_t> bytes_wanted,
                                 meter& progress) {
  auto in = open_file(from, O_RDONLY);
  if (!in && in.error() == errc::not_found)
    return fail(errc::stale, from.string() + " was pruned meanwhile");
  if (!in) return fail(in.error());
  auto size = size_of(*in, from);
  if (!size) return fail(size.error());
  const auto end = bytes_wanted.value_or(*size);
  if (*size < end)
    return fail(errc::corrupt, from.string() + ": shorter than committed");
  auto out = hashed_file::create(to, name);
  if (!out) return fail(out.error());
  bytes part(piece);
  for (std::uint64_t at = 0; at < end;) {
    const auto want = std::min<std::uint64_t>(part.size(), end - at);
    auto n = read_at(*in, at, std::span{part}.first(want), from);
    if (!n) return fail(n.error());
    if (*n != want) return fail(errc::corrupt, from.string() + ": cut off");
    if (auto ok = out->put(byte_view{part}.first(*n)); !ok)
      return fail(ok.error());
    if (auto ok = progress.add(*n); !ok) return fail(ok.error());
    at += *n;
  }
  return out->finish();
}

status check_room(const path& directory, std::uint64_t needed) {
  auto room = free_bytes(directory);
  if (!room) return fail(room.error());
  if (*room >= needed + spare) return {};
  return fail(errc::disk_full, directory.string() + ": " + std::to_string(*room)
                                   + " bytes free, the copy needs "
                                   + std::to_string(needed + spare));
}

status check_empty(const path& directory) {
  std::error_code why;
  const bool empty = std::filesystem::is_empty(directory, why);
  if (why) return fail(os_error(why.value(), directory, "list"));
  if (empty) return {};
  return fail(errc::duplicate,
              directory.string() + " is not empty; name a new directory");
}

/// What the snapshot in a copied data.mdb knows of the segments.
struct copied_ends {
  std::uint32_t first;
  location end;
};

result<copied_ends> ends_of(const path& directory) {
  environment_options o;
  o.tables = {"meta"};
  o.read_only = true;
  auto env = environment::open(directory, std::move(o));
  if (!env) return fail(env.error());
  auto first = number_from(*env, directory, first_segment_key);
  if (!first) return fail(first.error());
  auto raw = maybe(get_from(*env, "meta", view(end_key)));
  if (!raw) return fail(raw.error());
  if (*raw && (*raw)->size() != location_size)
    return fail(false_size(directory, "meta", view(end_key)));
  return copied_ends{*first, *raw ? take_location(**raw) : location{}};
}

result<std::vector<copied_file>> copy_all(const environment& env,
                                          const segment_files& segments,
                                          const path& directory,
                                          meter& progress) {
  std::vector<copied_file> out;
  auto tables = copy_tables(env, directory, progress);
  if (!tables) return fail(tables.error());
  out.push_back(std::move(*tables));
  auto ends = ends_of(directory);
  if (!ends) return fail(ends.error());
  std::error_code ignored; // made by looking into the copy
  std::filesystem::remove(directory / "lock.mdb", ignored);
  for (auto n = ends->first; ends->end.offset != 0 && n <= ends->end.file;
       ++n) {
    const auto from = segments.name_of(n);
    auto one = copy_segment(
        from, directory, "blocks/" + from.filename().string(),
        n == ends->end.file ? std::optional{ends->end.offset} : std::nullopt,
        progress);
    if (!one) return fail(one.error());
    out.push_back(std::move(*one));
  }
  std::string list;
  for (const auto& f : out) list += to_hex(f.sha256) + "  " + f.name + "\n";
  if (auto ok = fsync_directory(directory / "blocks"); !ok)
    return fail(ok.error());
  if (auto ok = write_file_atomically(directory / hash_list, view(list), 0600);
      !ok)
    return fail(ok.error());
  return out;
}
} // namespace

result<std::vector<copied_file>> back_up(const reader& from,
                                         const path& directory,
                                         const copy_options& options) {
  if (auto made = make_directories(directory); !made) return fail(made.error());
  if (auto ok = check_empty(directory); !ok) return fail(ok.error());
  auto segments = from.segment_bytes();
  if (!segments) return fail(segments.error());
  const auto total = from.info().used_bytes + *segments;
  if (auto ok = check_room(directory, total); !ok) return fail(ok.error());
  if (auto made = make_directories(directory / "blocks"); !made)
    return fail(made.error());
  meter progress{options, total};
  const auto& files = *from.files_;
  auto done = copy_all(files.env, files.segments, directory, progress);
  if (!done) {
    // It was empty, so all of it is ours.
    std::error_code ignored;
    for (const char* name : {"data.mdb", "lock.mdb", "blocks"})
      std::filesystem::remove_all(directory / name, ignored);
  }
  return done;
}

namespace {
struct listed {
  std::string name;
  bytes32 sha256;
};

result<std::vector<listed>> read_list(const path& directory) {
  const auto where = directory / hash_list;
  auto raw = read_file(where, 64 << 20);
  if (!raw) return fail(raw.error());
  std::vector<listed> out;
  const std::string text{raw->begin(), raw->end()};
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    at = end + 1;
    const auto hash = from_hex<32>(line.substr(0, 64));
    const auto name = line.size() > 66 ? line.substr(66) : std::string{};
    if (!hash || name.empty() || name.find("..") != name.npos
        || name.front() == '/')
      return fail(errc::corrupt, where.string() + ": a damaged line");
    out.push_back({name, *hash});
  }
  return out;
}
} // namespace

status check_hashes(const path& directory, const copy_options& options) {
  auto list = read_list(directory);
  if (!list) return fail(list.error());
  std::uint64_t total = 0;
  for (const auto& f : *list) {
    std::error_code why;
    total += std::filesystem::file_size(directory / f.name, why);
    if (why)
      return fail(errc::corrupt,
                  (directory / f.name).string() + ": " + why.message());
  }
  meter progress{options, total};
  bytes part(piece);
  for (const auto& f : *list) {
    const auto where = directory / f.name;
    auto file = open_file(where, O_RDONLY);
    if (!file) return fail(file.error());
    sha256_stream hash;
    for (std::uint64_t at = 0;;) {
      auto n = read_at(*file, at, part, where);
      if (!n) return fail(n.error());
      if (*n == 0) break;
      hash.add(byte_view{part}.first(*n));
      at += *n;
      if (auto ok = progress.add(*n); !ok) return ok;
    }
    if (hash.finish() != f.sha256)
      return fail(errc::corrupt,
                  where.string() + ": not the bytes that were written");
  }
  return {};
}

namespace {
using table_counts = std::vector<std::pair<std::string, std::uint64_t>>;

/// Entries of all tables, and the tip.
result<std::pair<table_counts, bytes>> outline_of(const path& directory) {
  environment_options o;
  o.tables = {table_names.begin(), table_names.end()};
  o.newer_tables = {newer_tables.begin(), newer_tables.end()};
  o.read_only = true;
  auto env = environment::open(directory, std::move(o));
  if (!env) return fail(env.error());
  auto txn = env->read();
  if (!txn) return fail(txn.error());
  table_counts counts;
  for (const auto* name : table_names) {
    auto n = txn->count(env->table_named(name));
    if (!n) return fail(n.error());
    counts.emplace_back(name, *n);
  }
  auto tip = txn->get(env->table_named("meta"), view(tip_key));
  if (!tip && tip.error() != errc::not_found) return fail(tip.error());
  return std::pair{std::move(counts), tip ? copy_of(*tip) : bytes{}};
}

status write_compact(const path& directory, const path& scratch,
                     const copy_options& options) {
  environment_options o;
  o.tables = {"meta"};
  o.read_only = true;
  auto env = environment::open(directory, std::move(o));
  if (!env) return fail(env.error());
  const auto used = env->info().used_bytes;
  if (auto ok = check_room(directory, used); !ok) return ok;
  if (auto made = make_directories(scratch); !made) return made;
  meter progress{options, used};
  auto copied = copy_tables(*env, scratch, progress);
  return copied ? status{} : status{fail(copied.error())};
}

/// A link or rename of data.mdb, durably.
status move_file(int (*how)(const char*, const char*), const path& from,
                 const path& to) {
  if (how(from.c_str(), to.c_str()) != 0)
    return fail(os_error(errno, to, "make"));
  return fsync_directory(to.parent_path());
}
} // namespace

status compact(const path& directory, const copy_options& options) {
  constexpr std::chrono::minutes limit{60};
  const auto scratch = directory / "compact.tmp";
  const auto file = data_file(directory);
  const auto old = directory / "data.mdb.old";
  std::error_code ignored;
  std::filesystem::remove_all(scratch, ignored); // of one that was killed
  std::filesystem::remove(old, ignored);
  auto done = write_compact(directory, scratch, options);
  if (done) done = verify_in_child(scratch, limit);
  if (done) {
    auto before = outline_of(directory);
    auto after = outline_of(scratch);
    if (!before || !after)
      done = fail(before ? after.error() : before.error());
    else if (*before != *after)
      done = fail(errc::corrupt,
                  scratch.string() + ": not what " + file.string() + " holds");
  }
  if (done) done = move_file(::link, file, old);
  if (done) {
    // Its transactions count anew: whoever still reads keeps the old locks.
    std::filesystem::remove(directory / "lock.mdb", ignored);
    done = move_file(::rename, data_file(scratch), file);
    std::filesystem::remove(directory / "lock.mdb", ignored);
    if (done) done = verify_in_child(directory, limit);
    if (!done) (void)move_file(::rename, old, file);
  }
  std::filesystem::remove_all(scratch, ignored);
  if (!done) return done;
  std::filesystem::remove(old, ignored);
  return fsync_directory(directory);
}
} // namespace spacetime::disk
