#include "core/codec/tick.hpp"
#include "core/consensus/time_proofs.hpp"
#include "core/time/form_codec.hpp"
#include "tests/core/consensus/consensus_fixture.hpp"

#include <thread>

using namespace spacetime;
using namespace spacetime::test;
using consensus::time_proofs;
using consensus::time_step;

namespace {
time_step step(std::uint64_t from = 0, std::uint64_t to = 1) {
  return regtest().tick(regtest().genesis().context.era, from, to).step;
}
} // namespace

TEST_CASE("true steps verify, of one tick, several and a whole era") {
  time_proofs proofs{regtest().rules()};
  CHECK(proofs.verify(step(0, 1)));
  CHECK(proofs.verify(step(7, 8)));
  CHECK(proofs.verify(step(2, 6)));
  CHECK(proofs.verify(step(0, 8)));
}

TEST_CASE("a step that says something else is bad_proof_of_time") {
  time_proofs proofs{regtest().rules()};
  const auto good = step(2, 4);
  const auto refused = [&](const std::function<void(time_step&)>& change) {
    auto s = good;
    change(s);
    const auto out = proofs.verify(s);
    return !out && out.error() == errc::bad_proof_of_time;
  };
  for (int known = 0; known < 2; ++known) { // before and after the good one
    CHECK(refused([](auto& s) { s.seed[0] ^= 1; }));
    CHECK(refused([](auto& s) { s.squarings = 999; }));
    CHECK(refused([](auto& s) { s.ticks = 1; }));
    CHECK(refused([](auto& s) { s.ticks = 0; }));
    CHECK(refused([](auto& s) { s.ticks = ~std::uint64_t{0}; }));
    CHECK(refused([](auto& s) { s.squarings = 0; }));
    CHECK(refused([](auto& s) { std::swap(s.start, s.end); }));
    CHECK(refused([](auto& s) { s.start = vdf::generator_bytes(); }));
    CHECK(refused([](auto& s) { s.end = s.proof; }));
    CHECK(refused([](auto& s) { s.proof = s.end; }));
    CHECK(refused([](auto& s) { s.proof.fill(0xff); }));
    CHECK(proofs.verify(good));
  }
}

TEST_CASE("what is known does not excuse another proof of the same tick") {
  // Else a block's validity would depend on what a node has seen before.
  time_proofs proofs{regtest().rules()};
  auto s = step();
  REQUIRE(proofs.verify(s));
  s.proof[99] ^= 1; // beyond the numbers: zero in the one true encoding
  CHECK(proofs.verify(s).error() == errc::bad_proof_of_time);
  CHECK(proofs.verify(s).error() == errc::bad_proof_of_time);
}

TEST_CASE("more steps than are remembered still verify") {
  chain_maker sim{network_with("sim"), 1};
  time_proofs proofs{sim.rules()};
  const auto era = sim.genesis().context.era;
  for (std::uint64_t i = 0; i < 64; ++i)
    CHECK(proofs.verify(sim.tick(era, i, i + 1).step));
  CHECK(proofs.verify(sim.tick(era, 0, 64).step));
  time_proofs real{regtest().rules()};
  for (int i = 0; i < 3; ++i) // eras alternate among more than are kept
    for (std::uint8_t n = 0; n < 20; ++n) {
      bytes32 seed{};
      seed[0] = n;
      const auto d = real.discriminant_of(seed);
      REQUIRE(d);
      CHECK(d->bits() == 256);
    }
}

TEST_CASE("one discriminant for one seed, whoever asks") {
  time_proofs proofs{regtest().rules()};
  const auto a = proofs.discriminant_of(step().seed);
  const auto b = proofs.discriminant_of(step().seed);
  REQUIRE(a);
  CHECK(*a == *b);
  CHECK(*a == *vdf::discriminant::from_seed(step().seed, 256));
}

TEST_CASE("many threads may verify at once") {
  time_proofs proofs{regtest().rules()};
  std::vector<time_step> steps;
  for (std::uint64_t i = 0; i < 8; ++i) {
    steps.push_back(step(i, i + 1));
    steps.push_back(steps.back());
    steps.back().end = steps.back().proof; // and as many that are false
  }
  std::atomic<int> good{0}, bad{0};
  const auto work = [&] {
    for (int round = 0; round < 5; ++round)
      for (const auto& s : steps) ++(proofs.verify(s) ? good : bad);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (auto& t : threads) t.join();
  CHECK(good == 4 * 5 * 8);
  CHECK(bad == 4 * 5 * 8);
}

TEST_CASE("claimed steps follow a header through eras, without any proof") {
  auto b = real_block().value;
  for (auto& e : b.head.time_entries) e.proof = {};
  const auto claimed = consensus::claimed_steps(regtest().rules(),
                                                real_parent().context, b.head);
  REQUIRE(claimed);
  CHECK(claimed->steps.size() == b.head.time_entries.size());
  CHECK(claimed->end.at(regtest().rules()) == b.head.epoch);
  CHECK(claimed->end.y == real_block().context.y);
  CHECK(claimed->steps.front().start == real_parent().context.y);
}

TEST_CASE("a tick is read back as it was stored; no other length decodes") {
  consensus::tick t{7, step(1, 3)};
  const auto raw = codec::encode(t);
  CHECK(codec::decode_tick(raw) == t);
  for (std::size_t n = 0; n < raw.size(); ++n)
    CHECK(codec::decode_tick(byte_view{raw}.first(n)).error() == errc::corrupt);
  auto longer = raw;
  longer.push_back(0);
  CHECK(codec::decode_tick(longer).error() == errc::corrupt);
}
