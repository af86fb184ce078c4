#include "core/time/partial_gcd.hpp"

#include "core/base/check.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

namespace spacetime::vdf {
namespace {
static_assert(GMP_NUMB_BITS == 64, "limbs are words of 64 bits");
__extension__ using u128 = unsigned __int128;
__extension__ using i128 = __int128;
using word = std::uint64_t;
using steps = euclid::steps;

/// Steps from leading words x >= y alone, while the remainders stay above
/// `floor`. With words off by less than e each, a row is off by less than
/// e (r + s) <= 2es; where it is larger than that, and smaller than the row
/// before by more than that, the quotient is the whole numbers' (Jebelean).
/// e < 1.25 here, so 8s is plenty; it also keeps s below 2^30.5.
steps word_steps(word x, word y, word floor) {
  word p = 1, q = 0, r = 0, s = 1;
  bool odd = false;
  while (y > floor && y - floor > 8 * s) {
    const word quotient = x / y;
    const word rest = x % y;
    const word next_r = p + quotient * r;
    const word next_s = q + quotient * s;
    if (rest < 8 * next_s || y - rest < 8 * (next_s + s)) break;
    p = std::exchange(r, next_r);
    q = std::exchange(s, next_s);
    x = std::exchange(y, rest);
    odd = !odd;
  }
  return {p, q, r, s, odd};
}

/// All steps from words that are the whole numbers, until y < limit or the
/// matrix grows past 2^62.
steps exact_steps(word x, word y, word limit) {
  steps m;
  while (y >= limit) {
    const word quotient = x / y;
    const word r = m.p + quotient * m.r;
    const word s = m.q + quotient * m.s;
    if ((s >> 62) != 0) break;
    m = {m.r, m.s, r, s, !m.odd};
    x = std::exchange(y, x - quotient * y);
  }
  return m;
}

/// First `a`, then `b`; entries stay below 2^62.
steps then(const steps& a, const steps& b) {
  return {b.p * a.p + b.q * a.r, b.p * a.q + b.q * a.s, b.r * a.p + b.s * a.r,
          b.r * a.q + b.s * a.s, a.odd != b.odd};
}

word high(u128 x) {
  return static_cast<word>(x >> 64);
}

/// As word_steps, from the leading 128 bits; x has its top bit set. The
/// first steps multiply the error by at most 2s and leave x1 at about 2^67 s
/// or above: so the second words are off by a quarter more.
steps double_steps(u128 x, u128 y, u128 floor) {
  const auto first = word_steps(high(x), high(y), high(floor));
  // Products wrap, their differences do not.
  auto x1 = first.p * x - first.q * y;
  auto y1 = first.s * y - first.r * x;
  if (first.odd) {
    x1 = -x1;
    y1 = -y1;
  }
  const auto shift = std::countl_zero(high(x1)); // which is not zero
  const auto second =
      word_steps(high(x1 << shift), high(y1 << shift), high(floor << shift));
  return then(first, second);
}

/// out_x = ax - by, out_y = dy - cx; both are known to be in [0, 2^64n).
void subtract_rows(mp_limb_t* out_x, mp_limb_t* out_y, const mp_limb_t* x,
                   const mp_limb_t* y, std::size_t n, word a, word b, word c,
                   word d) {
  i128 carry_x = 0;
  i128 carry_y = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const u128 xi = x[i];
    const u128 yi = y[i];
    carry_x += static_cast<i128>(a * xi) - static_cast<i128>(b * yi);
    carry_y += static_cast<i128>(d * yi) - static_cast<i128>(c * xi);
    out_x[i] = static_cast<word>(carry_x);
    out_y[i] = static_cast<word>(carry_y);
    carry_x >>= 64;
    carry_y >>= 64;
  }
}

/// x = px + qy, y = rx + sy, each one limb longer.
void add_rows(mp_limb_t* x, mp_limb_t* y, std::size_t n, const steps& m) {
  u128 carry_x = 0;
  u128 carry_y = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const u128 xi = x[i];
    const u128 yi = y[i];
    carry_x += m.p * xi + m.q * yi;
    carry_y += m.r * xi + m.s * yi;
    x[i] = static_cast<word>(carry_x);
    y[i] = static_cast<word>(carry_y);
    carry_x >>= 64;
    carry_y >>= 64;
  }
  x[n] = static_cast<word>(carry_x);
  y[n] = static_cast<word>(carry_y);
}

/// The 128 bits of x (n >= 2 limbs) from `shift` below the top limb's top.
u128 top(const mp_limb_t* x, std::size_t n, int shift) {
  const u128 two = static_cast<u128>(x[n - 1]) << 64 | x[n - 2];
  if (shift == 0) return two;
  const word below = n > 2 ? x[n - 3] : 0;
  return two << shift | below >> (64 - shift);
}

