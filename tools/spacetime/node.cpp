#include "actors/signals.hpp"
#include "tools/spacetime/run.hpp"

namespace spacetime::cli {
namespace {
constexpr const char* examples =
    "Examples:\n"
    "  spacetime node                     the roles that node.toml names\n"
    "  spacetime node --network regtest --home H";

int run(const common_flags& flags, const std::string& rpc_listen) {
  block_signals();
  config::key_texts keys;
  if (!rpc_listen.empty()) keys["rpc.listen"] = rpc_listen;
  auto n = prepare_node(flags, keys);
  if (!n) return report(n.error());
  return run_node(std::move(*n), flags, {});
}
} // namespace

void add_node(CLI::App& app, invocation& out) {
  auto* verb =
      app.add_subcommand("node", "Run the node's roles; makes no plots");
  auto listen = std::make_shared<std::string>();
  add_common(*verb, out.common);
  verb->add_option("--rpc-listen", *listen,
                   "Address of the RPC server (rpc.listen)");
  verb->footer(examples);
  verb->callback([&out, listen] {
    out.run = [&out, listen] { return run(out.common, *listen); };
  });
}
} // namespace spacetime::cli
