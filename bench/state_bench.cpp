// What the commitment to the accounts costs, by their number.

#include "core/crypto/hash.hpp"
#include "core/state/ledger.hpp"

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>

using namespace spacetime;
using namespace spacetime::state;

namespace {
account_id some_id(std::uint64_t i) {
  return {hash("bench", {be(i)})};
}

std::vector<account_entry> accounts(std::size_t n) {
  std::vector<account_entry> out;
  out.reserve(n);
  for (std::size_t i = 0; i < n; ++i)
    out.push_back({some_id(i), {i, {i + 1}, {}}});
  std::ranges::sort(out, {}, &account_entry::id);
  return out;
}

/// n accounts of which `crowd` share 255 bits, or as many as there can be,
/// with others: the most nodes that recipients can make a block hash.
std::vector<account_entry> hostile(std::size_t n) {
  std::vector<account_entry> out;
  for (std::size_t i = 0; i < n; ++i) {
    auto id = some_id(i / 2);
    id.value[31] = static_cast<std::uint8_t>((id.value[31] & ~1u) | (i & 1));
    out.push_back({id, {0, {1}, {}}});
  }
  std::ranges::sort(out, {}, &account_entry::id);
  return out;
}

trie of(const std::vector<account_entry>& all) {
  trie out;
  out.update(all);
  return out;
}

std::uint64_t resident_bytes() {
  std::ifstream in{"/proc/self/statm"};
  std::uint64_t pages = 0;
  in >> pages >> pages;
  return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// A node's start: the trie from the sorted accounts of the database.
void build(benchmark::State& state) {
  const auto all = accounts(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(of(all).root());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(build)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// What an account takes in memory.
void memory(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const auto all = accounts(n);
  for (auto _ : state) {
    malloc_trim(0);
    const auto before = resident_bytes();
    const auto t = of(all);
    benchmark::DoNotOptimize(t.root());
    state.counters["bytes_per_account"] =
        static_cast<double>(resident_bytes() - before) / static_cast<double>(n);
  }
}
BENCHMARK(memory)->Arg(1'000'000)->Iterations(1)->Unit(benchmark::kMillisecond);

std::vector<account_entry> some_of(const std::vector<account_entry>& all,
                                   std::size_t n, std::uint64_t round) {
  std::vector<account_entry> out;
  std::mt19937_64 random{7};
  for (std::size_t i = 0; i < n; ++i) {
    out.push_back(all[random() % all.size()]);
    out.back().value.nonce += round + 1;
  }
  std::ranges::sort(out, {}, &account_entry::id);
  const auto rest = std::ranges::unique(out, {}, &account_entry::id);
  out.erase(rest.begin(), rest.end());
  return out;
}

// A block of 10,000 transactions among a million accounts.
void update(benchmark::State& state) {
  const auto all = accounts(1'000'000);
  auto t = of(all);
  const std::array changes{some_of(all, 10'000, 0), some_of(all, 10'000, 1)};
  std::size_t round = 0;
  for (auto _ : state) t.update(changes[++round % 2]);
  state.SetItemsProcessed(state.iterations()
                          * static_cast<std::int64_t>(changes[0].size()));
}
BENCHMARK(update)->Unit(benchmark::kMillisecond);

// A block that pays 10,000 new accounts, each beside one that is there and
// shares 255 bits with it: 247 nodes with an empty child over each pair.
void update_hostile(benchmark::State& state) {
  const auto all = hostile(20'000);
  std::vector<account_entry> there, come, gone;
  for (std::size_t i = 0; i < all.size(); i += 2) {
    there.push_back(all[i]);
    come.push_back(all[i + 1]);
    gone.push_back({all[i + 1].id, {}});
  }
  auto t = of(there);
  for (auto _ : state) {
    t.update(come);
    state.PauseTiming();
    t.update(gone);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * 10'000);
}
BENCHMARK(update_hostile)->Unit(benchmark::kMillisecond);

struct question {
  bytes32 root;
  account_entry asked;
  trie_proof proof;
};

question ask(const trie& t, const account_entry& e) {
  return {t.root(), e, t.prove(e.id)};
}

// About 20 siblings among a million accounts; 256 in the worst case.
void verify(benchmark::State& state) {
  const auto all = state.range(0) == 0 ? accounts(1'000'000) : hostile(2);
  const auto q = ask(of(all), all[all.size() / 2]);
  for (auto _ : state)
    if (!verify_proof(q.root, q.asked.id, q.asked.value, q.proof))
      state.SkipWithError("a true proof was refused");
  state.counters["siblings"] = static_cast<double>(q.proof.siblings.size());
}
BENCHMARK(verify)->ArgName("hostile")->Arg(0)->Arg(1)->Unit(
    benchmark::kMicrosecond);

void prove(benchmark::State& state) {
  const auto all = state.range(0) == 0 ? accounts(1'000'000) : hostile(2'000);
  const auto t = of(all);
  std::size_t i = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(t.prove(all[++i * 7919 % all.size()].id));
}
BENCHMARK(prove)->ArgName("hostile")->Arg(0)->Arg(1)->Unit(
    benchmark::kMicrosecond);
} // namespace

BENCHMARK_MAIN();
