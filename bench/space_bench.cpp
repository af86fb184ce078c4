// What a plot costs to make, to ask and to check: the bounds on plots per
// farmer, proofs per second of a first sync, and hours per disk.

#include "core/crypto/hash.hpp"
#include "core/disk/plot_file.hpp"
#include "core/space/plotter.hpp"
#include "core/space/solve.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>

using namespace spacetime;

namespace {
disk::plot_info info_of(std::uint8_t k) {
  disk::plot_info out;
  out.k = k;
  out.plot_id = space::make_plot_id(out.network_id, k, out.strength,
                                    out.farmer_key, out.payout, out.seed);
  return out;
}

/// A plot file in a directory of its own, and a challenge it answers.
struct fixture {
  std::filesystem::path directory;
  std::unique_ptr<disk::plot_file> plot;
  bytes32 challenge{};
  space::chain chain;
  bytes proof;

  explicit fixture(std::uint8_t k) {
    auto name =
        (std::filesystem::temp_directory_path() / "space-XXXXXX").string();
    check(::mkdtemp(name.data()) != nullptr, "mkdtemp works");
    directory = name;
    const auto info = info_of(k);
    const auto file = directory / disk::plot_file_name(info);
    const auto made = space::make_fragments(disk::params_of(info), {});
    check(made && disk::write_plot(file, info, *made), "the plot is written");
    plot = std::make_unique<disk::plot_file>(*disk::plot_file::open(file));
    find_chain();
    proof = *space::solve(plot->params(), challenge, chain);
  }
  fixture(const fixture&) = delete;
  fixture& operator=(const fixture&) = delete;
  ~fixture() {
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }
  void find_chain() {
    for (std::uint64_t i = 0;; ++i) {
      challenge = sha256({be(i)});
      const auto chains = plot->lookup(challenge);
      if (chains->empty()) continue;
      chain = chains->front();
      return;
    }
  }
};

const fixture& plot_of(std::int64_t k) {
  static const fixture k18{18}, k20{20};
  return k == 18 ? k18 : k20;
}

/// One full proof of a header: sync and relay pay this for each block.
void verify(benchmark::State& state) {
  const auto& f = plot_of(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(
        space::verify(f.plot->params(), f.challenge, f.proof));
  state.SetItemsProcessed(state.iterations());
}

/// One challenge to one plot file in the page cache: four parks, one search.
/// The same 64 challenges in turn.
void lookup(benchmark::State& state) {
  const auto& f = plot_of(state.range(0));
  std::uint64_t i = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(f.plot->lookup(sha256({be(i++ % 64)})));
  state.SetItemsProcessed(state.iterations());
}

/// A winning chain to its proof.
void solve(benchmark::State& state) {
  const auto& f = plot_of(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(
        space::solve(f.plot->params(), f.challenge, f.chain));
  state.SetItemsProcessed(state.iterations());
}

/// One plot in memory; arguments: k and threads. Items are its 2^k entries.
void plot(benchmark::State& state) {
  const auto info = info_of(static_cast<std::uint8_t>(state.range(0)));
  space::plot_options options;
  options.threads = static_cast<unsigned>(state.range(1));
  for (auto _ : state)
    benchmark::DoNotOptimize(
        space::make_fragments(disk::params_of(info), options));
  state.SetItemsProcessed(state.iterations() << state.range(0));
}

/// 2^16 hashes with each kernel this processor has, fastest first.
void hash_kernel(benchmark::State& state) {
  const auto kernels = space::kernels();
  const auto n = static_cast<std::size_t>(state.range(0));
  if (n >= kernels.size()) return state.SkipWithError("no such kernel here");
  state.SetLabel(kernels[n]->name);
  std::vector<std::uint32_t> out(1 << 16);
  for (auto _ : state) {
    kernels[n]->scan({}, 0, 0, out.size(), out.data());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() << 16);
}
} // namespace

BENCHMARK(verify)->Arg(18)->Unit(benchmark::kMicrosecond);
BENCHMARK(lookup)->Arg(18)->Arg(20)->Unit(benchmark::kMicrosecond);
BENCHMARK(solve)->Arg(18)->Arg(20)->Unit(benchmark::kMillisecond);
BENCHMARK(plot)
    ->Args({18, 1})
    ->Args({18, 2})
    ->Args({20, 1})
    ->Args({20, 2})
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(hash_kernel)->DenseRange(0, 2)->Unit(benchmark::kMicrosecond);
BENCHMARK_MAIN();
