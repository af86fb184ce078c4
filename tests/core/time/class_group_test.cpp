#include "tests/core/time/support.hpp"

using namespace spacetime;
using namespace spacetime::vdf;

namespace {
form product(class_group& group, form f, const form& g) {
  group.multiply(f, g);
  return f;
}

form square(class_group& group, form f) {
  group.square(f);
  return f;
}

form inverse(form f) {
  class_group::invert(f);
  return f;
}

bool has_discriminant(const form& f, const discriminant& d) {
  integer x;
  integer y;
  mpz_mul(x, f.b, f.b);
  mpz_mul(y, f.a, f.c);
  mpz_submul_ui(x, y, 4);
  mpz_neg(x, x);
  return x == d.magnitude();
}

/// Squaring by its definition (Gauss): (a^2, b + 2ak, ...) with
/// k = -c / b mod a, reduced.
form plain_square(const discriminant& d, const form& f) {
  integer k;
  if (compare(f.a, 1) > 0) {
    mpz_invert(k, f.b, f.a);
    mpz_mul(k, k, f.c);
    mpz_neg(k, k);
    mpz_fdiv_r(k, k, f.a);
  }
  integer a;
  integer b;
  mpz_mul(a, f.a, f.a);
  mpz_mul(b, f.a, k);
  mpz_mul_2exp(b, b, 1);
  mpz_add(b, b, f.b);
  auto out = with_third(d, a, b);
  class_group(d).reduce(out);
  return out;
}

template <class Property>
void with_random_forms(unsigned bits, Property property) {
  std::mt19937_64 random(bits);
  for (std::uint8_t n = 1; n <= 3; ++n) {
    const auto d = numbered_discriminant(n, bits);
    class_group group(d);
    for (int i = 0; i < 20; ++i)
      property(d, group, random_form(d, random), random_form(d, random));
  }
}
} // namespace

TEST_CASE("products are reduced forms of the discriminant") {
  for (const unsigned bits : {256U, 512U, 1024U})
    with_random_forms(bits, [](auto& d, auto& group, auto f, auto g) {
      const auto fg = product(group, f, g);
      CHECK(is_reduced(fg));
      CHECK(has_discriminant(fg, d));
      CHECK(has_discriminant(square(group, f), d));
    });
}

TEST_CASE("multiplication is associative and commutative") {
  for (const unsigned bits : {256U, 512U, 1024U})
    with_random_forms(bits, [](auto&, auto& group, auto f, auto g) {
      const auto h = square(group, product(group, f, g));
      CHECK(product(group, f, g) == product(group, g, f));
      CHECK(product(group, product(group, f, g), h)
            == product(group, f, product(group, g, h)));
    });
}

TEST_CASE("the identity and the inverse are what their names say") {
  for (const unsigned bits : {256U, 512U, 1024U})
    with_random_forms(bits, [](auto& d, auto& group, auto f, auto) {
      const auto one = identity(d);
      CHECK(product(group, f, one) == f);
      CHECK(product(group, one, f) == f);
      CHECK(product(group, f, inverse(f)) == one);
      CHECK(is_reduced(inverse(f)));
      CHECK(square(group, one) == one);
      CHECK(product(group, one, one) == one);
    });
}

TEST_CASE("a square is the product with itself and Gauss's") {
  for (const unsigned bits : {256U, 512U, 1024U})
    with_random_forms(bits, [](auto& d, auto& group, auto f, auto) {
      CHECK(square(group, f) == product(group, f, f));
      CHECK(square(group, f) == plain_square(d, f));
      auto itself = f;
      group.multiply(itself, itself);
      CHECK(itself == square(group, f));
    });
}

TEST_CASE("small powers of the generator multiply as exponents add") {
  // Their first coefficients are powers of two: every product has common
  // factors, which random forms seldom have.
  for (const unsigned bits : {256U, 1024U}) {
    const auto d = numbered_discriminant(9, bits);
    class_group group(d);
    constexpr std::size_t n = 40;
    std::vector<form> power{identity(d)};
    while (power.size() < 2 * n)
      power.push_back(product(group, power.back(), generator(d)));
    for (std::size_t i = 0; i < n; ++i) {
      CHECK(square(group, power[i]) == power[2 * i]);
      for (std::size_t j = 0; j < n; ++j) {
        CHECK(product(group, power[i], power[j]) == power[i + j]);
        const auto less = product(group, power[i], inverse(power[j]));
        CHECK(less == (i < j ? inverse(power[j - i]) : power[i - j]));
      }
    }
  }
}

TEST_CASE("forms with small common factors multiply as exponents add") {
  // Forms above each small prime p that D is a square modulo, as (p, b, c).
  const auto d = numbered_discriminant(4, 256);
  class_group group(d);
  std::vector<form> small;
  for (unsigned long p = 3; p < 60; p += 2)
    for (unsigned long b = 1; b < p; b += 2) {
      form f{integer(p), integer(b), integer(0)};
      integer x(b * b);
      mpz_add(x, x, d.magnitude());
      if (mpz_divisible_ui_p(x, 4 * p) == 0) continue;
      small.push_back(with_third(d, f.a, f.b));
    }
  REQUIRE(small.size() > 3);
  for (const auto& f : small)
    for (const auto& g : small) {
      const auto fg = product(group, f, g);
      CHECK(product(group, fg, fg)
            == product(group, square(group, f), square(group, g)));
      CHECK(product(group, fg, inverse(g)) == f);
      CHECK(product(group, fg, inverse(f)) == g);
      CHECK(product(group, square(group, fg), inverse(fg)) == fg);
    }
}

TEST_CASE("reduction finds the reduced form of any equivalent form") {
  with_random_forms(256, [](auto& d, auto& group, auto f, auto) {
    auto g = f;
    std::mt19937_64 random(7);
    for (int i = 0; i < 10; ++i) {
      // x -> x + ny turns b into b + 2an; then x and y change places.
      const auto n = random() % 1000;
      integer b = g.b;
      mpz_addmul_ui(b, g.a, 2 * n);
      g = with_third(d, g.a, b);
      g.a.swap(g.c);
      mpz_neg(g.b, g.b);
    }
    CHECK_FALSE(is_reduced(g));
    group.reduce(g);
    CHECK(is_reduced(g));
    CHECK(g == f);
  });
}
