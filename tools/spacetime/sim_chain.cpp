#include "actors/rpc/json_values.hpp"
#include "core/disk/chain_indexes.hpp"
#include "core/disk/chain_writer.hpp"
#include "core/sim/traffic.hpp"
#include "tools/spacetime/growing.hpp"
#include "tools/spacetime/node_query.hpp"

#include <fmt/format.h>

namespace spacetime::cli {
namespace {
constexpr const char* examples =
    "The chain is valid in every rule: real plots and proofs of time, "
    "unpaced;\n"
    "time stamps step by the network's tau from its genesis. Network sim has\n"
    "neither, for long chains. The same seed makes the same blocks. Ctrl-C\n"
    "leaves a shorter chain. A node goes on from it: spacetime node.\n"
    "Examples:\n"
    "  spacetime sim chain --network regtest --home /tmp/h --blocks 1000\n"
    "  spacetime sim chain --network regtest --home /tmp/h --blocks 200 \\\n"
    "      --txs 50 --accounts 1000 --seed 7\n"
    "  spacetime sim chain --network sim --home /tmp/h --blocks 1000000\n"
    "  spacetime sim chain --network regtest --home /tmp/h --blocks 50 \\\n"
    "      --fork-at 40 --fork-blocks 5     a side branch above block 40";

struct chain_flags {
  std::uint32_t blocks = 0, txs = 0, accounts = 100;
  std::uint64_t seed = 1;
  std::uint32_t fork_at = 0, fork_blocks = 0;
};

/// Plots in memory and hashing within reason.
constexpr std::uint8_t largest_k = 20;

status check(const place& at, const chain_flags& chosen) {
  const auto& g = at.spec.genesis;
  if (!g.seed) return fail(errc::bad_config, g.name + " has not started");
  if (g.k > largest_k)
    return fail(errc::bad_config,
                fmt::format("{} has plots of k={}, too large to be made in "
                            "memory: use regtest, devnet or sim",
                            g.name, g.k));
  if (chosen.fork_blocks == 0) return {};
  if (std::uint64_t{chosen.fork_at} + chosen.fork_blocks >= chosen.blocks)
    return fail(errc::bad_config,
                fmt::format("--fork-at {} --fork-blocks {} would reach block "
                            "{}: a side branch must stay below --blocks {}",
                            chosen.fork_at, chosen.fork_blocks,
                            std::uint64_t{chosen.fork_at} + chosen.fork_blocks,
                            chosen.blocks));
  return {};
}

/// Nothing is ever written over a chain.
status check_new(const config::home& home) {
  std::error_code ignored;
  if (!std::filesystem::exists(home.chain_dir, ignored)
      || std::filesystem::is_empty(home.chain_dir, ignored))
    return {};
  return fail(errc::duplicate, home.chain_dir.string()
                                   + ": there is a chain already, and sim "
                                     "chain only writes new ones");
}

struct made_chain {
  growth_summary main;
  consensus::chain_context tip;
  std::uint32_t fork_blocks = 0; ///< stored on the side branch
  block_id fork_tip;
};

/// Where a side branch starts.
struct fork_point {
  disk::loaded_chain at;
  epoch next; ///< of the chain's own block above it
};

/// A lighter branch, kept beside the chain. Its first block is of a later epoch
/// than the chain's own, and it ends before it would lead.
status write_branch(growing_chain& chain, fork_point fork, std::uint32_t blocks,
                    made_chain& out) {
  auto& from = fork.at;
  disk::chain_batch branch;
  for (; out.fork_blocks < blocks; ++out.fork_blocks) {
    sim::block_options o;
    if (out.fork_blocks == 0)
      o.skip = fork.next.value - from.tip.facts.epoch.value;
    auto b = chain.maker.extend(from.tip, from.ledger, o);
    if (b->context.weight >= chain.at.tip.weight) break;
    branch.add_aside(b->context, std::move(b->raw));
    from.tip = std::move(b->context);
  }
  out.fork_tip = from.tip.id;
  return chain.store.apply(branch.take(from.ledger));
}

result<made_chain> make(const place& at, const chain_flags& chosen,
                        const common_flags& flags) {
  disk::store_options options;
  options.sync = disk::sync_policy::batch;
  auto store = disk::store::open(at.home.chain_dir, at.spec.network(), options);
  if (!store) return fail(store.error());
  const auto salt = be(chosen.seed);
  sim::chain_maker maker{at.spec, chosen.seed,
                         sim::example_plots(at.spec, 3, salt)};
  if (auto ok = disk::ensure_genesis(maker.rules(), *store); !ok)
    return fail(ok.error());
  if (auto ok = disk::prepare_indexes(maker.rules(), *store, {}, {}); !ok)
    return fail(ok.error());
  auto start = disk::load_chain(maker.rules(), *store);
  if (!start) return fail(start.error());
  growing_chain chain{maker, *store, std::move(*start)};
  growth wanted;
  wanted.blocks = chosen.blocks;
  std::optional<sim::traffic> payments;
  if (chosen.txs > 0) {
    auto opened =
        sim::traffic::open(at.spec, chosen.seed, chosen.accounts, chosen.txs);
    if (!opened) return fail(opened.error());
    payments = std::move(*opened);
    wanted.txs = [&](const growing_chain& c) {
      return payments->next(maker.rules().spec.at(c.at.tip.facts.epoch),
                            c.at.ledger);
    };
  }
  std::optional<fork_point> fork;
  const bool branches = chosen.fork_blocks > 0;
  if (branches && chosen.fork_at == 0) fork = fork_point{chain.at, {}};
  wanted.made = [&](const growing_chain& c) {
    const auto& tip = c.at.tip.facts;
    if (branches && tip.height.value == chosen.fork_at)
      fork = fork_point{c.at, {}};
    if (branches && tip.height.value == chosen.fork_at + 1)
      fork->next = tip.epoch;
  };
  auto grown = grow(chain, wanted, flags);
  if (!grown) return fail(grown.error());
  made_chain out{*grown, chain.at.tip, 0, {}};
  if (fork && !grown->interrupted)
    if (auto ok =
            write_branch(chain, std::move(*fork), chosen.fork_blocks, out);
        !ok)
      return fail(ok.error());
  if (auto ok = store->close(); !ok) return fail(ok.error());
  return out;
}

void print(const made_chain& made, const place& at, const chain_flags& chosen,
           const common_flags& flags) {
  const auto& m = made.main;
  if (flags.json) {
    rpc::json out{{"schema", 1},
                  {"network", at.home.network},
                  {"seed", chosen.seed},
                  {"height", made.tip.facts.height.value},
                  {"epoch", made.tip.facts.epoch.value},
                  {"time", made.tip.facts.time.value},
                  {"tip", rpc::hex(made.tip.id.value)},
                  {"txs", m.txs},
                  {"seconds", m.seconds},
                  {"blocks_per_second", m.rate()},
                  {"interrupted", m.interrupted},
                  {"fork_blocks", made.fork_blocks}};
    if (made.fork_blocks > 0) out["fork_tip"] = rpc::hex(made.fork_tip.value);
    fmt::print("{}\n", out.dump(2));
    return;
  }
  fmt::print("{}  {} blocks, {} transactions in {} ({:.1f} blocks/s)\n"
             "tip      {}\n         height {}, epoch {}, {}\n",
             m.interrupted ? "stopped" : "done   ", m.blocks, m.txs,
             human_seconds(m.seconds), m.rate(), rpc::hex(made.tip.id.value),
             made.tip.facts.height.value, made.tip.facts.epoch.value,
             utc(made.tip.facts.time));
  if (made.fork_blocks > 0)
    fmt::print("branch   {}\n         {} blocks above height {}\n",
               rpc::hex(made.fork_tip.value), made.fork_blocks, chosen.fork_at);
}

int sim_chain(const common_flags& flags, const chain_flags& chosen) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  if (auto ok = check(*at, chosen); !ok) return report(ok.error());
  if (auto ok = check_new(at->home); !ok)
    return report(ok.error(), "name another directory: --home DIR");
  if (auto ok = config::create(at->home); !ok) return report(ok.error());
  const auto lock = disk::directory_lock::take(at->home.lock_file);
  if (!lock) return report(lock.error());
  const auto made = make(*at, chosen, flags);
  if (!made) return report(made.error());
  print(*made, *at, chosen, flags);
  if (made->main.interrupted)
    fmt::print(stderr, "interrupted: the chain is shorter, and whole\n");
  else if (made->fork_blocks < chosen.fork_blocks)
    fmt::print(stderr,
               "the branch ends after {} blocks: one more would make it the "
               "heavier chain\n",
               made->fork_blocks);
  else
    return done;
  return failed;
}
} // namespace

