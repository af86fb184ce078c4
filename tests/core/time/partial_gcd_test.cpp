#include "core/time/partial_gcd.hpp"
#include "tests/core/time/support.hpp"

#include <rapidcheck.h>

using namespace spacetime;
using namespace spacetime::vdf;

namespace {
struct rows {
  integer r2, y2, r1, y1;
  friend bool operator==(const rows&, const rows&) = default;
};

/// Euclid as in a textbook, until r1 < 2^bits.
rows plain(const integer& a, const integer& b, unsigned bits) {
  rows out{a, integer(0), b, integer(1)};
  integer limit(1);
  mpz_mul_2exp(limit, limit, bits);
  integer q;
  while (mpz_cmp(out.r1, limit) >= 0) {
    mpz_tdiv_qr(q, out.r2, out.r2, out.r1);
    mpz_submul(out.y2, q, out.y1);
    out.r2.swap(out.r1);
    out.y2.swap(out.y1);
  }
  return out;
}

rows fast(euclid& e, const integer& a, const integer& b, unsigned bits) {
  rows out;
  e.partial(out.r2, out.y2, out.r1, out.y1, a, b, bits);
  return out;
}

bool extended_holds(euclid& e, const integer& a, const integer& b) {
  integer g;
  integer y;
  integer expected;
  e.extended(g, y, a, b);
  mpz_gcd(expected, a, b);
  if (!(g == expected)) return false;
  mpz_mul(y, y, b);
  mpz_sub(y, y, g);
  return mpz_divisible_p(y, a) != 0;
}

/// A positive integer of up to `limbs` words, each word random, all zeros or
/// all ones: so quotients of every size turn up.
rc::Gen<std::vector<unsigned long>> words(int limbs) {
  return rc::gen::resize(
      limbs, rc::gen::container<std::vector<unsigned long>>(rc::gen::oneOf(
                 rc::gen::arbitrary<unsigned long>(),
                 rc::gen::resize(1000, rc::gen::arbitrary<unsigned long>()),
                 rc::gen::element(0UL, ~0UL, 1UL, 1UL << 63))));
}

integer number(const std::vector<unsigned long>& words) {
  integer x;
  mpz_import(x, std::min<std::size_t>(words.size(), euclid::max_limbs), -1,
             sizeof(unsigned long), 0, 0, words.data());
  return x;
}

void check_all(const char* what, auto property) {
  CHECK_MESSAGE(rc::check(what, property), what);
}
} // namespace

TEST_CASE("rows by leading bits are those of plain Euclid") {
  euclid e;
  check_all("any a > b and any bound", [&](unsigned bits) {
    auto a = number(*words(14));
    auto b = number(*words(14));
    if (mpz_cmp(a, b) < 0) a.swap(b);
    if (a == b) mpz_add_ui(a, a, 1);
    RC_PRE(bit_size(a) <= 64 * euclid::max_limbs);
    bits %= 700;
    RC_ASSERT(fast(e, a, b, bits) == plain(a, b, bits));
    RC_ASSERT(extended_holds(e, a, b));
  });
}

TEST_CASE("rows of full-size random numbers are those of plain Euclid") {
  euclid e;
  std::mt19937_64 random(1);
  for (int i = 0; i < 3000; ++i) {
    std::vector<unsigned long> wa(1 + random() % euclid::max_limbs);
    for (auto& w : wa) w = random();
    auto wb = wa;
    for (auto& w : wb) w = random();
    auto a = number(wa);
    auto b = number(wb);
    mpz_tdiv_r(b, b, a);
    const auto bits = static_cast<unsigned>(random() % (64 * wa.size() + 1));
    CHECK(fast(e, a, b, bits) == plain(a, b, bits));
    CHECK(extended_holds(e, a, b));
  }
}

TEST_CASE("the longest run of quotients, Fibonacci's, is followed") {
  euclid e;
  integer a;
  integer b;
  for (unsigned n = 3; n < 920; ++n) {
    mpz_fib2_ui(a, b, n);
    CHECK(fast(e, a, b, bit_size(a) / 2) == plain(a, b, bit_size(a) / 2));
    CHECK(fast(e, a, b, 0) == plain(a, b, 0));
    CHECK(extended_holds(e, a, b));
  }
}

TEST_CASE("zero, one and common factors have a greatest common divisor") {
  euclid e;
  const integer one(1);
  const integer zero(0);
  integer big(3);
  mpz_mul_2exp(big, big, 600);
  integer half;
  mpz_tdiv_q_2exp(half, big, 1);
  integer less;
  mpz_sub_ui(less, big, 1);
  CHECK(extended_holds(e, one, zero));
  CHECK(extended_holds(e, big, zero));
  CHECK(extended_holds(e, big, one));
  CHECK(extended_holds(e, big, half));
  CHECK(extended_holds(e, big, less));
}
