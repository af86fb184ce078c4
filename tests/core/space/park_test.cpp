#include "core/space/park.hpp"
#include "space_fixture.hpp"

#include <rapidcheck.h>

#include <random>

using namespace spacetime;
using namespace spacetime::space;
using namespace spacetime::test;

namespace {
constexpr int loops = slow_build ? 30'000 : 100'000;

std::vector<std::uint64_t> some_park(std::mt19937_64& next, unsigned k,
                                     std::uint64_t number, std::size_t n) {
  std::vector<std::uint64_t> out(n);
  for (auto& f : out)
    f = (number << park_shift(k)) + (next() & mask(park_shift(k)));
  std::sort(out.begin(), out.end());
  return out;
}

// Whatever the bytes: refused, or values in order and in range that encode
// to these very bytes.
void decode_anything(unsigned k, std::uint64_t number, byte_view raw) {
  std::vector<std::uint64_t> out;
  const auto verdict = decode_park(k, number, raw, out);
  REQUIRE(out.size() <= 0xffff);
  if (!verdict) {
    REQUIRE(verdict.error() == errc::corrupt);
    return;
  }
  REQUIRE(std::is_sorted(out.begin(), out.end()));
  for (const auto f : out) REQUIRE((f >> park_shift(k)) == number);
  bytes again;
  encode_park(k, number, out, again);
  REQUIRE(std::equal(again.begin(), again.end(), raw.begin(), raw.end()));
}
} // namespace

TEST_CASE("what a park encodes it decodes, for every k and many sizes") {
  std::mt19937_64 next{5};
  for (unsigned k = 18; k <= 30; k += 2)
    for (std::size_t n : {0, 1, 2, 7, 8, 9, 64, 1000, 1024, 1100}) {
      const auto number = next() & (park_count(k) - 1);
      const auto fragments = some_park(next, k, number, n);
      bytes raw;
      encode_park(k, number, fragments, raw);
      CHECK(raw.size() == park_size(k, number, fragments));
      std::vector<std::uint64_t> out;
      REQUIRE(decode_park(k, number, raw, out));
      CHECK(out == fragments);
    }
}

TEST_CASE("a park keeps equal fragments and both ends of its range") {
  constexpr unsigned k = 18;
  for (const auto number : {std::uint64_t{0}, park_count(k) - 1}) {
    const auto first = number << park_shift(k);
    const auto last = first + mask(park_shift(k));
    const std::vector<std::uint64_t> fragments{first, first, last, last};
    bytes raw;
    encode_park(k, number, fragments, raw);
    std::vector<std::uint64_t> out;
    REQUIRE(decode_park(k, number, raw, out));
    CHECK(out == fragments);
  }
}

TEST_CASE("any sorted values of a park survive") {
  CHECK(rc::check([](std::vector<std::uint32_t> low) {
    std::sort(low.begin(), low.end());
    std::vector<std::uint64_t> fragments;
    for (const auto x : low) fragments.push_back((std::uint64_t{3} << 38) + x);
    bytes raw;
    encode_park(28, 3, fragments, raw);
    RC_ASSERT(raw.size() == park_size(28, 3, fragments));
    std::vector<std::uint64_t> out;
    RC_ASSERT(decode_park(28, 3, raw, out).has_value());
    RC_ASSERT(out == fragments);
  }));
}

TEST_CASE("a park of n=1024 costs k + 1.54 bits for a fragment") {
  std::mt19937_64 next{6};
  std::size_t size = 0;
  for (int i = 0; i < 100; ++i)
    size += park_size(28, 9, some_park(next, 28, 9, 1024)) - 2;
  const auto bits = static_cast<double>(8 * size) / (100 * 1024);
  CHECK(bits > 29.50);
  CHECK(bits < 29.60);
}

TEST_CASE("no truncation of a park decodes") {
  std::mt19937_64 next{7};
  const auto fragments = some_park(next, 18, 77, 300);
  bytes raw;
  encode_park(18, 77, fragments, raw);
  std::vector<std::uint64_t> out;
  for (std::size_t n = 0; n < raw.size(); ++n)
    REQUIRE_FALSE(decode_park(18, 77, byte_view{raw}.first(n), out));
  raw.push_back(0);
  CHECK_FALSE(decode_park(18, 77, raw, out));
}

TEST_CASE("random bytes never make a park misbehave") {
  std::mt19937_64 next{8};
  for (int i = 0; i < loops; ++i) {
    bytes raw(next() % 160);
    for (auto& byte : raw) byte = static_cast<std::uint8_t>(next());
    if (raw.size() > 1 && i % 2 == 0) raw[0] = next() % 60, raw[1] = 0;
    const auto k = 18 + 2 * static_cast<unsigned>(next() % 7);
    decode_anything(k, next() & (park_count(k) - 1), raw);
  }
}

TEST_CASE("mutated parks never misbehave") {
  std::mt19937_64 next{9};
  bytes good;
  encode_park(20, 5, some_park(next, 20, 5, 60), good);
  for (int i = 0; i < loops; ++i) {
    auto raw = good;
    for (auto changes = 1 + next() % 3; changes > 0; --changes)
      raw[next() % raw.size()] ^= static_cast<std::uint8_t>(1 + next() % 255);
    if (i % 5 == 0) raw.resize(next() % (raw.size() + 20));
    decode_anything(20, 5, raw);
  }
}
