#pragma once

#include <gmp.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace spacetime::vdf {
/// Euclid's algorithm with Lehmer's shortcut: the quotients come from the
/// leading 128 bits, two words of steps at a time, and Jebelean's condition
/// (ISSAC 1995) makes sure that they are those of the whole numbers.
/// Holds its own scratch: reuse it, one per thread.
class euclid {
public:
  /// g = gcd(a, b) and y with y * b = g (mod a). 0 <= b < a < 2^640.
  void extended(mpz_ptr g, mpz_ptr y, mpz_srcptr a, mpz_srcptr b);

  /// Two consecutive rows of Euclid's sequence (a, 0), (b, 1), ..., each row
  /// (r, y) with r = y * b (mod a): (r1, y1) is the first of the rows from b
  /// on that has r1 < 2^bits, (r2, y2) the one before. The y alternate in
  /// sign. 0 <= b < a < 2^640.
  void partial(mpz_ptr r2, mpz_ptr y2, mpz_ptr r1, mpz_ptr y1, mpz_srcptr a,
               mpz_srcptr b, unsigned bits);

  static constexpr std::size_t max_limbs = 10;

  /// Some steps: rows (x, y) become (px - qy, sy - rx), both negated after
  /// an odd number of steps.
  struct steps {
    std::uint64_t p = 1;
    std::uint64_t q = 0;
    std::uint64_t r = 0;
    std::uint64_t s = 1;
    bool odd = false;
  };

private:
  /// A non-negative integer; limbs from `size` on are unspecified.
  struct number {
    std::array<mp_limb_t, max_limbs + 2> limb;
    std::size_t size;

    void assign(mpz_srcptr x);
    void store(mpz_ptr out, bool negative) const;
    void trim();
    [[nodiscard]] std::size_t bits() const;
  };

  void start(mpz_srcptr a, mpz_srcptr b);
  void run(std::size_t bits);
  steps plan(std::size_t bits);
  void apply(const steps& m);
  void divide();

  number u_;  ///< the row before the last: its remainder
  number v_;  ///< the last row's remainder, below u_
  number yu_; ///< |y| of the row before the last
  number yv_; ///< |y| of the last row
  bool odd_;  ///< y of the last row is negative
};
} // namespace spacetime::vdf