void add_sim_chain(CLI::App& sim, invocation& out) {
  auto* verb =
      sim.add_subcommand("chain", "Write a valid chain into a new home");
  const auto chosen = std::make_shared<chain_flags>();
  add_common(*verb, out.common);
  verb->add_option("--blocks", chosen->blocks, "Blocks above genesis")
      ->required()
      ->check(CLI::Range(1u, 4'000'000'000u));
  verb->add_option("--seed", chosen->seed,
                   "Of plots, payees and payments (default 1)");
  auto* txs = verb->add_option("--txs", chosen->txs,
                               "Payments in each block (default 0)");
  verb->add_option("--accounts", chosen->accounts,
                   "Accounts that pay each other (default 100)")
      ->needs(txs)
      ->check(CLI::Range(2u, 100'000'000u));
  auto* above = verb->add_option("--fork-at", chosen->fork_at,
                                 "Height under a side branch");
  auto* length = verb->add_option("--fork-blocks", chosen->fork_blocks,
                                  "Blocks of that branch")
                     ->needs(above)
                     ->check(CLI::Range(1u, 1'000'000u));
  above->needs(length);
  verb->footer(examples);
  verb->callback([&out, chosen] {
    out.run = [&out, chosen] { return sim_chain(out.common, *chosen); };
  });
}
} // namespace spacetime::cli
