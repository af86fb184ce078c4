#include "core/disk/segment_file.hpp"

#include "core/base/check.hpp"

#include <fcntl.h>
#include <unistd.h>
#define XXH_STATIC_LINKING_ONLY // the streaming state on the stack
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <system_error>

namespace spacetime::disk {
namespace {
constexpr std::string_view file_magic = "STBLOCK\n";
constexpr std::uint32_t file_version = 1;
constexpr std::uint64_t file_header = 64;
constexpr std::size_t summed_header = 56;
constexpr std::uint32_t record_magic = 0x53544252; // "STBR"
constexpr std::size_t record_header = 16;
constexpr std::size_t most_open = 32;

using shared_file = std::shared_ptr<const file_descriptor>;

bytes header_of(std::uint32_t file, const network_id& network) {
  writer out;
  out.put(view(file_magic)).put(file_version).put(file);
  out.put(byte_view{network.value}).put(std::uint64_t{0});
  const auto sum = XXH3_64bits(out.view().data(), out.view().size());
  return std::move(out.put(std::uint64_t{sum})).take();
}

// XXH3-64 of length || payload.
std::uint64_t record_checksum(std::uint32_t length, byte_view payload) {
  const auto prefix = be(length);
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, prefix.data(), prefix.size());
  XXH3_64bits_update(&state, payload.data(), payload.size());
  return XXH3_64bits_digest(&state);
}

bytes record_of(byte_view payload) {
  const auto length = static_cast<std::uint32_t>(payload.size());
  bytes out;
  out.reserve(record_header + payload.size());
  const auto put = [&](byte_view part) {
    out.insert(out.end(), part.begin(), part.end());
  };
  put(be(record_magic));
  put(be(length));
  put(be(record_checksum(length, payload)));
  put(payload);
  return out;
}

tl::unexpected<error> bad_record(const path& file, const location& where,
                                 const char* what) {
  return fail(errc::corrupt, file.string() + ": offset "
                                 + std::to_string(where.offset) + ": " + what);
}
} // namespace

struct open_segments {
  path directory;
  network_id network;
  segment_options options;
  location end{};
  std::map<std::uint32_t, shared_file> unsynced{};
  bool new_names = false;
  bool failed = false;
  mutable std::mutex mutex{}; ///< guards `readers`
  mutable std::map<std::uint32_t, shared_file> readers{};

  open_segments(path d, network_id n, segment_options o)
      : directory(std::move(d)), network(n), options(std::move(o)) {}
  [[nodiscard]] path name_of(std::uint32_t file) const {
    std::array<char, 16> text;
    std::snprintf(text.data(), text.size(), "%06u.seg",
                  static_cast<unsigned>(file));
    return directory / text.data();
  }
  status check_header(const file_descriptor& file, std::uint32_t number) const;
  result<shared_file> reading(std::uint32_t file) const;
  result<shared_file> writing(std::uint32_t file);
  result<shared_file> create(std::uint32_t file);
  status find_end();
  status remove(std::uint32_t from, std::uint64_t to);
};

status open_segments::check_header(const file_descriptor& file,
                                   std::uint32_t number) const {
  const auto where = name_of(number);
  std::array<std::uint8_t, file_header> raw;
  auto n = read_at(file, 0, raw, where);
  if (!n) return fail(n.error());
  reader sum{byte_view{raw}.subspan(summed_header)};
  if (*n != raw.size()
      || sum.take<std::uint64_t>() != XXH3_64bits(raw.data(), summed_header))
    return fail(errc::corrupt, where.string() + ": damaged header");
  reader in{raw};
  const auto magic = in.take(file_magic.size());
  const auto version = in.take<std::uint32_t>();
  const auto its_number = in.take<std::uint32_t>();
  const network_id its_network{in.take<32>()};
  if (!std::equal(magic.begin(), magic.end(), view(file_magic).begin())
      || version != file_version || its_number != number)
    return fail(errc::corrupt,
                where.string() + ": not version 1 of this segment");
  if (its_network != network)
    return fail(errc::wrong_network,
                where.string() + " belongs to another network");
  return {};
}

result<shared_file> open_segments::reading(std::uint32_t number) const {
  std::lock_guard lock{mutex};
  if (auto known = readers.find(number); known != readers.end())
    return known->second;
  auto file = open_file(name_of(number), O_RDONLY);
  if (!file && file.error() == errc::not_found)
    return fail(errc::corrupt, file.error().detail);
  if (!file) return fail(file.error());
  if (auto sound = check_header(*file, number); !sound)
    return fail(sound.error());
  // Whoever still reads from a file that goes keeps it by the shared pointer.
  if (readers.size() >= most_open) readers.erase(readers.begin());
  auto shared = std::make_shared<const file_descriptor>(std::move(*file));
  readers.emplace(number, shared);
  return shared;
}

