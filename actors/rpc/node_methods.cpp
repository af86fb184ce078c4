#include "actors/rpc/methods.hpp"

using namespace std::chrono_literals;

namespace spacetime::rpc {
namespace {
constexpr auto snapshot_limit = 1s;

outcome get_status(const call& c) {
  return c.node.status(c.ask);
}

outcome get_health(const call& c) {
  return c.node.health();
}

outcome get_version(const call& c) {
  return json{{"version", version()},
              {"network", c.node.spec().genesis.name},
              {"network_id", hex(c.node.spec().network().value)}};
}

json to_json(schema::Snapshot::Actor::Reader a) {
  return {{"name", a.getName().cStr()},  {"id", a.getId()},
          {"restarts", a.getRestarts()}, {"depth", a.getDepth()},
          {"handled", a.getHandled()},   {"refused", a.getRefused()},
          {"p50_ns", a.getP50Ns()},      {"p99_ns", a.getP99Ns()}};
}

outcome get_actors(const call& c) {
  const auto m =
      c.ask
          .ask<snapshot_msg>(snapshot_limit, c.node.actors().inspector,
                             atom::stats_v)
          .take();
  if (!m) return tl::unexpected{to_rpc(m.error())};
  json all = json::array();
  if (m->try_read([&](schema::Snapshot::Reader in) {
        for (auto a : in.getActors()) all.push_back(to_json(a));
      }))
    return tl::unexpected{to_rpc({errc::internal, "snapshot message"})};
  return json{{"actors", std::move(all)}};
}
} // namespace

std::vector<method> node_methods() {
  return {
      {"node_getStatus",
       access::read,
       {},
       "One screen: tip, health, and what every actor says of itself.",
       get_status},
      {"node_getHealth",
       access::read,
       {},
       "The checks behind /healthz.",
       get_health},
      {"node_getVersion",
       access::read,
       {},
       "Version and network.",
       get_version},
      {"node_getActors",
       access::read,
       {},
       "Queue, load and restarts of every actor.",
       get_actors},
  };
}
} // namespace spacetime::rpc