/// 2^bits on the scale of an n-limb number's leading 128 bits, rounded down.
u128 scaled_power(std::size_t bits, std::size_t n, int shift) {
  const auto at = static_cast<std::ptrdiff_t>(bits + shift + 128)
                  - static_cast<std::ptrdiff_t>(64 * n);
  check(at < 128, "the remainder is above the bound");
  return at < 0 ? 0 : static_cast<u128>(1) << at;
}
} // namespace

void euclid::number::assign(mpz_srcptr x) {
  size = mpz_size(x);
  check(mpz_sgn(x) >= 0 && size <= max_limbs, "an operand of Euclid");
  std::copy_n(mpz_limbs_read(x), size, limb.begin());
}

void euclid::number::store(mpz_ptr out, bool negative) const {
  const auto n = static_cast<mp_size_t>(size);
  std::copy_n(limb.begin(), size, mpz_limbs_write(out, n + 1));
  mpz_limbs_finish(out, negative ? -n : n);
}

void euclid::number::trim() {
  while (size > 0 && limb[size - 1] == 0) --size;
}

std::size_t euclid::number::bits() const {
  return size == 0 ? 0 : 64 * size - std::countl_zero(limb[size - 1]);
}

void euclid::start(mpz_srcptr a, mpz_srcptr b) {
  u_.assign(a);
  v_.assign(b);
  yu_.size = 0;
  yv_.size = 1;
  yv_.limb[0] = 1;
  odd_ = false;
}

/// One step by division, for quotients that words cannot settle.
void euclid::divide() {
  std::array<mp_limb_t, max_limbs + 2> quotient;
  std::array<mp_limb_t, 2 * max_limbs + 4> product;
  const auto nq = u_.size - v_.size + 1;
  mpn_tdiv_qr(quotient.data(), u_.limb.data(), 0, u_.limb.data(), u_.size,
              v_.limb.data(), v_.size);
  u_.size = v_.size;
  u_.trim();
  std::swap(u_, v_);

  // The new y is yu + quotient * yv.
  if (nq >= yv_.size)
    mpn_mul(product.data(), quotient.data(), nq, yv_.limb.data(), yv_.size);
  else
    mpn_mul(product.data(), yv_.limb.data(), yv_.size, quotient.data(), nq);
  auto n = nq + yv_.size;
  while (n > 0 && product[n - 1] == 0) --n;
  if (n < yu_.size) {
    std::fill(product.begin() + n, product.begin() + yu_.size, 0);
    n = yu_.size;
  }
  product[n] =
      mpn_add(product.data(), product.data(), n, yu_.limb.data(), yu_.size);
  ++n;
  while (n > 0 && product[n - 1] == 0) --n;
  check(n <= max_limbs + 1, "a cofactor exceeds its modulus");
  std::swap(yu_, yv_);
  std::copy_n(product.begin(), n, yv_.limb.begin());
  yv_.size = n;
  odd_ = !odd_;
}

/// The steps that the leading bits settle.
steps euclid::plan(std::size_t bits) {
  const auto n = u_.size;
  if (n == 1) return exact_steps(u_.limb[0], v_.limb[0], word{1} << bits);
  if (v_.size + 1 < n) return {};
  if (v_.size < n) v_.limb[n - 1] = 0;
  const auto shift = std::countl_zero(u_.limb[n - 1]);
  return double_steps(top(u_.limb.data(), n, shift),
                      top(v_.limb.data(), n, shift),
                      scaled_power(bits, n, shift));
}

void euclid::apply(const steps& m) {
  const auto n = u_.size;
  auto* const u = u_.limb.data();
  auto* const v = v_.limb.data();
  if (m.odd)
    subtract_rows(u, v, v, u, n, m.q, m.p, m.s, m.r);
  else
    subtract_rows(u, v, u, v, n, m.p, m.q, m.r, m.s);
  v_.size = n;
  u_.trim();
  v_.trim();

  const auto ny = yv_.size;
  std::fill(yu_.limb.begin() + yu_.size, yu_.limb.begin() + ny, 0);
  add_rows(yu_.limb.data(), yv_.limb.data(), ny, m);
  yu_.size = ny + 1;
  yv_.size = ny + 1;
  yu_.trim();
  yv_.trim();
  odd_ = odd_ != m.odd;
}

/// Until the last remainder is below 2^bits.
void euclid::run(std::size_t bits) {
  while (v_.bits() > bits) {
    const auto m = plan(bits);
    if (m.r != 0)
      apply(m);
    else
      divide();
  }
}

void euclid::extended(mpz_ptr g, mpz_ptr y, mpz_srcptr a, mpz_srcptr b) {
  start(a, b);
  run(0);
  u_.store(g, false);
  yu_.store(y, !odd_);
}

void euclid::partial(mpz_ptr r2, mpz_ptr y2, mpz_ptr r1, mpz_ptr y1,
                     mpz_srcptr a, mpz_srcptr b, unsigned bits) {
  start(a, b);
  run(bits);
  u_.store(r2, false);
  yu_.store(y2, !odd_);
  v_.store(r1, false);
  yv_.store(y1, odd_);
}
} // namespace spacetime::vdf
