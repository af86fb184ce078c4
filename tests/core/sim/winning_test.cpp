#include "core/sim/winning.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::sim;

TEST_CASE("e^-x is that of Python's decimal module to 55 bits") {
  struct answer {
    std::uint64_t x, e;
  };
  // floor(2^62 e^-(x / 2^32)), 60 digits.
  constexpr answer answers[] = {
      {0, 4611686018427387904},
      {1, 4611686017353646080},
      {1ull << 31, 2797128963144291324},
      {1ull << 32, 1696544475317221318},
      {3ull << 31, 1029006239845977778},
      {5ull << 32, 31073295968587224},
      {85899358265, 9505366021},
      {40ull << 32, 19},
      {100ull << 32, 0},
  };
  for (const auto& [x, e] : answers) {
    CAPTURE(x);
    const auto got = exp_minus(x);
    CHECK((got > e ? got - e : e - got) < 128);
  }
}

TEST_CASE("e^-x never grows with x") {
  auto last = whole;
  for (std::uint64_t x = 0; x < 50ull << 32; x += 0x3fffffff) {
    const auto now = exp_minus(x);
    CHECK(now <= last);
    last = now;
  }
}

TEST_CASE("the genesis target and its space give half a chain per epoch") {
  const u256 norm = u256{1} << 246;
  CHECK(winning_chance(norm, norm, 1000) == whole - exp_minus(1ull << 31));
  // Space and target count alike.
  CHECK(winning_chance(norm, norm, 4000)
        == winning_chance(norm * 4, norm, 1000));
  CHECK(winning_chance(max_u256(), 1, 1'000'000) == whole);
  CHECK(winning_chance(1, norm, 1000) == 0);
}

TEST_CASE("as many of 100,000 draws win as the chance says") {
  const u256 norm = u256{1} << 246;
  for (std::uint64_t space : {10u, 250u, 1000u, 4000u}) {
    CAPTURE(space);
    const auto chance = winning_chance(norm, norm, space);
    dice d{space};
    std::int64_t won = 0;
    for (int i = 0; i < 100'000; ++i) won += wins(d, chance) ? 1 : 0;
    const auto mean = static_cast<std::int64_t>((chance >> 20) * 100'000 >> 42);
    CHECK(std::abs(won - mean) < 800); // 5 standard deviations at the most
  }
}
