#include "actors/supervisor.hpp"
#include "tests/actors/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::test;

namespace {
struct seen_actor {
  std::uint32_t restarts;
  std::uint64_t depth, handled, refused, p50, p99;
};

struct with_inspector : actor_fixture {
  /// Facts by name.
  std::multimap<std::string, seen_actor> snapshot() {
    std::multimap<std::string, seen_actor> out;
    auto m = ask<snapshot_msg>(inspector, atom::stats_v);
    REQUIRE(m);
    REQUIRE_FALSE(m->try_read([&](schema::Snapshot::Reader in) {
      for (auto a : in.getActors())
        out.emplace(a.getName().cStr(),
                    seen_actor{a.getRestarts(), a.getDepth(), a.getHandled(),
                               a.getRefused(), a.getP50Ns(), a.getP99Ns()});
    }));
    return out;
  }
  inspector_actor inspector = keep(spawn_inspector(sys, from));
};
} // namespace

TEST_CASE_FIXTURE(with_inspector, "a snapshot knows every observed actor of "
                                  "the process, this one too") {
  const auto pool = keep(spawn_mempool(sys, from));
  run();
  const auto all = snapshot();
  CHECK(all.count("mempool") == 1);
  CHECK(all.count("inspector") == 1);
  auto m = ask<status_msg>(inspector, atom::status_v);
  REQUIRE(m);
  CHECK(entry(*m, "actors") == std::to_string(all.size()));
}

TEST_CASE_FIXTURE(with_inspector, "messages are counted when they come and "
                                  "when they are handled") {
  const auto pool = keep(spawn_mempool(sys, from));
  for (int i = 0; i < 10; ++i) REQUIRE(ask<status_msg>(pool, atom::status_v));
  caf::anon_send(caf::actor_cast<caf::actor>(pool), atom::work_v);
  run();
  const auto one = snapshot().find("mempool")->second;
  CHECK(one.handled >= 10);
  CHECK(one.refused == 1);
  CHECK(one.depth == 0);
  CHECK(one.p50 > 0);
  CHECK(one.p99 >= one.p50);
  CHECK(one.restarts == 0);
}

TEST_CASE_FIXTURE(with_inspector, "an actor that has ended is forgotten with "
                                  "its last handle") {
  auto pool = spawn_mempool(sys, from);
  run();
  CHECK(snapshot().count("mempool") == 1);
  caf::anon_send_exit(pool, caf::exit_reason::kill);
  pool = nullptr;
  run();
  sched.clock().cancel_all(); // its own renewal was to come
  CHECK(snapshot().count("mempool") == 0);
}

TEST_CASE_FIXTURE(with_inspector, "a restarted actor counts its restarts") {
  caf::actor child;
  keep(spawn_supervisor(sys, {"mempool",
                              [&](caf::actor_system& s) {
                                return child = caf::actor_cast<caf::actor>(
                                           spawn_mempool(s, from));
                              },
                              [](const std::string&, const error&) {}}));
  run();
  CHECK(snapshot().find("mempool")->second.restarts == 0);
  for (std::uint32_t n = 1; n <= 2; ++n) {
    caf::anon_send_exit(child, caf::exit_reason::unreachable);
    run();
    advance(1s);
    std::uint32_t most = 0;
    for (const auto& [name, one] : snapshot())
      if (name == "mempool") most = std::max(most, one.restarts);
    CHECK(most == n);
  }
}
