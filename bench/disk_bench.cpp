// What a block costs on disk. Commits are durable, so they measure the disk.

#include "core/base/check.hpp"
#include "core/disk/segment_file.hpp"
#include "core/disk/store.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>

using namespace spacetime;
using namespace spacetime::disk;

namespace {
class temporary_directory {
public:
  temporary_directory() {
    std::string name = "disk-bench-XXXXXX"; // of the disk we stand on
    check(::mkdtemp(name.data()) != nullptr, "mkdtemp works");
    where = name;
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(where, ignored);
  }
  path where;
};

bytes32 id_of(std::uint64_t i) {
  std::mt19937_64 next{i};
  bytes32 out;
  for (auto& byte : out) byte = static_cast<std::uint8_t>(next());
  return out;
}

store open_store(const path& where) {
  store_options o;
  o.verify = verify_policy::never;
  auto s = store::open(where, network_id{id_of(1)}, o);
  check(s.has_value(), "the store opens");
  return std::move(*s);
}

constexpr std::uint64_t stored_accounts = 200'000;

void fill(store& s) {
  commit c;
  for (std::uint64_t i = 0; i < stored_accounts; ++i)
    c.accounts.push_back({account_id{id_of(i)}, bytes(24, 1)});
  check(s.apply(c).has_value(), "the store fills");
}

// One block of 100 kB with its undo record, and random accounts of 200,000:
// what `storage` does for each block at the tip.
void durable_commit(benchmark::State& state) {
  temporary_directory dir;
  auto s = open_store(dir.where);
  fill(s);
  const auto accounts = static_cast<std::size_t>(state.range(0));
  std::mt19937_64 next{5};
  for (auto _ : state) {
    state.PauseTiming();
    commit c;
    // Always the same heights and ids, so that the tables do not grow.
    const block_id id{id_of(next() % 64)};
    c.blocks.push_back({id, bytes(300, 2), bytes(100'000, 3), bytes(4000, 4)});
    c.connected.push_back({height{7}, id});
    for (std::size_t i = 0; i < accounts; ++i)
      c.accounts.push_back({account_id{id_of(next() % stored_accounts)},
                            bytes(24, static_cast<std::uint8_t>(next()))});
    c.tip = id;
    state.ResumeTiming();
    check(s.apply(c).has_value(), "the commit is durable");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(durable_commit)
    ->Arg(1)
    ->Arg(1000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

/// Entries of one transfer, as core/disk/chain_indexes.cpp makes them: 1 the
/// transaction index, 2 the history index.
void add_transfer(commit& c, unsigned which, std::uint32_t h, std::uint32_t i,
                  std::mt19937_64& next) {
  if ((which & 1) != 0) {
    const auto id = id_of(next());
    c.index_writes.push_back(
        {chain_index::txs, bytes(id.begin(), id.end()), bytes(8, 1)});
  }
  if ((which & 2) == 0) return;
  // 1,000 senders and 200,000 recipients.
  for (const auto who : {next() % 1'000, next() % stored_accounts}) {
    const auto whose = id_of(who);
    writer key;
    key.put(byte_view{whose}).put(h).put(i);
    c.index_writes.push_back({chain_index::history, key.view(), bytes(1, 1)});
  }
}

void sort_entries(commit& c) {
  std::ranges::sort(c.index_writes,
                    [](const index_write& a, const index_write& b) {
                      return std::tie(a.in, a.key) < std::tie(b.in, b.key);
                    });
}

// What the indexes add to a durable commit of so many transfers, with the
// entries of 200,000 transfers there already. Counters: bytes of the database
// per transfer, and entries.
void indexed_commit(benchmark::State& state) {
  temporary_directory dir;
  auto s = open_store(dir.where);
  fill(s);
  const auto which = static_cast<unsigned>(state.range(0));
  const auto transfers = static_cast<std::uint32_t>(state.range(1));
  std::mt19937_64 next{9};
  const auto before = s.info().used_bytes - *s.free_page_bytes();
  constexpr std::uint32_t stored = 200'000;
  constexpr std::uint32_t per_block = 10'000;
  for (std::uint32_t i = 0; i < stored; i += per_block) {
    commit c;
    for (std::uint32_t n = 0; n < per_block; ++n)
      add_transfer(c, which, i / per_block, n, next);
    sort_entries(c);
    check(s.apply(c).has_value(), "the index fills");
  }
  const auto after = s.info().used_bytes - *s.free_page_bytes();
  std::uint32_t h = 1'000;
  for (auto _ : state) {
    state.PauseTiming();
    commit c;
    const block_id id{id_of(h)};
    c.blocks.push_back({id, bytes(300, 2), bytes(160 * transfers, 3),
                        bytes(80 * transfers, 4), height{h}});
    c.tip = id;
    for (std::uint32_t i = 0; i < transfers; ++i) {
      c.accounts.push_back({account_id{id_of(next() % stored_accounts)},
                            bytes(24, static_cast<std::uint8_t>(next()))});
      add_transfer(c, which, h, i, next);
    }
    ++h;
    state.ResumeTiming();
    sort_entries(c);
    check(s.apply(c).has_value(), "the commit is durable");
  }
  state.counters["bytes_per_transfer"] =
      static_cast<double>(after - before) / stored;
  state.SetItemsProcessed(state.iterations() * transfers);
}
BENCHMARK(indexed_commit)
    ->ArgNames({"indexes", "transfers"})
    ->Args({0, 100})
    ->Args({1, 100})
    ->Args({3, 100})
    ->Args({0, 10'000})
    ->Args({1, 10'000})
    ->Args({3, 10'000})
    ->Iterations(20)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// A random account, warm, in a transaction of its own: one RPC's read.
void get_account(benchmark::State& state) {
  temporary_directory dir;
  auto s = open_store(dir.where);
  fill(s);
  std::vector<account_id> ids;
  std::mt19937_64 next{5};
  for (int i = 0; i < 4096; ++i)
    ids.push_back({id_of(next() % stored_accounts)});
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(s.account(ids[i++ % 4096]));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(get_account);

// Every account, checksummed: a node's start.
void walk_accounts(benchmark::State& state) {
  temporary_directory dir;
  auto s = open_store(dir.where);
  fill(s);
  for (auto _ : state) {
    std::uint64_t n = 0;
    auto done = s.for_each_account([&](const account_id&, byte_view v) {
      n += v.size();
      return true;
    });
    check(done && n == 24 * stored_accounts, "all accounts are shown");
  }
  state.SetItemsProcessed(state.iterations() * stored_accounts);
}
BENCHMARK(walk_accounts)->Unit(benchmark::kMillisecond);

// The whole-file check after an unclean stop, in its child.
void verify_after_crash(benchmark::State& state) {
  temporary_directory dir;
  std::uint64_t used = 0;
  {
    auto s = open_store(dir.where);
    fill(s);
    used = s.info().used_bytes;
  }
  for (auto _ : state)
    check(verify_in_child(dir.where, std::chrono::minutes{5}).has_value(),
          "the file is sound");
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(used));
}
BENCHMARK(verify_after_crash)->Unit(benchmark::kMillisecond)->UseRealTime();

constexpr std::size_t body_bytes = 100'000;

// Block bodies of 100 kB, 50 to a sync: initial sync. The files are cut
// again, so that every round does the same.
void segment_append(benchmark::State& state) {
  temporary_directory dir;
  auto files = segment_files::open(dir.where / "blocks", network_id{id_of(1)});
  check(files.has_value(), "the segments open");
  const bytes body(body_bytes, 7);
  for (auto _ : state) {
    for (int i = 0; i < 50; ++i)
      check(files->append(body).has_value(), "the record is written");
    check(files->sync().has_value(), "the records are durable");
    state.PauseTiming();
    check(files->truncate_to({}).has_value(), "the records are cut");
    state.ResumeTiming();
  }
  state.SetBytesProcessed(state.iterations() * 50 * body_bytes);
}
BENCHMARK(segment_append)->Unit(benchmark::kMillisecond)->UseRealTime();

// Warm bodies of 100 kB, checksummed: serving a peer that syncs from us.
void segment_read(benchmark::State& state) {
  temporary_directory dir;
  auto files = segment_files::open(dir.where / "blocks", network_id{id_of(1)});
  check(files.has_value(), "the segments open");
  std::vector<location> where;
  for (int i = 0; i < 256; ++i)
    where.push_back(*files->append(bytes(body_bytes, 7)));
  std::size_t i = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(files->read(where[i++ * 37 % where.size()]));
  state.SetBytesProcessed(state.iterations() * body_bytes);
}
BENCHMARK(segment_read)->Unit(benchmark::kMicrosecond);
} // namespace

BENCHMARK_MAIN();
