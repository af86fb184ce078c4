#pragma once
// Wide unsigned integers for targets, scores and weights.

#include "core/base/bytes.hpp"

#include <boost/multiprecision/cpp_int.hpp>

namespace spacetime {
using u256 = boost::multiprecision::uint256_t;
/// Holds any product of two u256 and a shift; targets need 273 bits.
using u1024 = boost::multiprecision::uint1024_t;

inline u256 max_u256() {
  return ~u256{0};
}

/// 32 bytes, big-endian.
inline bytes32 to_bytes(const u256& x) {
  bytes32 out{};
  u256 rest = x;
  for (std::size_t i = 32; i > 0; i -= 8) {
    const auto word = be(static_cast<std::uint64_t>(rest & ~std::uint64_t{0}));
    std::copy(word.begin(), word.end(), out.begin() + (i - 8));
    rest >>= 64;
  }
  return out;
}

/// Reads 32 big-endian bytes.
inline u256 to_u256(const bytes32& raw) {
  u256 x = 0;
  reader in{raw};
  for (int i = 0; i < 4; ++i) x = (x << 64) | in.take<std::uint64_t>();
  return x;
}

/// a + b, or 2^256 - 1 if that is less.
inline u256 saturating_add(const u256& a, const u256& b) {
  return a > max_u256() - b ? max_u256() : u256{a + b};
}
} // namespace spacetime
