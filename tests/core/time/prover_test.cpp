#include "core/time/prover.hpp"
#include "tests/core/time/support.hpp"

#include <thread>

using namespace spacetime;
using namespace spacetime::vdf;

namespace {
bytes100 power(const discriminant& d, const bytes100& x, std::uint64_t n) {
  class_group group(d);
  auto f = *decode(d, x);
  group.square(f, n);
  return encode(d, f);
}

/// Proves ticks `from` to `to` of `run` and has the proof verified.
void proves(const discriminant& d, const evaluation& run,
            std::uint64_t tick_squarings, std::uint64_t from,
            std::uint64_t to) {
  INFO(from << " to " << to << " of " << tick_squarings << " squarings");
  const auto n = (to - from) * tick_squarings;
  const auto checkpoints = run.range(from, to);
  const auto x = encode(d, checkpoints.start);
  const auto y = power(d, x, n);
  const auto proof = prove(d, checkpoints, n, y, 1);
  REQUIRE(proof);
  CHECK(verify(d, x, n, y, *proof));
  CHECK(prove(d, checkpoints, n, y, 2) == proof);
  CHECK(prove(d, checkpoints, n, y, 40) == proof);
}

/// x^floor(2^n / B) without any checkpoints.
bytes100 proof_by_definition(const discriminant& d, const bytes100& x,
                             std::uint64_t n, const bytes100& y) {
  integer q(1);
  mpz_mul_2exp(q, q, n);
  mpz_tdiv_q(q, q, challenge_prime(x, y));
  class_group group(d);
  const auto base = *decode(d, x);
  auto out = identity(d);
  for (auto bit = static_cast<std::size_t>(bit_size(q)); bit-- > 0;) {
    group.square(out);
    if (mpz_tstbit(q, bit) != 0) group.multiply(out, base);
  }
  return encode(d, out);
}
} // namespace

TEST_CASE("a proof is the power of its definition") {
  const auto d = numbered_discriminant(1, 256);
  for (const std::uint64_t n : {1, 2, 7, 262, 263, 264, 265, 266, 271, 272, 273,
                                300, 400, 999, 1000, 1001, 2047, 5000}) {
    evaluation run(d, n, 1);
    REQUIRE(run.advance(n));
    const auto y = run.current();
    CHECK(y == power(d, generator_bytes(), n));
    const auto proof = prove(d, run.range(0, 1), n, y, 1);
    REQUIRE(proof);
    CHECK(*proof == proof_by_definition(d, generator_bytes(), n, y));
    CHECK(verify(d, generator_bytes(), n, y, *proof));
  }
}

TEST_CASE("checkpoints of any first distance and stride give the same proof") {
  const auto d = numbered_discriminant(2, 256);
  constexpr std::uint64_t n = 777;
  const auto y = power(d, generator_bytes(), n);
  const auto expected = proof_by_definition(d, generator_bytes(), n, y);
  class_group group(d);
  for (const std::uint64_t stride : {1, 2, 3, 8, 31, 100, 500, 776, 777, 2000})
    for (const std::uint64_t first : {std::uint64_t{1}, stride / 2, stride}) {
      if (first == 0) continue;
      checkpoints from{generator(d), first, stride, {}};
      auto f = from.start;
      for (std::uint64_t at = first; at < n; at += stride) {
        group.square(f, from.every.empty() ? first : stride);
        from.every.push_back(f);
      }
      INFO(first << " then every " << stride);
      CHECK(*prove(d, from, n, y, 1) == expected);
      if (from.every.empty()) continue;
      from.every.pop_back();
      CHECK(prove(d, from, n, y, 1).error() == errc::internal);
    }
}

TEST_CASE("every range of whole ticks can be proven") {
  const auto d = numbered_discriminant(3, 256);
  for (const std::uint64_t tick : {1, 5, 8, 13, 300, 1001}) {
    constexpr std::uint64_t ticks = 5;
    evaluation run(d, tick, ticks);
    for (std::uint64_t i = 1; i <= ticks; ++i) {
      REQUIRE(run.advance(tick));
      CHECK(run.ticks() == i);
      proves(d, run, tick, i - 1, i);
    }
    for (std::uint64_t from = 0; from < ticks; ++from)
      for (auto to = from + 1; to <= ticks; ++to)
        proves(d, run, tick, from, to);
  }
}

