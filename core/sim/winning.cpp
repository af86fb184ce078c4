#include "core/sim/winning.hpp"

#include "core/base/checked.hpp"

namespace spacetime::sim {
namespace {
/// e^-f for f in [0, 1], in units of 2^-32: its Taylor series.
std::uint64_t exp_minus_fraction(std::uint64_t f) {
  std::uint64_t term = whole, even = whole, odd = 0;
  for (std::uint64_t i = 1; term != 0; ++i) {
    term = static_cast<std::uint64_t>(((uint128{term} * f) >> 32) / i);
    (i % 2 == 0 ? even : odd) += term;
  }
  return even - odd;
}
} // namespace

std::uint64_t exp_minus(std::uint64_t x) {
  static const std::uint64_t inverse_e =
      exp_minus_fraction(std::uint64_t{1} << 32);
  auto out = exp_minus_fraction(x & 0xffffffff);
  for (auto n = x >> 32; n > 0 && out != 0; --n)
    out =
        static_cast<std::uint64_t>((uint128{out} * inverse_e) >> fraction_bits);
  return out;
}

std::uint64_t winning_chance(const u256& target, const u256& norm,
                             std::uint64_t space) {
  constexpr std::uint64_t certain = std::uint64_t{64} << 32; // below 2^-62
  const u1024 x = ((u1024{target} * space) << 32) / (u1024{norm} * 2000);
  return whole
         - exp_minus(x > certain ? certain : static_cast<std::uint64_t>(x));
}
} // namespace spacetime::sim
