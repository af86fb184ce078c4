#include "tools/spacetime/cli.hpp"

#include <cstdio>
#include <exception>

namespace {
constexpr const char* version = "spacetime " SPACETIME_VERSION;
constexpr const char* about =
    "Spacetime: a blockchain node whose consensus is proof of space and time.";
constexpr const char* examples =
    "Examples:\n"
    "  spacetime up                     a whole node on this machine, devnet\n"
    "  spacetime status                 what it does\n"
    "  spacetime chain tip              the newest block\n"
    "  spacetime chain verify           check everything again, offline\n"
    "  spacetime plot create --count 4 --dir /data/plots\n"
    "  spacetime wallet send dst1... 5  pay somebody\n"
    "Exit codes: 0 ok, 1 failed, 2 usage or configuration, 3 no node "
    "reachable,\n"
    "4 unhealthy.";
} // namespace

int main(int argc, char** argv) {
  using namespace spacetime::cli;
  CLI::App app{about, "spacetime"};
  app.set_version_flag("--version", version);
  app.footer(examples);
  app.require_subcommand(1);
  invocation chosen;
  add_up(app, chosen);
  add_node(app, chosen);
  add_plot(app, chosen);
  add_chain(app, chosen);
  add_db(app, chosen);
  add_mempool(app, chosen);
  add_status(app, chosen);
  add_verify(app, chosen);
  add_wallet(app, chosen);
  add_sim(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) { // --help, --version
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    std::fprintf(stderr, "error: %s\n  see: spacetime --help\n", e.what());
    return usage;
  }
  try {
    return chosen.run ? chosen.run() : usage;
  } catch (const std::exception& e) { // the machine is broken, not the input
    std::fprintf(stderr, "error: %s\n", e.what());
    return failed;
  }
}
