#include "actors/signals.hpp"
#include "core/base/hex.hpp"
#include "core/crypto/bech32m.hpp"
#include "tools/spacetime/plotting.hpp"
#include "tools/spacetime/run.hpp"

#include <fmt/format.h>

namespace spacetime::cli {
namespace {
constexpr std::uint64_t first_plots = 16; // 10 MB and seconds on devnet
constexpr const char* examples =
    "Examples:\n"
    "  spacetime up                      devnet in ~/.spacetime, until Ctrl-C\n"
    "  spacetime up --home H --blocks 20 stop after 20 new blocks\n"
    "  spacetime up --plots 64           more space, more blocks";

struct up_flags {
  std::optional<std::uint64_t> plots;
  std::uint64_t blocks = 0;
  std::string rpc_listen;
};

void greet(const prepared_node& n, const common_flags& flags) {
  if (flags.quiet) return;
  const auto id = to_hex(n.spec.network().value).substr(0, 8);
  fmt::print(stderr, "spacetime " SPACETIME_VERSION "   {} (id {})   home {}\n",
             n.home.network, id, n.home.network_dir.string());
  fmt::print(stderr, "  payee     {}\n",
             encode_address(n.spec.genesis.hrp, n.payee));
  if (n.new_keys)
    fmt::print(stderr,
               "  keys      new: {}/wallet.key and farmer.key (0600) - back "
               "them up, nobody can restore them\n",
               n.home.keys_dir.string());
  if (!n.spec.genesis.premine.empty() && n.spec.genesis.test_plots)
    fmt::print(stderr,
               "  warning   {} has a premine whose key is public: its "
               "coins have no value\n",
               n.home.network);
}

/// Plots are made where there are none; a number asks for so many in all.
result<plot_summary> make_first_plots(const prepared_node& n,
                                      const common_flags& flags,
                                      const up_flags& up) {
  const auto dirs = n.options.plot_dirs;
  const bool devnet_like = n.spec.genesis.k <= 20 && n.spec.genesis.k > 0;
  auto wanted = up.plots.value_or(devnet_like ? first_plots : 0);
  if (!up.plots && !plot_files_in(dirs).empty()) wanted = 0;
  if (wanted == 0 || dirs.empty()) return plot_summary{};
  const plot_job job{
      n.spec,         n.farmer, n.spec.genesis.k, {},
      {dirs.front()}, 0,        wanted,           n.settings.farm.threads};
  if (!flags.quiet)
    fmt::print(stderr, "  scanner   plotting up to {} x k{}, {} in all\n",
               wanted, job.k,
               human_bytes(wanted * (std::uint64_t{1} << job.k)
                           * (job.k * 100 + 154) / 800));
  return make_plots(job, flags);
}

int up(const common_flags& flags, const up_flags& chosen) {
  block_signals();
  config::key_texts keys;
  if (!chosen.rpc_listen.empty()) keys["rpc.listen"] = chosen.rpc_listen;
  auto n = prepare_node(flags, keys);
  if (!n) return report(n.error());
  greet(*n, flags);
  auto plots = make_first_plots(*n, flags, chosen);
  if (!plots) return report(plots.error());
  if (plots->interrupted) {
    fmt::print(stderr, "interrupted: {} plots made, none left half-written\n",
               plots->created);
    return failed;
  }
  return run_node(std::move(*n), flags, {chosen.blocks});
}
} // namespace

void add_up(CLI::App& app, invocation& out) {
  auto* verb = app.add_subcommand(
      "up",
      "Run a whole node on this machine: home, keys, plots, then the chain");
  auto chosen = std::make_shared<up_flags>();
  add_common(*verb, out.common);
  verb->add_option("--plots", chosen->plots,
                   "Plots to have in all (default on devnet: 16 when there are "
                   "none)")
      ->check(CLI::Range(0, 1'000'000));
  verb->add_option("--blocks", chosen->blocks,
                   "Stop after this many new blocks (default: never)")
      ->check(CLI::PositiveNumber);
  verb->add_option("--rpc-listen", chosen->rpc_listen,
                   "Address of the RPC server (rpc.listen)");
  verb->footer(examples);
  verb->callback([&out, chosen] {
    out.run = [&out, chosen] { return up(out.common, *chosen); };
  });
}
} // namespace spacetime::cli
