#pragma once

#include "core/base/hex.hpp"
#include "core/time/form_codec.hpp"
#include "core/time/verifier.hpp"

#include <doctest/doctest.h>

#include <random>

namespace spacetime::vdf {
/// The discriminant of the seed of 32 bytes n.
inline discriminant numbered_discriminant(std::uint8_t n, unsigned bits) {
  bytes32 seed;
  seed.fill(n);
  return *discriminant::from_seed(seed, bits);
}

/// Some element: the generator to a random power.
inline form random_form(const discriminant& d, std::mt19937_64& random) {
  class_group group(d);
  const auto base = generator(d);
  auto f = base;
  for (int i = 0; i < 2; ++i) {
    for (auto bits = random(); bits != 0; bits >>= 1) {
      group.square(f);
      if ((bits & 1) != 0) group.multiply(f, base);
    }
  }
  return f;
}

inline integer from_text(const std::string& text) {
  integer x;
  mpz_set_str(x, text.c_str(), 0);
  return x;
}
} // namespace spacetime::vdf

template <>
struct doctest::StringMaker<spacetime::vdf::integer> {
  static String convert(const spacetime::vdf::integer& x) {
    std::string text(mpz_sizeinbase(x, 16) + 2, '\0');
    mpz_get_str(text.data(), 16, x);
    return text.c_str();
  }
};
