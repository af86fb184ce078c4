// What one core verifies, signs and hashes: the bounds on transactions per
// block, headers per second of a first sync, and nodes of the state trie.

#include "core/crypto/account.hpp"
#include "core/crypto/sign.hpp"

#include <benchmark/benchmark.h>

using namespace spacetime;

namespace {
constexpr bytes32 message{1, 2, 3};

secret_key some_key() {
  return *secret_key::from(bytes32{7});
}

void count_items(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations());
}

/// One signature of a block or transaction.
void schnorr_verify(benchmark::State& state) {
  const auto key = some_key();
  const auto signer = key.public_part();
  const auto signature = key.sign(message);
  for (auto _ : state)
    benchmark::DoNotOptimize(verify(signer, message, signature));
  count_items(state);
}

/// One transaction signed by a wallet, its key pair made anew.
void schnorr_sign(benchmark::State& state) {
  const auto key = some_key();
  for (auto _ : state) benchmark::DoNotOptimize(key.sign(message));
  count_items(state);
}

/// One inner node of a Merkle tree: a tag and two hashes.
void tagged_hash(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(hash("st/node", {message, message}));
  count_items(state);
}

/// The account of a transaction's sender.
void account_of_key(benchmark::State& state) {
  const public_key key{message};
  for (auto _ : state) benchmark::DoNotOptimize(account_of(key));
  count_items(state);
}
} // namespace

BENCHMARK(schnorr_verify);
BENCHMARK(schnorr_sign);
BENCHMARK(tagged_hash);
BENCHMARK(account_of_key);
BENCHMARK_MAIN();
