#pragma once
// Rice coding of a park: the sorted fragments of 16 neighbouring sets as
// deltas, k-1 bits plain and the rest unary. docs/disk-format.md, "STPLOT".

#include "core/space/params.hpp"

#include <span>
#include <vector>

namespace spacetime::space {
/// Fragments f with f >> (k+10) == number belong to park `number`.
constexpr unsigned park_shift(unsigned k) {
  return k + 10;
}
constexpr std::uint64_t park_count(unsigned k) {
  return std::uint64_t{1} << (k - 10);
}

/// Bytes that `encode_park` will append; at most 65,535 fit into a plot file.
/// @pre fragments ascend and are all of this park
std::size_t park_size(unsigned k, std::uint64_t number,
                      std::span<const std::uint64_t> fragments);

/// Appends u16 n (little-endian), n remainders and n unary quotients, each
/// part from the least significant bit up and padded with zeros to a byte.
/// @pre as above, and at most 65,535 fragments
void encode_park(unsigned k, std::uint64_t number,
                 std::span<const std::uint64_t> fragments, bytes& out);

/// Appends the fragments of a park, ascending and all inside the park's
/// range whatever the bytes say. Only what `encode_park` writes is accepted.
/// Errors: `corrupt`; `out` may then have grown.
/// @pre k is valid and number < park_count(k)
status decode_park(unsigned k, std::uint64_t number, byte_view raw,
                   std::vector<std::uint64_t>& out);
} // namespace spacetime::space
