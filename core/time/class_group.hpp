#pragma once

#include "core/time/discriminant.hpp"
#include "core/time/partial_gcd.hpp"

#include <cstdint>

namespace spacetime::vdf {
/// The positive definite form ax^2 + bxy + cy^2 of a discriminant; the class
/// group's element once it is reduced: |b| <= a <= c, and b >= 0 if |b| = a
/// or a = c.
struct form {
  integer a;
  integer b;
  integer c;

  /// Same form; same group element if both are reduced.
  friend bool operator==(const form& f, const form& g) {
    return f.a == g.a && f.b == g.b;
  }
};

/// (1, 1, c).
form identity(const discriminant& d);
/// (2, 1, c).
form generator(const discriminant& d);
/// (a, b, c) from the first two coefficients of a form of `d`.
form with_third(const discriminant& d, integer a, integer b);
[[nodiscard]] bool is_reduced(const form& f);

/// Arithmetic of reduced forms, with scratch of its own: one per thread.
class class_group {
public:
  explicit class_group(const discriminant& d) : bits_(d.bits()) {}

  /// f = f^(2^n).
  void square(form& f, std::uint64_t n = 1);
  /// f = f * g; only f may be `g` itself too.
  void multiply(form& f, const form& g);
  /// f = the reduced form of its class.
  void reduce(form& f);
  /// f = 1 / f.
  static void invert(form& f);

private:
  void square_once(form& f);
  void normalise(form& f);

  unsigned bits_;
  euclid euclid_;
  integer r1_, y1_, r2_, y2_, m1_, m2_, k_, t_, d_, v1_, v2_;
};
} // namespace spacetime::vdf
