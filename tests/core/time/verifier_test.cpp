#include "core/time/prover.hpp"
#include "tests/core/time/support.hpp"

using namespace spacetime;
using namespace spacetime::vdf;

namespace {
struct proven {
  discriminant d;
  bytes100 x = generator_bytes();
  std::uint64_t squarings;
  bytes100 y;
  bytes100 proof;

  explicit proven(std::uint64_t n)
      : d(numbered_discriminant(11, 256)), squarings(n) {
    evaluation run(d, n, 1);
    REQUIRE(run.advance(n));
    y = run.current();
    proof = *prove(d, run.range(0, 1), n, y, 1);
  }

  [[nodiscard]] bytes joined() const {
    writer out;
    return out.put(byte_view{y}).put(byte_view{proof}).view();
  }
};

void refused(const status& verdict) {
  REQUIRE_FALSE(verdict);
  CHECK(verdict.error() == errc::bad_proof_of_time);
}
} // namespace

TEST_CASE("no single bit of a proof can be flipped") {
  const proven p(1000);
  const auto good = p.joined();
  REQUIRE(verify(p.d, p.x, p.squarings, good));
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    auto raw = good;
    raw[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    REQUIRE_FALSE(verify(p.d, p.x, p.squarings, raw));
  }
}

TEST_CASE("a proof holds for its own squarings, start and discriminant only") {
  const proven p(1000);
  refused(verify(p.d, p.x, p.squarings - 1, p.y, p.proof));
  refused(verify(p.d, p.x, p.squarings + 1, p.y, p.proof));
  refused(verify(p.d, p.y, p.squarings, p.y, p.proof));
  refused(verify(p.d, identity_bytes(), p.squarings, p.y, p.proof));
  refused(verify(p.d, p.x, p.squarings, p.proof, p.y));
  refused(
      verify(numbered_discriminant(12, 256), p.x, p.squarings, p.y, p.proof));
}

TEST_CASE("squarings are at least 1 and below 2^63") {
  const proven p(1000);
  refused(verify(p.d, p.x, 0, p.y, p.proof));
  refused(verify(p.d, p.x, std::uint64_t{1} << 63, p.y, p.proof));
  refused(verify(p.d, p.x, (std::uint64_t{1} << 63) + 1000, p.y, p.proof));
  refused(verify(p.d, p.x, ~std::uint64_t{0}, p.y, p.proof));
  // The identity is every power of itself.
  const auto one = identity_bytes();
  CHECK(verify(p.d, one, 1, one, one));
  CHECK(verify(p.d, one, (std::uint64_t{1} << 63) - 1, one, one));
  refused(verify(p.d, one, 0, one, one));
  refused(verify(p.d, one, std::uint64_t{1} << 63, one, one));
}

TEST_CASE("no other length is a proof") {
  const proven p(300);
  auto raw = p.joined();
  for (std::size_t n = 0; n < raw.size(); ++n)
    refused(verify(p.d, p.x, p.squarings, byte_view{raw}.first(n)));
  raw.push_back(0);
  refused(verify(p.d, p.x, p.squarings, raw));
  raw.pop_back();
  CHECK(verify(p.d, p.x, p.squarings, raw));
  refused(verify(p.d, byte_view{p.x}.first(99), p.squarings, raw));
}

TEST_CASE("mutated and random proofs are refused") {
  const proven p(300);
  const auto good = p.joined();
  std::mt19937_64 random(8);
  for (int i = 0; i < 2000; ++i) {
    auto raw = good;
    for (std::size_t n = 1 + random() % 4; n > 0; --n)
      raw[random() % raw.size()] = static_cast<std::uint8_t>(random());
    CHECK(verify(p.d, p.x, p.squarings, raw).has_value() == (raw == good));
    for (auto& byte : raw) byte = static_cast<std::uint8_t>(random());
    refused(verify(p.d, p.x, p.squarings, raw));
  }
}

TEST_CASE("another element's y needs another proof") {
  // y and the proof of y^-1: valid group elements, yet not a proof.
  const proven p(300);
  auto y = *decode(p.d, p.y);
  class_group::invert(y);
  refused(verify(p.d, p.x, p.squarings, encode(p.d, y), p.proof));
  auto pi = *decode(p.d, p.proof);
  class_group::invert(pi);
  refused(verify(p.d, p.x, p.squarings, p.y, encode(p.d, pi)));
}
