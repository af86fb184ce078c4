#include "core/space/blake3.hpp"

#include <bit>

namespace spacetime::space {
namespace {
using words16 = std::array<std::uint32_t, 16>;

constexpr std::array<std::uint32_t, 8> initial{
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

// The message words of the next round, from those of this one.
constexpr std::array<std::uint8_t, 16> order{2, 6,  3,  10, 7, 0,  4,  13,
                                             1, 11, 12, 5,  9, 14, 15, 8};

constexpr std::uint32_t chunk_start = 1, chunk_end = 2, root = 8;

void quarter(words16& v, std::size_t a, std::size_t b, std::size_t c,
             std::size_t d, std::uint32_t x, std::uint32_t y) {
  v[a] += v[b] + x;
  v[d] = std::rotr(v[d] ^ v[a], 16);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 12);
  v[a] += v[b] + y;
  v[d] = std::rotr(v[d] ^ v[a], 8);
  v[c] += v[d];
  v[b] = std::rotr(v[b] ^ v[c], 7);
}

void round(words16& v, const words16& m) {
  quarter(v, 0, 4, 8, 12, m[0], m[1]);
  quarter(v, 1, 5, 9, 13, m[2], m[3]);
  quarter(v, 2, 6, 10, 14, m[4], m[5]);
  quarter(v, 3, 7, 11, 15, m[6], m[7]);
  quarter(v, 0, 5, 10, 15, m[8], m[9]);
  quarter(v, 1, 6, 11, 12, m[10], m[11]);
  quarter(v, 2, 7, 8, 13, m[12], m[13]);
  quarter(v, 3, 4, 9, 14, m[14], m[15]);
}

words16 load(std::span<const std::uint8_t, 64> message) {
  words16 m{};
  for (std::size_t i = 0; i < 64; ++i)
    m[i / 4] |= std::uint32_t{message[i]} << (8 * (i % 4));
  return m;
}

words16 reordered(const words16& m) {
  words16 out;
  for (std::size_t i = 0; i < 16; ++i) out[i] = m[order[i]];
  return out;
}
} // namespace

bytes32 blake3(std::span<const std::uint8_t, 64> message) {
  auto m = load(message);
  words16 v{};
  for (std::size_t i = 0; i < 8; ++i) v[i] = initial[i];
  for (std::size_t i = 0; i < 4; ++i) v[8 + i] = initial[i];
  v[14] = 64; // bytes in this block; the block counter v[12], v[13] is 0
  v[15] = chunk_start | chunk_end | root;
  for (int r = 0; r < 7; ++r, m = reordered(m)) round(v, m);
  bytes32 out;
  for (std::size_t i = 0; i < 32; ++i)
    out[i] =
        static_cast<std::uint8_t>((v[i / 4] ^ v[8 + i / 4]) >> (8 * (i % 4)));
  return out;
}
} // namespace spacetime::space
