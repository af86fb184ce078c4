#include "core/time/class_group.hpp"

#include <algorithm>

namespace spacetime::vdf {
// How two forms are composed here. Let f2 = (a2, b2, c2), and for f1 * f2
//   v1 = a1 / d, v2 = a2 / d  where d = gcd(a1, a2, (b1 + b2) / 2),
//   (v1 v2, b2 + 2 v2 k, ...) the product by Gauss, for some k mod v1.
// At (x, y), with r = v1 x + k y, that product has the value
//   (v2 r^2 + b2 r y + d c2 y^2) / v1.
// So every row (r, y) of Euclid's sequence (v1, 0), (k, 1), ... is a vector
// of the product's lattice and two consecutive rows are a basis. Half-way
// down the sequence r and y are both short: in that basis the product is
// nearly reduced, and no number on the way is long. This is Shanks' NUCOMP
// (Cohen, A Course in Computational Algebraic Number Theory, 5.4.2) seen as
// a lattice reduction. Two consecutive rows have r1 y2 - r2 y1 = v1, or -v1
// where y1 > 0: that basis has the other orientation, which negates b.

form with_third(const discriminant& d, integer a, integer b) {
  integer c;
  mpz_mul(c, b, b);
  mpz_add(c, c, d.magnitude());
  mpz_divexact(c, c, a);
  mpz_tdiv_q_2exp(c, c, 2);
  return {std::move(a), std::move(b), std::move(c)};
}

form identity(const discriminant& d) {
  return with_third(d, integer(1), integer(1));
}

form generator(const discriminant& d) {
  return with_third(d, integer(2), integer(1));
}

bool is_reduced(const form& f) {
  const auto b = mpz_cmpabs(f.b, f.a);
  const auto c = mpz_cmp(f.a, f.c);
  return b <= 0 && c <= 0 && (sign(f.b) >= 0 || (b != 0 && c != 0));
}

void class_group::square(form& f, std::uint64_t n) {
  while (n-- > 0) square_once(f);
}

/// NUDUPL. As |D| is prime, gcd(a, b) = 1: d = 1, v1 = v2 = a and
/// k = -c / b (mod a). Here (b r + c y) / a is whole.
void class_group::square_once(form& f) {
  auto& [a, b, c] = f;
  mpz_fdiv_r(t_, b, a);
  euclid_.extended(d_, t_, a, t_);
  mpz_mul(k_, t_, c);
  mpz_neg(k_, k_);
  mpz_fdiv_r(k_, k_, a);
  // The same balance as in `multiply`; most results are reduced already.
  euclid_.partial(r2_, y2_, r1_, y1_, a, k_, bits_ / 4 - 1);

  mpz_mul(m1_, b, r1_);
  mpz_addmul(m1_, c, y1_);
  mpz_divexact(m1_, m1_, a);
  // The same for the other row, from m1 y2 - m2 y1 = -b if y1 > 0, else b.
  mpz_mul(m2_, m1_, y2_);
  if (sign(y1_) > 0)
    mpz_add(m2_, m2_, b);
  else
    mpz_sub(m2_, m2_, b);
  mpz_divexact(m2_, m2_, y1_);

  mpz_mul(a, r1_, r1_);
  mpz_addmul(a, y1_, m1_);
  mpz_mul(c, r2_, r2_);
  mpz_addmul(c, y2_, m2_);
  mpz_mul(b, r1_, r2_);
  mpz_mul_2exp(b, b, 1);
  mpz_addmul(b, y1_, m2_);
  mpz_addmul(b, y2_, m1_);
  if (sign(y1_) > 0) mpz_neg(b, b);
  reduce(f);
}

void class_group::multiply(form& f, const form& g) {
  // k = y (b1 - b2) / 2 for y a2 = 1 (mod a1); more if they share a factor.
  v1_ = f.a;
  v2_ = g.a;
  mpz_sub(k_, f.b, g.b);
  mpz_tdiv_q_2exp(k_, k_, 1);
  mpz_fdiv_r(t_, v2_, v1_);
  euclid_.extended(d_, t_, v1_, t_);
  mpz_mul(k_, k_, t_);
  if (compare(d_, 1) != 0) {
    // d = x s + z gcd(a1, a2) with s = (b1 + b2) / 2.
    mpz_add(m2_, f.b, g.b);
    mpz_tdiv_q_2exp(m2_, m2_, 1);
    mpz_gcdext(d_, m1_, m2_, m2_, d_);
    mpz_mul(k_, k_, m2_);
    mpz_submul(k_, m1_, g.c);
    mpz_divexact(v1_, v1_, d_);
    mpz_divexact(v2_, v2_, d_);
  }
  mpz_fdiv_r(k_, k_, v1_);

  // r and y are in balance when v2 r^2 = d c2 y^2 and r y = v1: at
  // r^2 = v1 / v2 sqrt(|D|) / 2.
  const auto up = static_cast<int>(bit_size(v1_));
  const auto down = static_cast<int>(bit_size(v2_));
  const auto stop = static_cast<int>(bits_ / 4) - 1 + (up - down) / 2;
  euclid_.partial(r2_, y2_, r1_, y1_, v1_, k_,
                  static_cast<unsigned>(std::max(stop, 1)));

  // m = v2 r + b2 y for each row, and d c2 y1 in k, d c2 y2 in t.
  mpz_mul(t_, g.c, d_);
  mpz_mul(m1_, v2_, r1_);
  mpz_addmul(m1_, g.b, y1_);
  mpz_mul(m2_, v2_, r2_);
  mpz_addmul(m2_, g.b, y2_);
  mpz_mul(k_, t_, y1_);
  mpz_mul(t_, t_, y2_);

  // The values at both rows are a and c; b is the polar form of the two,
  // (2 v2 r1 r2 + b2 (r1 y2 + r2 y1) + 2 d c2 y1 y2) / v1.
  mpz_mul(f.b, m2_, r1_);
  mpz_addmul(f.b, m1_, r2_);
  mpz_addmul(f.b, t_, y1_);
  mpz_addmul(f.b, k_, y2_);
  mpz_divexact(f.b, f.b, v1_);
  if (sign(y1_) > 0) mpz_neg(f.b, f.b);
  mpz_mul(f.a, m1_, r1_);
  mpz_addmul(f.a, k_, y1_);
  mpz_divexact(f.a, f.a, v1_);
  mpz_mul(f.c, m2_, r2_);
  mpz_addmul(f.c, t_, y2_);
  mpz_divexact(f.c, f.c, v1_);
  reduce(f);
}

/// Brings b into (-a, a].
void class_group::normalise(form& f) {
  if (mpz_cmpabs(f.b, f.a) < 0) return;
  // b - 2aq with q = ceil((b - a) / 2a); c loses q (b + new b) / 2.
  mpz_mul_2exp(t_, f.a, 1);
  mpz_sub(m1_, f.b, f.a);
  mpz_cdiv_q(m1_, m1_, t_);
  m2_ = f.b;
  mpz_submul(f.b, m1_, t_);
  mpz_add(m2_, m2_, f.b);
  mpz_tdiv_q_2exp(m2_, m2_, 1);
  mpz_submul(f.c, m1_, m2_);
}

void class_group::reduce(form& f) {
  normalise(f);
  while (mpz_cmp(f.a, f.c) > 0) {
    f.a.swap(f.c);
    mpz_neg(f.b, f.b);
    normalise(f);
  }
  if (sign(f.b) < 0 && mpz_cmp(f.a, f.c) == 0) mpz_neg(f.b, f.b);
}

void class_group::invert(form& f) {
  if (mpz_cmp(f.a, f.b) != 0 && mpz_cmp(f.a, f.c) != 0) mpz_neg(f.b, f.b);
}
} // namespace spacetime::vdf
