#pragma once
// The bytes of a plot file, for its writer and its reader alone.

#include "core/disk/plot_file.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <concepts>

namespace spacetime::disk {
constexpr std::size_t header_size = 4096, digest_at = header_size - 32;
constexpr std::uint64_t index_offset = header_size;
constexpr std::uint64_t unit = 64; // groups start on its multiples
constexpr std::size_t parks_per_group = 64, sets_per_park = 16;
constexpr std::size_t table_size = 2 * parks_per_group;
constexpr std::size_t most_park_bytes = 0xffff;
constexpr std::size_t least_park_bytes = 6; // checksum and count
constexpr std::uint64_t most_group_units =
    (table_size + parks_per_group * most_park_bytes + unit - 1) / unit;
constexpr std::uint64_t least_group_units =
    (table_size + parks_per_group * least_park_bytes + unit - 1) / unit;

constexpr std::uint64_t padded(std::uint64_t size) {
  return (size + unit - 1) / unit * unit;
}
constexpr std::size_t group_count(unsigned k) {
  return std::size_t{1} << (k - 16);
}
constexpr std::uint64_t data_offset(unsigned k) {
  return index_offset + padded(4 * (group_count(k) + 1));
}

template <std::unsigned_integral T>
void put_le(std::span<std::uint8_t> out, std::size_t at, T x) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    out[at + i] = static_cast<std::uint8_t>(std::uint64_t{x} >> (8 * i));
}

template <std::unsigned_integral T>
T take_le(byte_view raw, std::size_t at) {
  std::uint64_t out = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) out = out << 8 | raw[at + i];
  return static_cast<T>(out);
}

/// Guards a park: the low half of the XXH3 of its bytes (xxHash 0.8).
inline std::uint32_t checksum(byte_view raw) {
  return static_cast<std::uint32_t>(XXH3_64bits(raw.data(), raw.size()));
}

inline bool is_set(const std::atomic<bool>* flag) {
  return flag != nullptr && flag->load(std::memory_order_relaxed);
}

using header_bytes = std::array<std::uint8_t, header_size>;

constexpr std::array<std::uint8_t, 8> magic{'S', 'T', 'P',  'L',
                                            'O', 'T', '\r', '\n'};

/// The one header of an info and a digest of index and data; reading compares
/// against it, so no byte of a header is free.
header_bytes make_header(const plot_info& info, const bytes32& data_digest);

/// The fields of a header whose k may be anything.
plot_info parse_header(byte_view raw);

/// The plot id that the other fields demand.
plot_id recomputed_id(const plot_info& info);

/// 32 bytes at `at`.
bytes32 take32(byte_view raw, std::size_t at);
} // namespace spacetime::disk