TEST_CASE("an era longer than its checkpoints is proven from sparse ones") {
  // 2^20 squarings: the strides are above their minimum of 8.
  const auto d = numbered_discriminant(4, 256);
  constexpr std::uint64_t tick = (1 << 17) + 1;
  constexpr std::uint64_t ticks = 8;
  evaluation run(d, tick, ticks);
  REQUIRE(run.advance(tick * ticks));
  const auto sparse = run.range(0, ticks);
  CHECK(sparse.stride > 8);
  CHECK(sparse.every.size() <= 32'768);
  const auto dense = run.range(ticks - 1, ticks);
  CHECK(dense.stride == 9);
  CHECK(dense.every.size() <= 16'384);

  const auto y = run.current();
  const auto whole = prove(d, sparse, tick * ticks, y, 2);
  REQUIRE(whole);
  CHECK(verify(d, generator_bytes(), tick * ticks, y, *whole));
  const auto x = encode(d, dense.start);
  const auto last = prove(d, dense, tick, y, 2);
  REQUIRE(last);
  CHECK(verify(d, x, tick, y, *last));
  // Two ticks that start between two sparse checkpoints.
  const auto middle = run.range(5, 7);
  CHECK(middle.first < middle.stride);
  const auto to = encode(d, run.range(7, 8).start);
  const auto two = prove(d, middle, 2 * tick, to, 2);
  REQUIRE(two);
  CHECK(verify(d, encode(d, middle.start), 2 * tick, to, *two));
}

TEST_CASE("larger discriminants are proven alike") {
  for (const unsigned bits : {512U, 1024U}) {
    const auto d = numbered_discriminant(5, bits);
    evaluation run(d, 700, 3);
    REQUIRE(run.advance(3 * 700));
    proves(d, run, 700, 0, 1);
    proves(d, run, 700, 0, 3);
    proves(d, run, 700, 2, 3);
  }
}

TEST_CASE("many steps lead where one step leads") {
  const auto d = numbered_discriminant(6, 256);
  evaluation once(d, 1500, 2);
  REQUIRE(once.advance(3000));
  evaluation often(d, 1500, 2);
  std::mt19937_64 random(6);
  while (often.squarings() < 3000)
    REQUIRE(often.advance(
        std::min<std::uint64_t>(random() % 300, 3000 - often.squarings())));
  CHECK(often.current() == once.current());
  for (const auto& [from, to] : {std::pair{0, 1}, {0, 2}, {1, 2}}) {
    const auto a = once.range(from, to);
    const auto b = often.range(from, to);
    CHECK(a.start == b.start);
    CHECK(a.first == b.first);
    CHECK(a.every == b.every);
  }
}

TEST_CASE("squaring goes on from an encoded form") {
  const auto d = numbered_discriminant(7, 256);
  evaluation whole(d, 100, 4);
  REQUIRE(whole.advance(200));
  auto rest = evaluation::from(d, whole.current(), 100, 2);
  REQUIRE(rest);
  CHECK(rest->current() == whole.current());
  REQUIRE(rest->advance(200));
  REQUIRE(whole.advance(200));
  CHECK(rest->current() == whole.current());
  proves(d, *rest, 100, 0, 2);

  auto bad = generator_bytes();
  bad[99] = 1;
  const auto refused = evaluation::from(d, bad, 100, 2);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == errc::bad_proof_of_time);
}

TEST_CASE("a set flag cancels, and what was done stays provable") {
  const auto d = numbered_discriminant(8, 256);
  std::atomic<bool> cancel = true;
  evaluation run(d, 400, 10);
  CHECK(run.advance(400, &cancel).error() == errc::cancelled);
  CHECK(run.squarings() == 0);
  cancel = false;
  REQUIRE(run.advance(400, &cancel));
  const auto y = run.current();
  const auto from = run.range(0, 1);
  cancel = true;
  CHECK(prove(d, from, 400, y, 2, &cancel).error() == errc::cancelled);
  CHECK(run.advance(0, &cancel));
  cancel = false;
  CHECK(verify(d, generator_bytes(), 400, y,
               *prove(d, from, 400, y, 2, &cancel)));
}

TEST_CASE("another thread stops the squaring of an endless era") {
  const auto d = numbered_discriminant(8, 256);
  constexpr std::uint64_t endless = std::uint64_t{1} << 40;
  std::atomic<bool> cancel = false;
  evaluation run(d, endless, 1);
  std::thread other([&] { cancel = true; });
  CHECK(run.advance(endless, &cancel).error() == errc::cancelled);
  other.join();
  const auto done = run.squarings();
  CHECK(run.current() == power(d, generator_bytes(), done));
}
