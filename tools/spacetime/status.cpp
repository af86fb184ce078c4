#include "actors/rpc/chain_queries.hpp"
#include "core/disk/chain_loader.hpp"
#include "tools/spacetime/format.hpp"
#include "tools/spacetime/node_query.hpp"

#include <fmt/format.h>

namespace spacetime::cli {
namespace {
constexpr const char* examples =
    "Without a node it reads the database and says so.\n"
    "Exit 0: a node, or its database; 3: neither; 4: the node is unhealthy.\n"
    "Examples:\n"
    "  spacetime status\n"
    "  spacetime status --json --network testnet";

/// What the database knows of a node's status; the same keys.
result<json> read_status(const place& at, const disk::reader& store) {
  auto id = store.tip();
  if (!id) return fail(id.error());
  auto tip = disk::context_of(store, *id);
  if (!tip) return fail(tip.error());
  const auto info = store.info();
  return json{
      {"schema", 1},
      {"version", SPACETIME_VERSION},
      {"network", at.spec.genesis.name},
      {"network_id", rpc::hex(at.spec.network().value)},
      {"state", "stopped"},
      {"height", tip->facts.height.value},
      {"epoch", tip->facts.epoch.value},
      {"tip", rpc::hex(id->value)},
      {"tip_time", tip->facts.time.value},
      {"weight", tip->weight.str()},
      {"synced", false},
      {"peers", 0},
      {"time", now().value},
      {"start_time", nullptr},
      {"failed_checks", json::array()},
      {"storage",
       {{"used_bytes", info.used_bytes}, {"map_bytes", info.map_bytes}}}};
}

int run(const common_flags& flags) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  auto status = ask_or_read(*at, "node_getStatus", json::array(), read_status);
  if (!status)
    return report(status.error(), status.error() == errc::unavailable
                                      ? "start one: spacetime up"
                                      : "");
  auto& s = status->value;
  s["source"] = status->from_database ? "database" : "rpc";
  if (flags.json)
    fmt::print("{}\n", s.dump(2));
  else
    fmt::print("{}", status_text(s));
  return s.value("state", "") == "unhealthy" ? unhealthy : done;
}
} // namespace

void add_status(CLI::App& app, invocation& out) {
  auto* verb = app.add_subcommand("status", "One screen about the node");
  add_common(*verb, out.common);
  verb->footer(examples);
  verb->callback([&out] { out.run = [&out] { return run(out.common); }; });
}
} // namespace spacetime::cli
