#include "tools/spacetime/cli.hpp"

namespace spacetime::cli {
void add_sim(CLI::App& app, invocation& out) {
  auto* group =
      app.add_subcommand("sim", "Make chains, measure rules, offline");
  group->require_subcommand(1);
  add_sim_chain(*group, out);
  add_sim_difficulty(*group, out);
}
} // namespace spacetime::cli
