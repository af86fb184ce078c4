// What a timelord and a verifier can do with one thread. The argument is the
// number of bits of the discriminant.

#include "core/time/prover.hpp"
#include "core/time/verifier.hpp"

#include <benchmark/benchmark.h>

using namespace spacetime;
using namespace spacetime::vdf;

namespace {
constexpr std::uint64_t era_ticks = 1;

discriminant discriminant_of(const benchmark::State& state) {
  bytes32 seed{};
  seed[31] = 7;
  return *discriminant::from_seed(seed, static_cast<unsigned>(state.range(0)));
}

/// Squarings per second: what a timelord's core runs all day.
void squarings(benchmark::State& state) {
  const auto d = discriminant_of(state);
  class_group group(d);
  auto f = generator(d);
  group.square(f, 2000);
  for (auto _ : state) group.square(f, 1000);
  state.SetItemsProcessed(1000 * state.iterations());
}

/// Products of two elements; a proof is made of these.
void products(benchmark::State& state) {
  const auto d = discriminant_of(state);
  class_group group(d);
  auto f = generator(d);
  group.square(f, 2000);
  auto g = f;
  group.square(g, 2000);
  for (auto _ : state) group.multiply(f, g);
  state.SetItemsProcessed(state.iterations());
}

/// One tick of 200,000 squarings and its proof.
struct tick {
  static constexpr std::uint64_t squarings = 200'000;
  discriminant d;
  evaluation run;

  explicit tick(const discriminant& of) : d(of), run(of, squarings, era_ticks) {
    benchmark::DoNotOptimize(run.advance(squarings));
  }
};

/// The proof of a tick; compare with the squarings' time.
void proof(benchmark::State& state) {
  const tick t(discriminant_of(state));
  const auto from = t.run.range(0, 1);
  const auto y = t.run.current();
  for (auto _ : state)
    benchmark::DoNotOptimize(prove(t.d, from, tick::squarings, y, 1));
  state.SetItemsProcessed(tick::squarings * state.iterations());
}

/// What every node does with every tick.
void verification(benchmark::State& state) {
  const tick t(discriminant_of(state));
  const auto y = t.run.current();
  const auto pi = *prove(t.d, t.run.range(0, 1), tick::squarings, y, 1);
  for (auto _ : state) {
    const auto verdict = verify(t.d, generator_bytes(), tick::squarings, y, pi);
    if (!verdict) state.SkipWithError("a good proof was refused");
  }
}

/// Decoding an element of a stranger.
void decoding(benchmark::State& state) {
  const auto d = discriminant_of(state);
  class_group group(d);
  auto f = generator(d);
  group.square(f, 2000);
  const auto raw = encode(d, f);
  for (auto _ : state) benchmark::DoNotOptimize(decode(d, raw));
}

/// From a seed to a discriminant, once per era; ten seeds, for it is luck.
void hashing(benchmark::State& state) {
  for (auto _ : state)
    for (std::uint8_t i = 0; i < 10; ++i) {
      bytes32 seed{};
      seed[0] = i;
      benchmark::DoNotOptimize(
          discriminant::from_seed(seed, static_cast<unsigned>(state.range(0))));
    }
  state.SetItemsProcessed(10 * state.iterations());
}

void sizes(benchmark::internal::Benchmark* b) {
  b->Arg(256)->Arg(512)->Arg(1024)->ArgName("bits");
}
} // namespace

BENCHMARK(squarings)->Apply(sizes);
BENCHMARK(products)->Apply(sizes);
BENCHMARK(proof)->Apply(sizes)->Unit(benchmark::kMillisecond);
BENCHMARK(verification)->Apply(sizes)->Unit(benchmark::kMicrosecond);
BENCHMARK(decoding)->Apply(sizes)->Unit(benchmark::kMicrosecond);
BENCHMARK(hashing)->Apply(sizes)->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