result<shared_file> open_segments::writing(std::uint32_t number) {
  if (auto known = unsynced.find(number); known != unsynced.end())
    return known->second;
  if (end.offset == 0) return create(number);
  auto file = open_file(name_of(number), O_RDWR);
  if (!file) return fail(file.error());
  if (auto sound = check_header(*file, number); !sound)
    return fail(sound.error());
  auto shared = std::make_shared<const file_descriptor>(std::move(*file));
  unsynced.emplace(number, shared);
  return shared;
}

result<shared_file> open_segments::create(std::uint32_t number) {
  const auto where = name_of(number);
  auto file = open_file(where, O_RDWR | O_CREAT | O_TRUNC);
  if (!file) return fail(file.error());
  new_names = true;
  auto written = write_at(*file, 0, header_of(number, network), where);
  if (!written) return fail(written.error());
  auto shared = std::make_shared<const file_descriptor>(std::move(*file));
  unsynced.emplace(number, shared);
  return shared;
}

status open_segments::find_end() {
  std::error_code why;
  std::uint64_t files = 0;
  std::uint32_t last = 0;
  auto lowest = options.first;
  for (std::filesystem::directory_iterator at{directory, why}, stop;
       !why && at != stop; at.increment(why)) {
    const auto stem = at->path().stem().string();
    if (at->path().extension() != ".seg" || stem.empty() || stem.size() > 9
        || stem.find_first_not_of("0123456789") != std::string::npos)
      continue;
    const auto number = static_cast<std::uint32_t>(std::stoul(stem));
    lowest = std::min(lowest, number);
    if (number < options.first) continue;
    ++files;
    last = std::max(last, number);
  }
  if (why) return fail(os_error(why.value(), directory, "list"));
  // A crash came between the commit that forgets them and their end.
  if (!options.read_only && lowest < options.first)
    if (auto gone = remove(lowest, options.first); !gone) return gone;
  if (files == 0) return {};
  if (files != std::uint64_t{last} - options.first + 1)
    return fail(errc::corrupt, directory.string() + ": a segment is missing");
  auto file = open_file(name_of(last), O_RDONLY);
  if (!file) return fail(file.error());
  auto size = size_of(*file, name_of(last));
  if (!size) return fail(size.error());
  end = {last, *size, 0};
  return {};
}

status open_segments::remove(std::uint32_t from, std::uint64_t to) {
  bool removed = false;
  for (std::uint64_t n = from; n < to; ++n) {
    const auto where = name_of(static_cast<std::uint32_t>(n));
    if (::unlink(where.c_str()) != 0 && errno != ENOENT)
      return fail(os_error(errno, where, "remove"));
    removed = true;
  }
  return removed ? fsync_directory(directory) : status{};
}

segment_files::segment_files(std::unique_ptr<open_segments> state)
    : state_(std::move(state)) {}
segment_files::segment_files(segment_files&&) noexcept = default;
segment_files& segment_files::operator=(segment_files&&) noexcept = default;
segment_files::~segment_files() = default;

result<segment_files> segment_files::open(const path& directory,
                                          network_id network,
                                          segment_options options) {
  if (!options.read_only)
    if (auto made = make_directories(directory); !made)
      return fail(made.error());
  if (!options.sync) options.sync = ::fdatasync;
  auto state =
      std::make_unique<open_segments>(directory, network, std::move(options));
  if (auto found = state->find_end(); !found) return fail(found.error());
  return segment_files{std::move(state)};
}

result<location> segment_files::append(byte_view payload) {
  auto& s = *state_;
  check(!s.options.read_only, "segments open for reading are not written");
  check(!payload.empty(), "a record has a payload");
  if (payload.size() > max_record_bytes)
    return fail(errc::too_large, "a record of more than 64 MiB");
  if (s.failed)
    return fail(errc::io_error,
                s.directory.string() + ": closed by an earlier failed sync");
  const auto before = s.end;
  const auto size = record_header + payload.size();
  if (s.end.offset > file_header
      && s.end.offset + size > s.options.segment_bytes)
    s.end = {s.end.file + 1, 0, 0};
  auto file = s.writing(s.end.file);
  auto offset = std::max(s.end.offset, file_header);
  auto written =
      file ? write_at(**file, offset, record_of(payload), s.name_of(s.end.file))
           : status{fail(file.error())};
  if (!written) {
    // A file that was begun for this record is none: its space is wanted.
    if (s.end.file > before.file) {
      s.unsynced.erase(s.end.file);
      (void)::unlink(s.name_of(s.end.file).c_str());
    }
    s.end = before;
    return fail(written.error());
  }
  const location out{s.end.file, offset,
                     static_cast<std::uint32_t>(payload.size())};
  s.end.offset = offset + size;
  return out;
}

