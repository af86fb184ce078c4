#include "actors/observed.hpp"
#include "actors/supervisor.hpp"
#include "tests/actors/deterministic.hpp"

#include <caf/stateful_actor.hpp>
#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::test;
using namespace std::chrono_literals;

namespace {
struct patient_state {
  patient_state() = default;
  static inline const char* name = "patient";
};
using patient_self =
    caf::stateful_actor<patient_state, observed<caf::event_based_actor>>;

/// Crashes when told to work; says which life it is in; never answers `best`.
caf::behavior patient(patient_self* self, std::uint32_t life) {
  return {
      [](atom::work) -> caf::result<std::uint32_t> {
        throw std::runtime_error{"the disk is on fire"};
      },
      [](atom::wake) -> caf::result<std::uint32_t> { throw 42; },
      [life](atom::find) { return life; },
      [self](atom::best) { self->quit(caf::exit_reason::user_shutdown); },
  };
}

struct ward : deterministic {
  std::uint32_t lives = 0;
  std::vector<std::string> given_up;
  caf::actor front = keep(
      spawn_supervisor(sys, {"patient",
                             [this](caf::actor_system& s) -> caf::actor {
                               return s.spawn(patient, ++lives);
                             },
                             [this](const std::string& name, const error& why) {
                               given_up.push_back(name + ": " + to_string(why));
                             }}));

  void crash() { (void)ask<std::uint32_t>(front, atom::work_v); }

  /// Its facts in the telemetry; null if it is not in memory.
  std::shared_ptr<observation> facts(const char* name = "patient") {
    std::shared_ptr<observation> out;
    for (const auto& o : table_of(sys).list())
      if (o->name == name) out = o;
    return out;
  }
};
} // namespace

TEST_CASE_FIXTURE(ward, "a crash answers the asker, and the actor is back "
                        "after 100 ms at the same address") {
  CHECK(ask<std::uint32_t>(front, atom::find_v) == 1u);
  const auto crashed = request<std::uint32_t>(front, atom::work_v);
  REQUIRE(*crashed);
  CHECK((*crashed)->error() == caf::sec::runtime_error);
  CHECK(opened(crashed).error() == errc::internal);
  advance(99ms);
  CHECK(ask<std::uint32_t>(front, atom::find_v).error() == errc::unavailable);
  advance(1ms);
  CHECK(ask<std::uint32_t>(front, atom::find_v) == 2u);
  CHECK(given_up.empty());
}

TEST_CASE_FIXTURE(ward, "an exception that is no std::exception is a crash "
                        "like any other") {
  const auto crashed = request<std::uint32_t>(front, atom::wake_v);
  REQUIRE(*crashed);
  CHECK((*crashed)->error() == caf::sec::runtime_error);
  advance(100ms);
  CHECK(ask<std::uint32_t>(front, atom::find_v) == 2u);
}

TEST_CASE_FIXTURE(ward, "the wait doubles with each crash within a minute") {
  crash();
  advance(100ms);
  crash();
  advance(199ms);
  CHECK(ask<std::uint32_t>(front, atom::find_v).error() == errc::unavailable);
  advance(1ms);
  CHECK(ask<std::uint32_t>(front, atom::find_v) == 3u);
  advance(61s);
  crash();
  advance(100ms);
  CHECK(ask<std::uint32_t>(front, atom::find_v) == 4u);
}

TEST_CASE_FIXTURE(ward, "five crashes within 60 s are forgiven, the sixth ends "
                        "the front and is told once") {
  for (int i = 0; i < 5; ++i) {
    crash();
    advance(2s);
  }
  CHECK(given_up.empty());
  CHECK(ask<std::uint32_t>(front, atom::find_v) == 6u);
  crash();
  REQUIRE(given_up.size() == 1);
  CHECK(given_up[0].starts_with("patient: internal"));
  CHECK(given_up[0].find("the disk is on fire") != std::string::npos);
  advance(2min);
  CHECK(given_up.size() == 1);
  CHECK(lives == 6);
  CHECK(ask<std::uint32_t>(front, atom::find_v).error() == errc::unavailable);
}

TEST_CASE_FIXTURE(ward, "crashes that are a quarter of a minute apart never "
                        "end the front") {
  for (int i = 0; i < 20; ++i) {
    crash();
    advance(15s);
  }
  CHECK(given_up.empty());
  CHECK(ask<std::uint32_t>(front, atom::find_v) == 21u);
}

TEST_CASE_FIXTURE(ward, "the end of the front is the end of the child") {
  caf::anon_send_exit(front, caf::exit_reason::user_shutdown);
  run();
  CHECK(facts() == nullptr);
  advance(1min);
  CHECK(lives == 1);
  CHECK(given_up.empty());
}

TEST_CASE_FIXTURE(ward, "a front that ends between two lives makes no third") {
  crash();
  caf::anon_send_exit(front, caf::exit_reason::user_shutdown);
  run();
  advance(1min);
  CHECK(lives == 1);
}

TEST_CASE_FIXTURE(ward, "a child that was told to end is no crash") {
  caf::anon_send(front, atom::best_v);
  run();
  advance(1min);
  CHECK(lives == 1);
  CHECK(given_up.empty());
  CHECK(ask<std::uint32_t>(front, atom::find_v).error() == errc::unavailable);
}

TEST_CASE_FIXTURE(ward, "an unknown message is answered and counted, and does "
                        "not end the actor") {
  const auto a = request<std::uint32_t>(front, atom::ticks_v);
  REQUIRE(*a);
  CHECK((*a)->error() == caf::sec::unexpected_message);
  CHECK(facts()->refused == 1u);
  CHECK(ask<std::uint32_t>(front, atom::find_v) == 1u);
}

TEST_CASE_FIXTURE(ward, "telemetry counts lives, messages and run times") {
  for (int i = 0; i < 100; ++i)
    CHECK(ask<std::uint32_t>(front, atom::find_v) == 1u);
  CHECK(facts()->spawned == 1);
  CHECK(facts()->handled >= 100u);
  CHECK(facts()->enqueued >= facts()->handled);
  CHECK(facts()->percentile(50) > 0);
  CHECK(facts()->percentile(99) >= facts()->percentile(50));
  crash();
  advance(100ms);
  CHECK(facts()->spawned == 2);
  CHECK(facts()->handled < 100u);
}

TEST_CASE_FIXTURE(ward, "an actor that cannot be made again is a crash of it") {
  // The child made by the next call ends at once.
  auto broken = keep(spawn_supervisor(
      sys, {"stillborn",
            [](caf::actor_system& s) -> caf::actor {
              return s.spawn([](caf::event_based_actor* me) -> caf::behavior {
                me->quit(caf::make_error(errc::corrupt));
                return {};
              });
            },
            [this](const std::string& name, const error& why) {
              given_up.push_back(name + ": " + to_string(why));
            }}));
  advance(20s);
  REQUIRE(given_up.size() == 1);
  CHECK(given_up[0].starts_with("stillborn: corrupt"));
}
