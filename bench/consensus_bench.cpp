// What a node does with a block of regtest: real plots, proofs and signatures,
// but discriminants of 256 bits; bench/time_bench has those of 1024.

#include "core/base/check.hpp"
#include "core/consensus/validate.hpp"
#include "core/disk/chain_verifier.hpp"
#include "tests/support/stored_chain.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>

using namespace spacetime;

namespace {
test::chain_maker& maker() {
  static test::chain_maker m{test::network_with("regtest"), 1, 2};
  return m;
}

const std::vector<test::made_block>& chain() {
  static const auto made = maker().chain(maker().genesis(), 60);
  return made;
}

/// A child of the chain's last block but ten, with that many transfers.
test::made_block block_with(std::int64_t transfers) {
  test::block_options o;
  for (std::int64_t n = 0; n < transfers; ++n)
    o.txs.push_back(maker().payment(0, static_cast<std::uint64_t>(n),
                                    maker().payout_of(n % 50), 1'000));
  return maker().next(chain()[50], o);
}

/// R1 to R12 of one block on one core. `cold`: the node has not seen its ticks
/// yet, as in a sync; otherwise the timelord's ticks came before it.
void block_validation(benchmark::State& state) {
  const auto& rules = maker().rules();
  const auto b = block_with(state.range(0));
  const bool cold = state.range(1) != 0;
  consensus::time_proofs warm{rules};
  const auto validate = [&](consensus::time_proofs& proofs) {
    const auto in = codec::decode_block(rules.spec.network(), b.raw);
    const auto after = consensus::check_header({rules, proofs, {}},
                                               chain()[50].context, in->head);
    if (!after || !consensus::check_body(rules, in->head, in->txs))
      state.SkipWithError("a good block was refused");
  };
  validate(warm);
  for (auto _ : state) {
    if (cold) {
      consensus::time_proofs proofs{rules};
      validate(proofs);
    } else {
      validate(warm);
    }
  }
  state.SetItemsProcessed(state.iterations());
}

/// R13 and R14: the ledger takes the block, and takes it back.
void block_application(benchmark::State& state) {
  const auto b = block_with(state.range(0));
  const auto& rules = maker().rules().spec.at(b.head().epoch);
  auto ledger = chain()[50].ledger;
  for (auto _ : state) {
    const auto change =
        ledger.apply(rules, {b.head().height, b.head().payee}, b.value.txs);
    if (!change || !ledger.undo(*change))
      state.SkipWithError("a good block was refused");
  }
  state.SetItemsProcessed(state.iterations());
}

/// `chain verify`: every rule of every stored block, on one thread.
void chain_verification(benchmark::State& state) {
  std::string name =
      (std::filesystem::temp_directory_path() / "consensus-XXXXXX").string();
  check(::mkdtemp(name.data()) != nullptr, "mkdtemp works");
  {
    auto store = test::open_chain(name, maker());
    check(store && test::store_chain(*store, maker(), chain()),
          "a chain can be stored");
    for (auto _ : state)
      if (!disk::verify_chain(maker().rules(), *store, {}))
        state.SkipWithError("a good chain was refused");
  }
  std::filesystem::remove_all(name);
  state.SetItemsProcessed(60 * state.iterations());
}
} // namespace

BENCHMARK(block_validation)
    ->ArgsProduct({{0, 100}, {0, 1}})
    ->ArgNames({"transfers", "cold"})
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(block_application)
    ->Arg(0)
    ->Arg(100)
    ->ArgName("transfers")
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(chain_verification)->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
