#pragma once

#include <gmp.h>

#include <utility>

namespace spacetime::vdf {
/// Owns one GMP integer; everything else is GMP's own C interface.
class integer {
public:
  integer() { mpz_init(value_); }
  explicit integer(unsigned long x) { mpz_init_set_ui(value_, x); }
  integer(const integer& other) { mpz_init_set(value_, other.value_); }
  integer(integer&& other) noexcept : integer() { swap(other); }
  integer& operator=(const integer& other) {
    mpz_set(value_, other.value_);
    return *this;
  }
  integer& operator=(integer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~integer() { mpz_clear(value_); }

  void swap(integer& other) noexcept { mpz_swap(value_, other.value_); }
  operator mpz_ptr() { return value_; }          // NOLINT: it is one
  operator mpz_srcptr() const { return value_; } // NOLINT: it is one
  friend bool operator==(const integer& a, const integer& b) {
    return mpz_cmp(a.value_, b.value_) == 0;
  }

private:
  mpz_t value_;
};

// GMP has these as macros, which take no conversions.
/// -1, 0 or 1.
inline int sign(mpz_srcptr x) {
  return mpz_sgn(x);
}
/// Negative, zero or positive as x is below, equal to or above n.
inline int compare(mpz_srcptr x, unsigned long n) {
  return mpz_cmp_ui(x, n);
}
inline bool is_odd(mpz_srcptr x) {
  return mpz_odd_p(x) != 0;
}

/// Bits of |x|; 0 has one.
inline unsigned bit_size(mpz_srcptr x) {
  return static_cast<unsigned>(mpz_sizeinbase(x, 2));
}
} // namespace spacetime::vdf
