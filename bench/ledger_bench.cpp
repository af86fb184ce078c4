// What the ledger does with blocks, on a state of 1,000,000 accounts in a real
// store: R1 to R14 and a durable commit. Time and space are simulated, so that
// nothing else is measured; bench/consensus_bench has the proofs.
// SPACETIME_BENCH_ACCOUNTS chooses another size, SPACETIME_BENCH_DIR the disk.

#include "bench/ledger_world.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <thread>

using namespace spacetime;
using namespace spacetime::bench;

namespace {
using clock_type = std::chrono::steady_clock;

double seconds_since(clock_type::time_point t) {
  return std::chrono::duration<double>(clock_type::now() - t).count();
}

world& the_world() {
  static world w;
  return w;
}

unsigned cores() {
  return std::max(1u, std::thread::hardware_concurrency());
}

/// The store's blocks but one, which is to be new each time.
consensus::archive archive_without(world& w, const std::set<block_id>& hidden) {
  auto out = disk::archive_of(w.store());
  out.context = [found = out.context, hidden](const block_id& id) {
    return hidden.contains(id)
               ? result<consensus::chain_context>{fail(errc::not_found)}
               : found(id);
  };
  return out;
}

struct phases {
  double validate = 0, apply = 0, commit = 0;
  void report(benchmark::State& state) const {
    const auto n = static_cast<double>(state.iterations());
    state.counters["validate_ms"] = 1000 * validate / n;
    state.counters["apply_ms"] = 1000 * apply / n;
    state.counters["commit_ms"] = 1000 * commit / n;
  }
};

/// R1 to R12, as a validator's worker does them.
consensus::chain_context validated(world& w, consensus::time_proofs& time,
                                   const consensus::chain_context& parent,
                                   byte_view raw, const signature_help& help) {
  auto b = codec::decode_block(w.rules().spec.network(), raw);
  check(b.has_value(), "R1");
  auto after = consensus::check_header({w.rules(), time, {}}, parent, b->head);
  check(after.has_value(), "R2 to R10");
  check(consensus::check_body(w.rules(), b->head, b->txs, help).has_value(),
        "R11 and R12");
  return std::move(*after);
}

/// A block of 10,000 transfers by 1,000 senders to 10,000 accounts: what a
/// node at the tip does from its bytes to the acknowledgement. `cold`: it has
/// seen none of the transactions before; else the mempool has verified all.
void block_10000(benchmark::State& state) {
  auto& w = the_world();
  const bool cold = state.range(0) != 0;
  auto ledger = w.ledger;
  static const auto b = w.next(w.start(), w.transfers(10'000, 0, 7));
  w.ledger = std::move(ledger);
  verified_signatures all{20'000};
  for (const auto& t : b.value.txs) all.remember(t);
  consensus::chain_state chain{w.rules(), archive_without(w, {b.context.id}),
                               w.start().context, w.ledger};
  consensus::time_proofs time{w.rules()};
  phases took;
  for (auto _ : state) {
    verified_signatures none{20'000};
    const auto begin = clock_type::now();
    const auto context = validated(w, time, w.start().context, b.raw,
                                   {cold ? &none : &all, cores()});
    took.validate += seconds_since(begin);
    const auto checked = clock_type::now();
    auto step = chain.offer(context, b.raw, {});
    check(step.has_value(), "R13 and R14");
    took.apply += seconds_since(checked);
    const auto applied = clock_type::now();
    check(w.store().apply(commit_of(*step, chain.ledger())).has_value(),
          "the block is durable");
    took.commit += seconds_since(applied);
    state.SetIterationTime(seconds_since(begin));
    chain.revert();
    check(w.store()
              .apply(reverse_of(*step, chain.ledger(), chain.tip(), {}))
              .has_value(),
          "the block is taken back");
  }
  took.report(state);
  state.SetItemsProcessed(10'000 * state.iterations());
}

constexpr std::size_t empty_count = 1000;
constexpr std::size_t batch = 200;

/// 1,000 blocks without transactions, 200 to a commit: initial sync without
/// the proofs of time and space. An item is a block.
void empty_blocks_batch(benchmark::State& state) {
  auto& w = the_world();
  auto saved = w.ledger;
  static const auto blocks = [&w] {
    std::vector<made> out;
    for (std::size_t i = 0; i < empty_count; ++i)
      out.push_back(w.next(out.empty() ? w.start() : out.back(), {}));
    return out;
  }();
  w.ledger = std::move(saved);
  std::set<block_id> hidden;
  for (const auto& b : blocks) hidden.insert(b.context.id);
  phases took;
  for (auto _ : state) {
    state.PauseTiming();
    consensus::chain_state chain{w.rules(), archive_without(w, hidden),
                                 w.start().context, w.ledger};
    consensus::time_proofs time{w.rules()};
    consensus::chain_step all{};
    state.ResumeTiming();
    const auto begin = clock_type::now();
    for (std::size_t i = 0; i < blocks.size(); i += batch) {
      consensus::chain_step step{};
      step.fork = chain.tip().facts.height;
      for (std::size_t j = i; j < std::min(i + batch, blocks.size()); ++j) {
        const auto checked = clock_type::now();
        const auto context =
            validated(w, time, chain.tip(), blocks[j].raw, {nullptr, cores()});
        took.validate += seconds_since(checked);
        const auto offered = clock_type::now();
        auto one = chain.offer(context, blocks[j].raw, {});
        check(one.has_value(), "R13 and R14");
        step.connected.push_back(std::move(one->connected.front()));
        chain.settle();
        took.apply += seconds_since(offered);
      }
      const auto applied = clock_type::now();
      check(w.store().apply(commit_of(step, chain.ledger())).has_value(),
            "the blocks are durable");
      took.commit += seconds_since(applied);
      for (auto& c : step.connected) all.connected.push_back(std::move(c));
    }
    state.SetIterationTime(seconds_since(begin));
    state.PauseTiming();
    check(w.store()
              .apply(reverse_of(all, w.ledger, w.start().context, {}))
              .has_value(),
          "the blocks are taken back");
    state.ResumeTiming();
  }
  took.report(state);
  state.SetItemsProcessed(static_cast<std::int64_t>(empty_count)
                          * state.iterations());
}

constexpr std::size_t depth = 100;

/// A heavier branch of 101 blocks replaces 100, each of 100 transfers: undo,
/// apply and one durable commit.
void reorg_100x100(benchmark::State& state) {
  auto& w = the_world();
  const auto saved = w.ledger;
  const auto branch = [&](std::size_t n, std::uint64_t salt) {
    w.ledger = saved;
    std::vector<made> out;
    for (std::size_t i = 0; i < n; ++i) // each sender once in ten blocks
      out.push_back(w.next(out.empty() ? w.start() : out.back(),
                           w.transfers(100, i, salt + i)));
    return out;
  };
  static const auto theirs = branch(depth + 1, 5000);
  static const auto ours = branch(depth, 1000);
  static const auto there = w.ledger;
  w.ledger = saved;
  std::vector<block_id> our_ids;
  for (const auto& b : ours) our_ids.push_back(b.context.id);
  const auto& last = theirs.back();
  consensus::chain_state chain{w.rules(), archive_without(w, {last.context.id}),
                               ours.back().context, there};
  const auto put = [&](const std::vector<made>& blocks, bool on_chain) {
    consensus::chain_step step{};
    for (const auto& b : blocks)
      step.connected.push_back({b.context, b.raw, b.change});
    auto c = commit_of(step, there);
    if (!on_chain) {
      disk::commit beside;
      beside.blocks = std::move(c.blocks);
      c = std::move(beside);
    }
    check(w.store().apply(c).has_value(), "a branch is stored");
  };
  put(theirs, false);
  put(ours, true);
  phases took;
  std::optional<disk::commit> home;
  for (auto _ : state) {
    const auto begin = clock_type::now();
    auto step = chain.offer(last.context, last.raw, {});
    check(step && step->disconnected.size() == depth, "the branch is better");
    took.apply += seconds_since(begin);
    const auto applied = clock_type::now();
    check(w.store().apply(commit_of(*step, chain.ledger())).has_value(),
          "the reorganisation is durable");
    took.commit += seconds_since(applied);
    state.SetIterationTime(seconds_since(begin));
    chain.revert();
    check(w.store()
              .apply(reverse_of(*step, chain.ledger(), chain.tip(), our_ids))
              .has_value(),
          "it is taken back");
  }
  consensus::chain_step gone{};
  for (const auto& b : ours)
    gone.connected.push_back({b.context, b.raw, b.change});
  check(w.store()
            .apply(reverse_of(gone, saved, w.start().context, {}))
            .has_value(),
        "the chain is as before");
  took.report(state);
  state.SetItemsProcessed(state.iterations());
}

/// Tip and accounts from the store, the trie built and its root compared: a
/// start after a clean stop.
void load_chain(benchmark::State& state) {
  auto& w = the_world();
  for (auto _ : state)
    check(disk::load_chain(w.rules(), w.store()).has_value(),
          "what is stored loads");
  state.SetItemsProcessed(static_cast<std::int64_t>(w.ledger.accounts().size())
                          * state.iterations());
}

/// The check of the whole database that comes before it after kill -9.
void verify_after_crash(benchmark::State& state) {
  auto& w = the_world();
  const auto used = w.store().info().used_bytes;
  w.drop_store();
  for (auto _ : state)
    check(disk::verify_in_child(w.directory(), std::chrono::minutes{5})
              .has_value(),
          "the file is sound");
  w.open_store();
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(used));
}
} // namespace

BENCHMARK(block_10000)
    ->Arg(1)
    ->Arg(0)
    ->ArgName("cold")
    ->Unit(benchmark::kMillisecond)
    ->UseManualTime();
BENCHMARK(reorg_100x100)->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK(empty_blocks_batch)
    ->Unit(benchmark::kMillisecond)
    ->UseManualTime()
    ->Iterations(1);
BENCHMARK(load_chain)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(verify_after_crash)->Unit(benchmark::kMillisecond)->UseRealTime();

BENCHMARK_MAIN();
