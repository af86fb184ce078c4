#pragma once

#include <concepts>
#include <optional>

namespace spacetime {
/// For products of two 64-bit values; ISO C++ has no such type.
__extension__ using int128 = __int128;
__extension__ using uint128 = unsigned __int128;

/// a + b, or nothing if it does not fit.
template <std::unsigned_integral T>
constexpr std::optional<T> checked_add(T a, T b) {
  T out;
  if (__builtin_add_overflow(a, b, &out)) return std::nullopt;
  return out;
}

/// a * b, or nothing if it does not fit.
template <std::unsigned_integral T>
constexpr std::optional<T> checked_mul(T a, T b) {
  T out;
  if (__builtin_mul_overflow(a, b, &out)) return std::nullopt;
  return out;
}
} // namespace spacetime
