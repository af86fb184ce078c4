#include "tests/core/time/support.hpp"

using namespace spacetime;
using namespace spacetime::vdf;

namespace {
#if defined(__SANITIZE_ADDRESS__)
constexpr int hostile_strings = 10'000;
#else
constexpr int hostile_strings = 100'000;
#endif

/// Whatever decodes must be the only encoding of what it decodes to.
void is_refused_or_canonical(const discriminant& d, byte_view raw) {
  const auto f = decode(d, raw);
  if (!f) {
    REQUIRE(f.error() == errc::bad_proof_of_time);
    return;
  }
  REQUIRE(is_reduced(*f));
  const auto again = encode(d, *f);
  REQUIRE(std::equal(raw.begin(), raw.end(), again.begin(), again.end()));
}
} // namespace

TEST_CASE("every form decodes from its encoding to itself") {
  std::mt19937_64 random(2);
  for (const unsigned bits : {256U, 512U, 1024U}) {
    const auto d = numbered_discriminant(3, bits);
    class_group group(d);
    auto f = generator(d);
    for (int i = 0; i < 1000; ++i) {
      const auto g = decode(d, encode(d, f));
      REQUIRE(g);
      CHECK(*g == f);
      CHECK(g->c == f.c);
      auto inverse = f;
      class_group::invert(inverse);
      CHECK(*decode(d, encode(d, inverse)) == inverse);
      group.square(f);
    }
    for (int i = 0; i < 20; ++i) {
      f = random_form(d, random);
      CHECK(*decode(d, encode(d, f)) == f);
    }
  }
}

TEST_CASE("identity and generator have one byte and zeros") {
  const auto d = numbered_discriminant(3, 512);
  CHECK(encode(d, identity(d)) == identity_bytes());
  CHECK(encode(d, generator(d)) == generator_bytes());
  CHECK(*decode(d, identity_bytes()) == identity(d));
  CHECK(*decode(d, generator_bytes()) == generator(d));
  for (auto special : {identity_bytes(), generator_bytes()})
    for (std::size_t i = 0; i < special.size(); ++i) {
      auto raw = special;
      raw[i] ^= 1;
      CHECK_FALSE(decode(d, raw));
    }
}

TEST_CASE("no other length decodes") {
  const auto d = numbered_discriminant(3, 256);
  const auto good = generator_bytes();
  for (std::size_t n = 0; n < good.size(); ++n)
    CHECK_FALSE(decode(d, byte_view{good}.first(n)));
  bytes longer(good.begin(), good.end());
  longer.push_back(0);
  CHECK_FALSE(decode(d, longer));
}

TEST_CASE("no single bit of an encoding can be flipped into a second one") {
  std::mt19937_64 random(3);
  for (const unsigned bits : {256U, 1024U}) {
    const auto d = numbered_discriminant(6, bits);
    const auto good = encode(d, random_form(d, random));
    for (std::size_t bit = 0; bit < 800; ++bit) {
      auto raw = good;
      raw[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      is_refused_or_canonical(d, raw);
    }
  }
}

TEST_CASE("random bytes are refused or canonical") {
  std::mt19937_64 random(4);
  const auto d = numbered_discriminant(6, 256);
  for (int i = 0; i < hostile_strings / 2; ++i) {
    bytes100 raw;
    for (auto& byte : raw) byte = static_cast<std::uint8_t>(random());
    // Most would fail at the first byte; let many come further.
    if (i % 4 != 0) raw[0] &= 0x03;
    if (i % 4 > 1) raw[1] &= 0x07;
    if (i % 4 > 2) std::fill(raw.begin() + 28, raw.end(), 0);
    is_refused_or_canonical(d, raw);
  }
}

TEST_CASE("mutated encodings are refused or canonical") {
  std::mt19937_64 random(5);
  const auto d = numbered_discriminant(6, 256);
  class_group group(d);
  auto f = generator(d);
  for (int i = 0; i < hostile_strings / 2; ++i) {
    if (i % 100 == 0) group.square(f);
    auto raw = encode(d, f);
    const auto changes = 1 + random() % 3;
    for (std::size_t c = 0; c < changes; ++c)
      raw[random() % (c == 0 ? 20 : 100)] =
          static_cast<std::uint8_t>(random() >> random() % 8);
    is_refused_or_canonical(d, raw);
  }
}

TEST_CASE("small numbers in every field are refused or canonical") {
  // a, t, g and b of 0 to 2 with every pair of flags, for each width of g.
  const auto d = numbered_discriminant(6, 256);
  for (unsigned n = 0; n < 81 * 4 * 9; ++n) {
    bytes100 raw{};
    const std::size_t extra = n / (81 * 4);
    raw[0] = static_cast<std::uint8_t>(n / 81 % 4);
    raw[1] = static_cast<std::uint8_t>(extra);
    raw[2] = static_cast<std::uint8_t>(n % 3);
    raw[18 - extra] = static_cast<std::uint8_t>(n / 3 % 3);
    raw[26 - 2 * extra] = static_cast<std::uint8_t>(n / 9 % 3);
    raw[27 - extra] = static_cast<std::uint8_t>(n / 27 % 3);
    is_refused_or_canonical(d, raw);
  }
}
