#include "actors/rpc/json_values.hpp"
#include "core/disk/chain_indexes.hpp"
#include "core/disk/plot_dirs.hpp"
#include "tools/spacetime/growing.hpp"
#include "tools/spacetime/setup.hpp"

#include <fmt/format.h>

namespace spacetime::cli {
namespace {
constexpr std::uint64_t plots_in_memory = 4;
constexpr std::uint8_t largest_k = 20; // of plots in memory

constexpr const char* examples =
    "Extends this home's chain with its own farmer key, unpaced, while no "
    "node\n"
    "runs. The plots are those of farm.plot_dirs; without any, four are made\n"
    "in memory. Time stamps step by tau from the tip's; a block that would be\n"
    "further ahead of the clock than other nodes accept is not made (R6).\n"
    "Never on mainnet and testnet.\n"
    "Examples:\n"
    "  spacetime chain mine 100 --network regtest\n"
    "  spacetime chain mine 5 --json";

sim::farm_plot plot_of(std::shared_ptr<const disk::plot_file> file,
                       const secret_key& farmer) {
  const auto& info = file->info();
  sim::farm_plot out{
      farmer,
      {info.k, info.strength, info.farmer_key, info.payout, info.seed, {}},
      info.plot_id};
  out.chains = [file](const bytes32& asked) {
    auto chains = file->lookup(asked);
    if (chains) return std::move(*chains);
    // The others go on, as in a node.
    fmt::print(stderr, "warning: {}\n", to_string(chains.error()));
    return std::vector<space::chain>{};
  };
  return out;
}

std::vector<sim::farm_plot> plots_on_disk(const prepared_node& n) {
  const auto& g = n.spec.genesis;
  disk::plot_dirs dirs{n.options.plot_dirs,
                       {n.spec.network(), g.k, g.strength, g.test_plots,
                        n.farmer.farmer.public_part()}};
  dirs.refresh();
  for (const auto& p : dirs.problems())
    fmt::print(stderr, "warning: {}\n", to_string(p.why));
  std::vector<sim::farm_plot> out;
  for (const auto& p : dirs.plots())
    out.push_back(plot_of(p.file, n.farmer.farmer));
  return out;
}

/// The home's plots; else those that `up` would make first, in memory.
result<std::vector<sim::farm_plot>> plots_of(const prepared_node& n,
                                             const common_flags& flags) {
  auto out = plots_on_disk(n);
  if (!out.empty()) return out;
  if (n.spec.genesis.k > largest_k)
    return fail(errc::not_found,
                fmt::format("{} has no plots; make one: spacetime plot create",
                            n.home.network_dir.string()));
  if (!flags.quiet)
    fmt::print(stderr, "no plots here: making {} in memory\n", plots_in_memory);
  for (std::uint64_t i = 0; i < plots_in_memory; ++i)
    out.push_back(
        sim::plot_in_memory(n.spec, n.farmer.farmer, {},
                            space::plot_seed(n.farmer.farm_secret, i)));
  return out;
}

void print(const growth_summary& made, const consensus::chain_context& tip,
           std::uint64_t wanted, const common_flags& flags) {
  if (flags.json) {
    fmt::print("{}\n", rpc::json{{"schema", 1},
                                 {"blocks", made.blocks},
                                 {"wanted", wanted},
                                 {"height", tip.facts.height.value},
                                 {"epoch", tip.facts.epoch.value},
                                 {"time", tip.facts.time.value},
                                 {"tip", rpc::hex(tip.id.value)},
                                 {"seconds", made.seconds},
                                 {"interrupted", made.interrupted},
                                 {"caught_up", made.caught_up}}
                           .dump(2));
    return;
  }
  fmt::print("{} of {} blocks in {} ({:.1f} blocks/s)\n"
             "tip      {}\n         height {}, epoch {}, {}\n",
             made.blocks, wanted, human_seconds(made.seconds), made.rate(),
             rpc::hex(tip.id.value), tip.facts.height.value,
             tip.facts.epoch.value, utc(tip.facts.time));
}

/// What runs on this home, and may not: nothing is made for it then.
status check_network(const chain_spec& spec) {
  if (is_public(spec) || spec.genesis.mode == time_mode::simulated)
    return fail(errc::bad_config,
                spec.genesis.name
                    + ": chain mine is for devnet and regtest alone; here "
                      "blocks come from nodes");
  return {};
}

result<growth_summary> mine_on(const prepared_node& n, growing_chain& chain,
                               std::uint64_t blocks,
                               const common_flags& flags) {
  growth wanted;
  wanted.blocks = blocks;
  wanted.payee = n.payee;
  wanted.latest = [&] {
    const auto& rules = n.spec.at(chain.at.tip.facts.epoch);
    return timestamp{now().value + rules.drift_ms};
  };
  return grow(chain, wanted, flags);
}

int mine(const common_flags& flags, std::uint64_t blocks) {
  const auto home = home_of(flags);
  if (!home) return report(home.error());
  const auto spec = spec_of(*home);
  if (!spec) return report(spec.error());
  if (auto ok = check_network(*spec); !ok) return report(ok.error());
  auto n = prepare_node(flags, {});
  if (!n)
    return report(n.error(), n.error() == errc::already_running
                                 ? "chain mine writes the chain itself: stop "
                                   "the node first"
                                 : "");
  auto storage = n->options.storage;
  storage.sync = disk::sync_policy::batch;
  auto store =
      disk::store::open(n->options.chain_dir, n->spec.network(), storage);
  if (!store) return report(store.error());
  auto plots = plots_of(*n, flags);
  if (!plots) return report(plots.error());
  sim::chain_maker maker{n->spec, 0, std::move(*plots)};
  if (auto ok = disk::ensure_genesis(maker.rules(), *store); !ok)
    return report(ok.error());
  if (auto ok =
          disk::prepare_indexes(maker.rules(), *store, n->options.indexes, {});
      !ok)
    return report(ok.error());
  auto start = disk::load_chain(maker.rules(), *store);
  if (!start) return report(start.error(), "see: spacetime chain verify");
  growing_chain chain{maker, *store, std::move(*start)};
  const auto made = mine_on(*n, chain, blocks, flags);
  if (!made) return report(made.error());
  if (auto ok = store->close(); !ok) return report(ok.error());
  print(*made, chain.at.tip, blocks, flags);
  if (made->caught_up)
    fmt::print(stderr, "the chain has caught up with the clock: a later block "
                       "would be refused (R6)\n");
  if (made->interrupted)
    fmt::print(stderr, "interrupted: the blocks so far are stored\n");
  return made->blocks == blocks ? done : failed;
}
} // namespace

void add_mine(CLI::App& chain, invocation& out) {
  auto* verb = chain.add_subcommand(
      "mine", "Add blocks at once; devnet and regtest, without a node");
  const auto blocks = std::make_shared<std::uint64_t>();
  add_common(*verb, out.common);
  verb->add_option("blocks", *blocks, "How many")
      ->required()
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
  verb->footer(examples);
  verb->callback([&out, blocks] {
    out.run = [&out, blocks] { return mine(out.common, *blocks); };
  });
}
} // namespace spacetime::cli
