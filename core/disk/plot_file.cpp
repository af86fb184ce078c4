#include "core/disk/plot_file.hpp"

#include "core/crypto/hash.hpp"
#include "core/crypto/sha256_stream.hpp"
#include "core/disk/plot_layout.hpp"
#include "core/space/park.hpp"

#include <fcntl.h>

#include <algorithm>

namespace spacetime::disk {
namespace {
bool all_zero(byte_view raw) {
  return std::all_of(raw.begin(), raw.end(), [](auto b) { return b == 0; });
}
} // namespace

struct plot_file::park_place {
  std::uint64_t offset;
  std::size_t size;
};

tl::unexpected<error> plot_file::damaged(std::uint64_t offset,
                                         std::string_view what) const {
  return fail(errc::corrupt, where_.string() + ": " + std::string{what}
                                 + " at offset " + std::to_string(offset));
}

std::uint64_t plot_file::group_offset(std::size_t group) const {
  return data_offset(info_.k) + index_[group] * unit;
}

std::uint64_t plot_file::group_size(std::size_t group) const {
  return (index_[group + 1] - index_[group]) * unit;
}

status plot_file::read_exactly(std::uint64_t offset,
                               std::span<std::uint8_t> out) const {
  const auto n = read_at(file_, offset, out, where_);
  if (!n) return fail(n.error());
  if (*n != out.size()) return damaged(offset + *n, "the file ends early");
  return {};
}

result<plot_file> plot_file::open(const path& where) {
  auto file = open_file(where, O_RDONLY);
  if (!file) return fail(file.error());
  plot_file out{where, std::move(*file)};
  if (auto ok = out.read_header(); !ok) return fail(ok.error());
  if (auto ok = out.read_index(); !ok) return fail(ok.error());
  return out;
}

status plot_file::read_header() {
  header_bytes raw{};
  if (auto ok = read_exactly(0, raw); !ok) return ok;
  if (!std::equal(magic.begin(), magic.end(), raw.begin()))
    return damaged(0, "not a plot file");
  if (sha256({byte_view{raw}.first(digest_at)}) != take32(raw, digest_at))
    return damaged(digest_at, "the header's checksum is wrong");
  if (take_le<std::uint16_t>(raw, 8) != 1)
    return damaged(8, "a version this program does not know");
  info_ = parse_header(raw);
  data_digest_ = take32(raw, 224);
  if (!space::check(params_of(info_)))
    return damaged(10, "plot parameters that are not allowed");
  if (make_header(info_, data_digest_) != raw)
    return damaged(0, "a header field with a value that none may have");
  if (recomputed_id(info_) != info_.plot_id)
    return damaged(16, "a plot id of other fields");
  const auto size = size_of(file_, where_);
  if (!size) return fail(size.error());
  if (*size != info_.file_size)
    return damaged(std::min(*size, info_.file_size),
                   "size differs from the header's");
  return {};
}

// A group that is too small or too large for its 64 parks shows here, so no
// entry can point at another group.
status plot_file::read_index() {
  const auto end = data_offset(info_.k);
  if (info_.file_size < end) return damaged(info_.file_size, "no index");
  bytes raw(end - index_offset);
  if (auto ok = read_exactly(index_offset, raw); !ok) return ok;
  const auto count = group_count(info_.k) + 1;
  index_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    index_[i] = take_le<std::uint32_t>(raw, 4 * i);
    const auto start = i == 0 ? 0 : index_[i - 1];
    const auto size = std::uint64_t{index_[i]} - start;
    const bool fits = i == 0 ? index_[i] == 0
                             : index_[i] > start && size >= least_group_units
                                   && size <= most_group_units;
    if (!fits) return damaged(index_offset + 4 * i, "index out of order");
  }
  if (!all_zero(byte_view{raw}.subspan(4 * count)))
    return damaged(index_offset + 4 * count, "index padding is not zero");
  if (end + index_.back() * unit != info_.file_size)
    return damaged(index_offset + 4 * (count - 1), "index ends elsewhere");
  return {};
}

std::uint64_t plot_file::offset_of(std::uint64_t set) const {
  return group_offset(set / sets_per_park / parks_per_group);
}

result<plot_file::park_place> plot_file::find_park(std::uint64_t park) const {
  const auto group = static_cast<std::size_t>(park / parks_per_group);
  const auto start = group_offset(group);
  std::array<std::uint8_t, table_size> table;
  if (auto ok = read_exactly(start, table); !ok) return fail(ok.error());
  std::uint64_t at = start + table_size;
  park_place out{};
  for (std::size_t i = 0; i < parks_per_group; ++i) {
    const auto size = take_le<std::uint16_t>(table, 2 * i);
    if (size < least_park_bytes) return damaged(start + 2 * i, "park length");
    if (i == park % parks_per_group) out = {at, size};
    at += size;
  }
  if (padded(at - start) != group_size(group))
    return damaged(start, "park lengths do not fill their group");
  return out;
}

