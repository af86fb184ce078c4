#include "core/codec/messages.hpp"
#include "tests/actors/actor_fixture.hpp"

#include <caf/actor_system.hpp>
#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>

using namespace spacetime;
using namespace spacetime::test;

namespace {
/// The timelord without its threads: the test makes the ticks.
struct with_timelord : actor_fixture {
  void start() {
    state.tip = tip_event(chain.genesis.context);
    from.actors.state = fake_state(*this, state);
    from.actors.storage = fake_storage(*this, storage);
    from.actors.validator = fake_validator(*this, validator);
    timelord = keep(spawn_timelord(sys, from));
    run();
  }
  std::vector<consensus::tick> follow() {
    std::vector<consensus::tick> out;
    auto m = ask<tick_list_msg>(timelord, atom::follow_v,
                                caf::actor_cast<tick_listener>(follower));
    REQUIRE(m);
    REQUIRE_FALSE(m->try_read([&](schema::TickList::Reader in) {
      for (auto t : in.getTicks()) out.push_back(*codec::read(t));
    }));
    return out;
  }
  void make(const consensus::tick& t) {
    caf::anon_send(timelord, atom::work_v, message_of(t));
    run();
  }
  std::string fact(const char* key) {
    auto m = ask<status_msg>(timelord, atom::status_v);
    REQUIRE(m);
    return entry(*m, key);
  }
  std::vector<consensus::tick> published() { return ticks_of(events.ticks); }

  state_script state;
  storage_script storage;
  validator_script validator;
  timelord_actor timelord;
  heard events;
  caf::actor follower = listener(*this, events);
  std::vector<consensus::tick> ticks =
      chain.ticks_after(chain.genesis.context, 5);
};
} // namespace

TEST_CASE_FIXTURE(with_timelord, "a tick is checked, then stored, then "
                                 "published") {
  start();
  CHECK(follow().empty());
  validator.ticks.hold = true;
  storage.ticks.hold = true;
  make(ticks[0]);
  CHECK(validator.ticks.seen.size() == 1);
  CHECK(storage.ticks.seen.empty());
  let_go(*this, from.actors.validator);
  CHECK(storage.ticks.seen.size() == 1);
  CHECK(published().empty());
  let_go(*this, from.actors.storage);
  CHECK(published() == std::vector<consensus::tick>{ticks[0]});
  CHECK(fact("epoch") == "1");
}

TEST_CASE_FIXTURE(with_timelord, "ticks are published in order, however slow "
                                 "the disk") {
  start();
  (void)follow();
  storage.ticks.hold = true;
  for (const auto& t : ticks) make(t);
  CHECK(published().empty());
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    let_go(*this, from.actors.storage);
    CHECK(published().size() == i + 1);
  }
  CHECK(published() == ticks);
  CHECK(fact("published") == "5");
}

TEST_CASE_FIXTURE(with_timelord, "a tick that cannot be stored is not "
                                 "published, nor are those behind it; the next "
                                 "attempt is") {
  start();
  (void)follow();
  storage.ticks.hold = true;
  make(ticks[0]);
  make(ticks[1]);
  let_go(*this, from.actors.storage, caf::make_error(errc::disk_full));
  CHECK(published().empty());
  CHECK(fact("failed") == "1");
  storage.ticks.hold = false;
  make(ticks[0]);
  make(ticks[1]);
  CHECK(published() == std::vector<consensus::tick>{ticks[0], ticks[1]});
}

TEST_CASE_FIXTURE(with_timelord, "a tick that fails its check is neither "
                                 "stored nor published") {
  start();
  (void)follow();
  validator.ticks.refuse = caf::make_error(errc::bad_proof_of_time);
  make(ticks[0]);
  CHECK(storage.ticks.seen.empty());
  CHECK(published().empty());
  CHECK(fact("failed") == "1");
}

TEST_CASE_FIXTURE(with_timelord, "a storage that never answers is given up "
                                 "after 10 s") {
  start();
  storage.ticks.hold = true;
  make(ticks[0]);
  advance(11s);
  CHECK(fact("failed") == "1");
}

TEST_CASE_FIXTURE(with_timelord, "more than two eras of ticks never wait") {
  start();
  storage.ticks.hold = true;
  const auto many = chain.ticks_after(chain.genesis.context, 300);
  for (const auto& t : many) make(t);
  CHECK(fact("failed") != "0");
  CHECK(storage.ticks.seen.size() == 1);
}

TEST_CASE_FIXTURE(with_timelord, "stored ticks of an earlier run count") {
  storage.stored = {ticks[0], ticks[1], ticks[2]};
  start();
  CHECK(follow().size() == 3);
  CHECK(fact("epoch") == "3");
  CHECK(fact("idle") == "timelord = off");
}

