// What a transaction costs on its way into the mempool, and a block template.
// The last one is a node's whole admission: actors, workers, real signatures,
// a state of 1,000,000 accounts.

#include "actors/answer.hpp"
#include "actors/boot.hpp"
#include "actors/mempool/seal_pool.hpp"
#include "actors/system_config.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/codec/tx.hpp"
#include "core/consensus/context.hpp"
#include "core/crypto/account.hpp"
#include "core/disk/store.hpp"
#include "core/mempool/pool.hpp"
#include "core/state/ledger.hpp"
#include "core/tx/rules.hpp"
#include "core/tx/signatures.hpp"

#include <benchmark/benchmark.h>
#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <sys/resource.h>

#include <cstdlib>
#include <deque>
#include <thread>

using namespace spacetime;
using namespace std::chrono_literals;

namespace {
constexpr std::uint64_t senders = 1'000;
constexpr std::uint64_t rich = 1'000'000'000;

const consensus::protocol& sim() {
  static const consensus::protocol rules{*chain_spec::embedded("sim")};
  return rules;
}

secret_key key(std::uint64_t n) {
  return *secret_key::from(hash("bench/key", {be(n)}));
}

/// Payments of 1,000 senders, each one's nonces ascending, fees of any size.
std::vector<tx> payments(std::uint64_t n, bool sign) {
  std::vector<tx> out(n);
  const auto network = sim().spec.network();
  for (std::uint64_t i = 0; i < n; ++i) {
    auto& t = out[i];
    const auto from = i % senders;
    if (sign)
      t.sender = key(from).public_part();
    else
      t.sender.value = hash("bench/name", {be(from)});
    t.nonce = i / senders;
    t.recipient = {hash("bench/account", {be(i)})};
    t.value = {5};
    t.fee = {1'000 + i * 7919 % 9'000};
    t.id = codec::id_of(network, t);
    if (sign) t.seal = key(from).sign(t.id.value);
  }
  return out;
}

const mempool::account_view all_rich = [](const account_id&) {
  return state::account{0, {rich}, {}};
};
mempool::tip_view tip() {
  return {sim().spec.at(epoch{0}), height{1}, timestamp{1}, all_rich};
}

/// The pure pool takes 50,000 of 1,000 senders; no signature, no actor.
void add(benchmark::State& state) {
  const auto all = payments(50'000, false);
  for (auto _ : state) {
    mempool::pool pool{mempool::limits{}};
    for (const auto& t : all)
      if (!pool.add(tip(), t)) state.SkipWithError("refused");
  }
  state.SetItemsProcessed(state.iterations() * 50'000);
}
BENCHMARK(add)->Unit(benchmark::kMillisecond);

/// A full pool: each takes the place of a cheaper one.
void add_to_a_full_one(benchmark::State& state) {
  const auto all = payments(50'000, false);
  for (auto _ : state) {
    mempool::limits l;
    l.max_bytes = 10'000 * 159;
    l.half_life_ms = 1;
    mempool::pool pool{l};
    std::size_t taken = 0;
    for (const auto& t : all) taken += pool.add(tip(), t).has_value();
    benchmark::DoNotOptimize(taken);
  }
  state.SetItemsProcessed(state.iterations() * 50'000);
}
BENCHMARK(add_to_a_full_one)->Unit(benchmark::kMillisecond);

/// A block body of 10,000 out of 50,000 that wait.
void build_a_template(benchmark::State& state) {
  mempool::pool pool{mempool::limits{}};
  for (const auto& t : payments(50'000, false))
    if (!pool.add(tip(), t)) state.SkipWithError("refused");
  for (auto _ : state)
    benchmark::DoNotOptimize(pool.best(2u << 20, 10'000, {1}));
}
BENCHMARK(build_a_template)->Unit(benchmark::kMillisecond);

/// A node's storage, state and mempool on a chain of one block with 1,000,000
/// accounts, the senders among them.
class node {
public:
  node() {
    std::string name = "/tmp/mempool_bench.XXXXXX";
    directory_ = ::mkdtemp(name.data());
    auto options = std::make_shared<node_options>();
    options->chain_dir = directory_;
    options->storage.sync = disk::sync_policy::batch;
    options->storage.verify = disk::verify_policy::never;
    options->now = [] { return timestamp{1}; };
    options->workers = std::max(1u, std::thread::hardware_concurrency());
    from_.options = options;
    from_.rules =
        std::shared_ptr<const consensus::protocol>(&sim(), [](const auto*) {});
    fill(*options);
    from_.actors.storage = spawn_storage(sys_, from_);
    from_.actors.state = spawn_state(sys_, from_);
  }
  ~node() {
    stop(from_.actors.state);
    stop(from_.actors.storage);
    from_ = {};
    std::filesystem::remove_all(directory_);
  }
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// An empty mempool that has verified nothing yet.
  mempool_actor fresh() {
    from_.signatures = std::make_shared<verified_signatures>(100'000);
    return spawn_mempool(sys_, from_);
  }
  template <class Handle>
  void stop(Handle& h) {
    caf::scoped_actor self{sys_};
    self->monitor(h);
    caf::anon_send_exit(h, caf::exit_reason::user_shutdown);
    self->receive([](const caf::down_msg&) {});
    h = nullptr;
  }
  caf::actor_system& system() { return sys_; }

private:
  void fill(const node_options& options) {
    std::vector<premine_entry> accounts;
    for (std::uint64_t i = 0; i < senders; ++i)
      accounts.push_back({account_of(key(i).public_part()), {rich}});
    for (auto i = senders; i < 1'000'000; ++i)
      accounts.push_back({{hash("bench/account", {be(i)})}, {rich}});
    const auto ledger = *state::ledger::genesis(accounts);
    const auto block = consensus::genesis_block(sim(), ledger.state_root());
    const auto context = consensus::genesis_context(sim(), block);
    auto store =
        disk::store::open(directory_, sim().spec.network(), options.storage);
    disk::commit first;
    first.blocks.push_back(
        {context.id, codec::encode(context), codec::encode(block), {}});
    first.connected.push_back({height{0}, context.id});
    ledger.accounts().for_each([&](const state::account_entry& a) {
      const auto raw = state::encode(a.value);
      first.accounts.push_back({a.id, bytes(raw.begin(), raw.end())});
    });
    first.rewards = state::encode(std::span<const state::reward>{});
    first.tip = context.id;
    if (!store || !store->apply(first)) std::abort();
    from_.store = std::make_shared<disk::store>(std::move(*store));
  }

  std::filesystem::path directory_;
  system_config config_;
  caf::actor_system sys_{config_};
  boot from_;
};

std::vector<tx_list_msg> batches(const std::vector<tx>& all, std::size_t n) {
  std::vector<tx_list_msg> out;
  for (std::size_t at = 0; at < all.size(); at += n)
    out.push_back(tx_list_msg::build([&](schema::TxList::Builder to) {
      auto raws = to.initRaws(static_cast<unsigned>(n));
      for (unsigned i = 0; i < n; ++i)
        raws.set(i, blob(codec::encode(all[at + i])));
    }));
  return out;
}

/// Made once, as its state takes long; gone before main ends, as no actor may
/// outlive it.
std::unique_ptr<node> running;

/// CPU time of the process, all threads, in seconds.
double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// 20,000 signed payments of 1,000 senders, 500 in an offer, eight offers on
/// their way: what a node admits on all cores of this machine.
void admission(benchmark::State& state) {
  if (!running) running = std::make_unique<node>();
  const auto all = batches(payments(20'000, true), 500);
  std::size_t taken = 0;
  double cpu = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto pool = running->fresh();
    caf::scoped_actor self{running->system()};
    cpu -= cpu_seconds();
    state.ResumeTiming();
    const auto receive = [&](auto& pending) {
      pending.receive(
          [&](const tx_verdicts_msg& m) {
            const auto verdicts = open(m);
            if (!verdicts) return state.SkipWithError("a damaged answer");
            for (const auto& v : *verdicts) taken += v.has_value();
          },
          [&](caf::error& e) {
            state.SkipWithError(to_string(from_caf(e)).c_str());
          });
    };
    std::deque<decltype(self->request(pool, caf::infinite, all[0]))> open_ones;
    for (const auto& m : all) {
      if (open_ones.size() == 8) {
        receive(open_ones.front());
        open_ones.pop_front();
      }
      open_ones.push_back(self->request(pool, caf::infinite, m));
    }
    for (auto& p : open_ones) receive(p);
    state.PauseTiming();
    cpu += cpu_seconds();
    running->stop(pool);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(taken));
  // Of all threads: what a core can do, whatever else the machine does.
  state.counters["per_core_second"] = static_cast<double>(taken) / cpu;
}
BENCHMARK(admission)->Unit(benchmark::kMillisecond)->UseRealTime();
} // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  running.reset();
}
