#include "core/time/verifier.hpp"

#include "core/time/form_codec.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace spacetime::vdf {
namespace {
constexpr unsigned window = 5;

/// Signed odd digits below 2^(window-1), lowest first, at least window - 1
/// zeros between two: inverses cost nothing in a class group.
std::vector<int> signed_digits(integer e) {
  std::vector<int> out;
  constexpr long full = 1L << window;
  while (sign(e) != 0) {
    long digit = 0;
    if (is_odd(e)) {
      digit = static_cast<long>(mpz_fdiv_ui(e, full));
      if (digit >= full / 2) digit -= full;
      if (digit > 0)
        mpz_sub_ui(e, e, static_cast<unsigned long>(digit));
      else
        mpz_add_ui(e, e, static_cast<unsigned long>(-digit));
    }
    out.push_back(static_cast<int>(digit));
    mpz_tdiv_q_2exp(e, e, 1);
  }
  return out;
}

/// f, f^3, f^5, ... for the digits above.
std::vector<form> odd_powers(class_group& group, const form& f) {
  std::vector<form> out{f};
  auto square = f;
  group.square(square);
  while (out.size() < std::size_t{1} << (window - 2)) {
    out.push_back(out.back());
    group.multiply(out.back(), square);
  }
  return out;
}

void multiply_digit(class_group& group, form& f, const std::vector<form>& odd,
                    int digit) {
  if (digit == 0) return;
  auto power = odd[static_cast<std::size_t>(std::abs(digit)) / 2];
  if (digit < 0) class_group::invert(power);
  group.multiply(f, power);
}

/// f^e * g^h in one run of squarings.
form joint_power(const discriminant& d, const form& f, const integer& e,
                 const form& g, const integer& h) {
  class_group group(d);
  const auto f_powers = odd_powers(group, f);
  const auto g_powers = odd_powers(group, g);
  auto f_digits = signed_digits(e);
  auto g_digits = signed_digits(h);
  const auto n = std::max(f_digits.size(), g_digits.size());
  f_digits.resize(n);
  g_digits.resize(n);
  auto out = identity(d);
  for (auto i = n; i-- > 0;) {
    group.square(out);
    multiply_digit(group, out, f_powers, f_digits[i]);
    multiply_digit(group, out, g_powers, g_digits[i]);
  }
  return out;
}

bytes100 copy100(byte_view raw) {
  bytes100 out;
  std::copy(raw.begin(), raw.end(), out.begin());
  return out;
}
} // namespace

integer challenge_prime(const bytes100& x, const bytes100& y) {
  writer seed;
  seed.put(byte_view{x}).put(byte_view{y});
  return hash_prime(seed.view(), 264, {263});
}

status verify(const discriminant& d, const bytes100& x, std::uint64_t squarings,
              const bytes100& y, const bytes100& proof) {
  if (squarings < 1 || squarings >> 63 != 0)
    return fail(errc::bad_proof_of_time);
  const auto from = decode(d, x);
  const auto to = decode(d, y);
  const auto root = decode(d, proof);
  if (!from || !to || !root) return fail(errc::bad_proof_of_time);

  const auto b = challenge_prime(x, y);
  integer r(2);
  mpz_powm_ui(r, r, squarings, b);
  if (joint_power(d, *root, b, *from, r) == *to) return {};
  return fail(errc::bad_proof_of_time);
}

status verify(const discriminant& d, byte_view x, std::uint64_t squarings,
              byte_view y_and_proof) {
  if (x.size() != 100 || y_and_proof.size() != 200)
    return fail(errc::bad_proof_of_time);
  return verify(d, copy100(x), squarings, copy100(y_and_proof.first(100)),
                copy100(y_and_proof.subspan(100)));
}
} // namespace spacetime::vdf