status segment_files::sync() {
  auto& s = *state_;
  if (s.failed)
    return fail(errc::io_error,
                s.directory.string() + ": closed by an earlier failed sync");
  s.failed = true; // unless all of it succeeds
  for (const auto& [number, file] : s.unsynced)
    if (s.options.sync(file->fd()) != 0)
      return fail(os_error(errno, s.name_of(number), "sync"));
  if (s.new_names)
    if (auto done = fsync_directory(s.directory); !done) return done;
  s.unsynced.clear();
  s.new_names = false;
  s.failed = false;
  return {};
}

location segment_files::end() const {
  return state_->end;
}

status segment_files::truncate_to(location end) {
  auto& s = *state_;
  if (end.file > s.end.file
      || (end.file == s.end.file && end.offset > s.end.offset))
    return fail(errc::corrupt, s.name_of(end.file).string()
                                   + ": shorter than the "
                                   + std::to_string(end.offset)
                                   + " bytes that were committed");
  {
    std::lock_guard lock{s.mutex};
    s.readers.clear();
  }
  s.unsynced.clear();
  // A file that holds no record yet goes whole: `append` makes it anew.
  const bool none = end.offset <= file_header;
  if (auto done = s.remove(end.file + 1, std::uint64_t{s.end.file} + 1); !done)
    return done;
  s.end.file = std::min(s.end.file, end.file);
  const auto where = s.name_of(end.file);
  if (none) {
    if (::unlink(where.c_str()) != 0 && errno != ENOENT)
      return fail(os_error(errno, where, "remove"));
    s.end = {end.file, 0, 0};
    return fsync_directory(s.directory);
  }
  auto file = open_file(where, O_RDWR);
  if (!file) return fail(file.error());
  if (auto sound = s.check_header(*file, end.file); !sound) return sound;
  auto size = size_of(*file, where);
  if (!size) return fail(size.error());
  if (*size < end.offset) return bad_record(where, end, "the file is shorter");
  if (*size > end.offset) {
    if (::ftruncate(file->fd(), static_cast<off_t>(end.offset)) != 0)
      return fail(os_error(errno, where, "truncate"));
    if (s.options.sync(file->fd()) != 0)
      return fail(os_error(errno, where, "sync"));
  }
  s.end = {end.file, end.offset, 0};
  return {};
}

status segment_files::forget_before(std::uint32_t first) {
  auto& s = *state_;
  first = std::min(first, s.end.file);
  if (first <= s.options.first) return {};
  {
    std::lock_guard lock{s.mutex};
    s.readers.erase(s.readers.begin(), s.readers.lower_bound(first));
  }
  return s.remove(std::exchange(s.options.first, first), first);
}

path segment_files::name_of(std::uint32_t file) const {
  return state_->name_of(file);
}

result<std::uint64_t> segment_files::size() const {
  std::error_code why;
  std::uint64_t sum = 0;
  for (std::filesystem::directory_iterator at{state_->directory, why}, stop;
       !why && at != stop; at.increment(why)) {
    std::error_code gone; // a file that is pruned right now has no size
    const auto n = at->file_size(gone);
    if (!gone && at->path().extension() == ".seg") sum += n;
  }
  if (why) return fail(os_error(why.value(), state_->directory, "list"));
  return sum;
}

result<bytes> segment_files::read(location where) const {
  const auto& s = *state_;
  auto file = s.reading(where.file);
  if (!file) return fail(file.error());
  const auto name = s.name_of(where.file);
  auto size = size_of(**file, name);
  if (!size) return fail(size.error());
  const auto whole = record_header + std::uint64_t{where.length};
  if (where.length == 0 || where.length > max_record_bytes
      || where.offset < file_header || whole > *size
      || where.offset > *size - whole)
    return bad_record(name, where, "the record lies outside of the file");
  bytes raw(whole);
  auto n = read_at(**file, where.offset, raw, name);
  if (!n) return fail(n.error());
  reader in{raw};
  const auto magic = in.take<std::uint32_t>();
  const auto length = in.take<std::uint32_t>();
  const auto sum = in.take<std::uint64_t>();
  const auto payload = in.take(where.length);
  if (*n != raw.size() || magic != record_magic || length != where.length
      || sum != record_checksum(length, payload))
    return bad_record(name, where, "the record does not fit its checksum");
  raw.erase(raw.begin(), raw.begin() + record_header);
  return raw;
}

status segment_files::copy_to(const path& directory) const {
  if (auto made = make_directories(directory); !made) return made;
  for (auto n = state_->options.first;; ++n) {
    const auto from = state_->name_of(n);
    const auto to = directory / from.filename();
    std::error_code why;
    std::filesystem::copy_file(from, to, why);
    if (why.value() == ENOENT) return fsync_directory(directory);
    if (why) return fail(os_error(why.value(), to, "copy"));
    auto copy = open_file(to, O_RDWR);
    if (!copy) return fail(copy.error());
    if (::fsync(copy->fd()) != 0) return fail(os_error(errno, to, "sync"));
  }
}
} // namespace spacetime::disk