TEST_CASE_FIXTURE(with_timelord,
                  "who follows before the stored ticks are read is told of "
                  "them") {
  storage.stored = {ticks[0], ticks[1]};
  state.tip = tip_event(chain.genesis.context);
  from.actors.state = fake_state(*this, state);
  from.actors.storage = fake_storage(*this, storage);
  timelord = keep(spawn_timelord(sys, from));
  caf::anon_send(timelord, atom::follow_v,
                 caf::actor_cast<tick_listener>(follower));
  run();
  REQUIRE(events.tick_lists.size() == 1);
  REQUIRE_FALSE(events.tick_lists[0].try_read(
      [](schema::TickList::Reader in) { CHECK(in.getTicks().size() == 2); }));
}

TEST_CASE_FIXTURE(with_timelord, "ticks of eras long before the tip's are "
                                 "forgotten") {
  start();
  for (const auto& t : ticks) make(t);
  CHECK(follow().size() == 5);
  const auto k = chain.rules->fixed().ticks_per_era;
  const auto far = chain.next(chain.genesis.context, {.epochs = 2 * k + 1});
  caf::anon_send(timelord, tip_event(far.context));
  run();
  CHECK(follow().empty());
  CHECK(fact("epoch") == std::to_string(2 * k + 1));
}

TEST_CASE_FIXTURE(with_timelord, "a follower that does not renew is forgotten "
                                 "after 15 s") {
  start();
  (void)follow();
  advance(16s);
  make(ticks[0]);
  CHECK(events.ticks.empty());
  CHECK(fact("followers") == "0");
}

namespace {
/// Ticks that came, for a thread that waits.
class tick_queue {
public:
  void put(const tick_msg& m) {
    const std::lock_guard guard{mutex_};
    for (auto& t : ticks_of({m})) all_.push_back(std::move(t));
    changed_.notify_all();
  }
  /// Waits until a tick of this era and seed has come; false after 20 s.
  bool wait_for(std::uint64_t era, const bytes32& seed) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 20s, [&] {
      return std::any_of(all_.begin(), all_.end(), [&](const auto& t) {
        return t.era == era && t.step.seed == seed;
      });
    });
  }
  std::vector<consensus::tick> all() {
    const std::lock_guard guard{mutex_};
    return all_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<consensus::tick> all_;
};

/// A timelord with its threads, and everybody else's answer is yes.
struct running_timelord {
  running_timelord() {
    auto o = std::make_shared<node_options>();
    o->tick_pace = 1ms;
    from.options = o;
    from.rules = chain.rules;
    const auto friendly = sys.spawn([]() -> caf::behavior {
      return {[](const tick_msg&) {},
              [](atom::ticks, std::uint64_t) {
                return tick_list_msg::build([](auto) {});
              }};
    });
    from.actors.storage = caf::actor_cast<storage_actor>(friendly);
    from.actors.validator = caf::actor_cast<validator_actor>(friendly);
    timelord = spawn_timelord(sys, from);
    const auto follower = sys.spawn([this]() -> caf::behavior {
      return {[this](const tick_msg& m) { ticks.put(m); },
              [](const tick_list_msg&) {}};
    });
    caf::anon_send(timelord, atom::follow_v,
                   caf::actor_cast<tick_listener>(follower));
    running = {friendly, follower, caf::actor_cast<caf::actor>(timelord)};
  }
  ~running_timelord() {
    for (const auto& a : running)
      caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
  }
  /// The seed of the era after a block's, if no other block comes.
  bytes32 seed_after(const made_block& b) {
    const auto k = chain.rules->fixed().ticks_per_era;
    const auto left = k - chain.rules->tick_of(b.context.facts.epoch);
    return chain.ticks_after(b.context, left + 1).back().step.seed;
  }
  void tell(const made_block& b) {
    caf::anon_send(timelord, tip_event(b.context));
  }

  sim_chain chain;
  tick_queue ticks;
  boot from;
  system_config config;
  caf::actor_system sys{config};
  timelord_actor timelord;
  std::vector<caf::actor> running;
};
} // namespace

TEST_CASE_FIXTURE(running_timelord, "time follows a reorganisation that "
                                    "changes the seed") {
  const auto a = chain.next(chain.genesis.context, {.epochs = 10});
  const auto b = chain.next(chain.genesis.context, {.epochs = 20, .farmer = 2});
  REQUIRE(seed_after(a) != seed_after(b));
  tell(a);
  REQUIRE(ticks.wait_for(1, seed_after(a)));
  tell(b);
  REQUIRE(ticks.wait_for(1, seed_after(b)));
  // Each era's ticks came in order and without a gap.
  std::map<bytes32, std::uint64_t> next;
  for (const auto& t : ticks.all()) {
    const auto known = next.find(t.step.seed);
    if (known != next.end()) CHECK(t.step.from == known->second);
    next[t.step.seed] = t.step.from + t.step.ticks;
  }
}
