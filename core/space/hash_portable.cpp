// AES rounds by one 1 KiB table; for processors without AES instructions.
#include "core/space/hash.hpp"

#include <array>
#include <bit>

namespace spacetime::space {
namespace {
constexpr std::uint8_t times2(std::uint8_t x) {
  return static_cast<std::uint8_t>((x << 1) ^ ((x & 0x80) ? 0x1b : 0));
}

constexpr std::uint8_t times(std::uint8_t a, std::uint8_t b) {
  std::uint8_t out = 0;
  for (; b != 0; b = static_cast<std::uint8_t>(b >> 1), a = times2(a))
    if (b & 1) out ^= a;
  return out;
}

// FIPS-197, 5.1.1: the inverse in GF(2^8) (x^254), then an affine map.
constexpr std::uint8_t s_box(std::uint8_t x) {
  auto power = times(x, x);
  std::uint8_t inverse = power; // x^2, then times x^4, x^8 ... x^128
  for (int i = 0; i < 6; ++i)
    inverse = times(inverse, power = times(power, power));
  auto out = inverse;
  for (int i = 1; i <= 4; ++i) out ^= std::rotl(inverse, i);
  return out ^ 0x63;
}

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> out{};
  for (unsigned x = 0; x < 256; ++x) {
    const auto s = s_box(static_cast<std::uint8_t>(x));
    const auto s2 = times2(s);
    out[x] = s2 | std::uint32_t{s} << 8 | std::uint32_t{s} << 16
             | static_cast<std::uint32_t>(s2 ^ s) << 24;
  }
  return out;
}

constexpr std::array<std::uint32_t, 256> table = make_table();

using words = std::array<std::uint32_t, 4>;

words key_words(const bytes32& raw, std::size_t at) {
  words out{};
  for (std::size_t i = 0; i < 16; ++i)
    out[i / 4] |= std::uint32_t{raw[at + i]} << (8 * (i % 4));
  return out;
}

std::uint32_t column(std::uint32_t a, std::uint32_t b, std::uint32_t c,
                     std::uint32_t d, std::uint32_t key) {
  return table[a & 255] ^ std::rotl(table[(b >> 8) & 255], 8)
         ^ std::rotl(table[(c >> 16) & 255], 16) ^ std::rotl(table[d >> 24], 24)
         ^ key;
}

words round(const words& w, const words& key) {
  return {column(w[0], w[1], w[2], w[3], key[0]),
          column(w[1], w[2], w[3], w[0], key[1]),
          column(w[2], w[3], w[0], w[1], key[2]),
          column(w[3], w[0], w[1], w[2], key[3])};
}

struct key_pair {
  words first, second;
  explicit key_pair(const aes_keys& keys)
      : first(key_words(keys.value, 0)), second(key_words(keys.value, 16)) {}
};

words run(const key_pair& keys, std::uint64_t lo, std::uint64_t hi,
          std::uint32_t n) {
  words w{static_cast<std::uint32_t>(lo), static_cast<std::uint32_t>(lo >> 32),
          static_cast<std::uint32_t>(hi), static_cast<std::uint32_t>(hi >> 32)};
  for (; n > 0; --n) w = round(round(w, keys.first), keys.second);
  return w;
}

std::uint64_t join(std::uint32_t low, std::uint32_t high) {
  return low | std::uint64_t{high} << 32;
}

void permute(const aes_keys& keys, std::uint64_t* lo, std::uint64_t* hi,
             std::size_t count, std::uint32_t n) {
  const key_pair k{keys};
  for (std::size_t i = 0; i < count; ++i) {
    const auto w = run(k, lo[i], hi[i], n);
    lo[i] = join(w[0], w[1]);
    hi[i] = join(w[2], w[3]);
  }
}

void scan(const aes_keys& keys, std::uint32_t first, std::uint32_t flip,
          std::size_t count, std::uint32_t* out) {
  const key_pair k{keys};
  for (std::size_t i = 0; i < count; ++i)
    out[i] = run(k, (first + static_cast<std::uint32_t>(i)) ^ flip, 0, 16)[0];
}

void target(const aes_keys& keys, std::uint64_t lo, const std::uint64_t* hi,
            std::size_t count, std::uint32_t n, std::uint32_t* out) {
  const key_pair k{keys};
  for (std::size_t i = 0; i < count; ++i) out[i] = run(k, lo, hi[i], n)[0];
}

void chain(const aes_keys& keys, std::uint64_t flip, const std::uint64_t* lo,
           std::size_t count, std::uint64_t* out) {
  const key_pair k{keys};
  for (std::size_t i = 0; i < count; ++i) {
    const auto w = run(k, lo[i] ^ flip, 0, 16);
    out[i] = join(w[0], w[1]);
  }
}

constexpr kernel portable{"portable", permute, scan, target, chain};
} // namespace

const kernel* portable_kernel() {
  return &portable;
}
} // namespace spacetime::space