status plot_file::read_park(std::uint64_t park,
                            std::vector<std::uint64_t>& out) const {
  const auto place = find_park(park);
  if (!place) return fail(place.error());
  bytes raw(place->size);
  if (auto ok = read_exactly(place->offset, raw); !ok) return ok;
  const auto rest = byte_view{raw}.subspan(4);
  const auto name = "park " + std::to_string(park);
  if (checksum(rest) != take_le<std::uint32_t>(raw, 0))
    return damaged(place->offset, name + ": the checksum is wrong");
  if (auto ok = space::decode_park(info_.k, park, rest, out); !ok)
    return damaged(place->offset, name + ": " + ok.error().detail);
  return {};
}

status plot_file::read_set(std::uint64_t set,
                           std::vector<std::uint64_t>& out) const {
  check(set >> (info_.k - 6) == 0, "a chaining set of this plot");
  std::vector<std::uint64_t> park;
  if (auto ok = read_park(set / sets_per_park, park); !ok) return ok;
  const auto shift = info_.k + 6u;
  const auto first = std::lower_bound(park.begin(), park.end(), set << shift);
  const auto last = std::lower_bound(first, park.end(), (set + 1) << shift);
  out.insert(out.end(), first, last);
  return {};
}

result<std::vector<std::uint64_t>>
plot_file::read_set(std::uint64_t set) const {
  std::vector<std::uint64_t> out;
  if (auto ok = read_set(set, out); !ok) return fail(ok.error());
  return out;
}

result<std::vector<space::chain>>
plot_file::lookup(const bytes32& space_challenge) const {
  const auto keys = space::derive_keys(info_.plot_id, info_.k, space_challenge);
  std::array<std::vector<std::uint64_t>, 4> sets;
  space::set_fragments views;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    if (auto ok = read_set(keys.sets[i], sets[i]); !ok) return fail(ok.error());
    views[i] = sets[i];
  }
  return space::find_chains(space::tables{params()}, keys, views);
}

status plot_file::check_group(std::size_t group, byte_view raw,
                              std::uint64_t& entries) const {
  auto park = std::uint64_t{group} * parks_per_group;
  std::size_t at = table_size;
  std::vector<std::uint64_t> fragments;
  for (std::size_t i = 0; i < parks_per_group; ++i, ++park) {
    const std::size_t size = take_le<std::uint16_t>(raw, 2 * i);
    const auto place = group_offset(group) + at;
    const auto name = "park " + std::to_string(park);
    if (size < least_park_bytes || size > raw.size() - at)
      return damaged(group_offset(group) + 2 * i, name + ": length");
    const auto body = raw.subspan(at + 4, size - 4);
    if (checksum(body) != take_le<std::uint32_t>(raw, at))
      return damaged(place, name + ": the checksum is wrong");
    fragments.clear();
    if (auto ok = space::decode_park(info_.k, park, body, fragments); !ok)
      return damaged(place, name + ": " + ok.error().detail);
    entries += fragments.size();
    at += size;
  }
  if (padded(at) != raw.size() || !all_zero(raw.subspan(at)))
    return damaged(group_offset(group) + at, "group padding");
  return {};
}

status plot_file::check_all(const plot_check_options& options) const {
  const auto again = open(where_);
  if (!again) return fail(again.error());
  if (again->info_ != info_ || again->index_ != index_)
    return damaged(0, "the file was replaced by another");
  sha256_stream sha;
  bytes raw(data_offset(info_.k) - index_offset);
  if (auto ok = read_exactly(index_offset, raw); !ok) return ok;
  sha.add(raw);
  std::uint64_t entries = 0;
  for (std::size_t g = 0; g + 1 < index_.size(); ++g) {
    if (is_set(options.cancel)) return fail(errc::cancelled);
    raw.resize(group_size(g));
    if (auto ok = read_exactly(group_offset(g), raw); !ok) return ok;
    sha.add(raw);
    if (auto ok = check_group(g, raw, entries); !ok) return ok;
    if (options.progress)
      options.progress(group_offset(g) + raw.size(), info_.file_size);
  }
  if (entries != info_.entries)
    return damaged(176, "another number of fragments than the header's");
  if (sha.finish() != data_digest_)
    return damaged(224, "SHA-256 of index and data is wrong");
  return {};
}
} // namespace spacetime::disk
