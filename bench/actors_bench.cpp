// What one question from actor to actor costs in a process: the price of a hop
// on a block's way. Its handler does almost nothing.

#include "actors/answer.hpp"
#include "actors/observed.hpp"
#include "actors/supervisor.hpp"
#include "actors/system_config.hpp"

#include <benchmark/benchmark.h>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

using namespace spacetime;
using namespace std::chrono_literals;

namespace {
constexpr std::uint32_t questions = 10'000; // of one iteration

struct oracle_state {
  oracle_state() = default;
  static inline const char* name = "oracle";
};
using oracle_self =
    caf::stateful_actor<oracle_state, observed<caf::event_based_actor>>;

/// Takes an id and answers with an account, as the state actor does.
caf::behavior oracle(oracle_self*) {
  return {[](atom::account, const id_msg& m) {
    std::uint64_t n = 0;
    (void)m.try_read([&](schema::Id::Reader in) { n = in.getValue().size(); });
    return account_msg::build(
        [&](schema::Account::Builder out) { out.setBalance(n); });
  }};
}

struct asker_state {
  asker_state() = default;
  std::uint32_t asked = 0, answered = 0;
  caf::response_promise done;
  static inline const char* name = "asker";
};
using asker_self =
    caf::stateful_actor<asker_state, observed<caf::event_based_actor>>;

void ask(asker_self* self, const caf::actor& whom) {
  ++self->state.asked;
  const auto id =
      id_msg::build([](schema::Id::Builder out) { out.initValue(32); });
  self->request(whom, 10s, atom::account_v, id)
      .then([self, whom](const account_msg& m) {
        std::uint64_t n = 0;
        (void)m.try_read(
            [&](schema::Account::Reader in) { n = in.getBalance(); });
        auto& st = self->state;
        st.answered += n == 32;
        if (st.asked < questions) return ask(self, whom);
        if (st.answered == questions) st.done.deliver(st.answered);
      });
}

/// Asks all questions with a window of some that are open at once.
caf::behavior asker(asker_self* self, const caf::actor& whom) {
  return {[self, whom](atom::work, std::uint32_t window) {
    self->state.asked = self->state.answered = 0;
    self->state.done = self->make_response_promise();
    for (std::uint32_t i = 0; i < window; ++i) ask(self, whom);
    return self->state.done;
  }};
}

void round_trips(benchmark::State& state, bool supervised) {
  const auto window = static_cast<std::uint32_t>(state.range(0));
  system_config config;
  caf::actor_system sys{config};
  const auto whom =
      supervised
          ? spawn_supervisor(sys, {"oracle",
                                   [](caf::actor_system& s) -> caf::actor {
                                     return s.spawn(oracle);
                                   },
                                   [](const std::string&, const error&) {}})
          : caf::actor{sys.spawn(oracle)};
  const auto who = sys.spawn(asker, whom);
  caf::scoped_actor self{sys};
  for (auto _ : state)
    self->request(who, caf::infinite, atom::work_v, window)
        .receive(
            [](std::uint32_t n) { benchmark::DoNotOptimize(n); },
            [&](caf::error& e) { state.SkipWithError(sys.render(e).c_str()); });
  state.SetItemsProcessed(state.iterations() * questions);
  for (const auto& a : {caf::actor{who}, whom})
    caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
}

/// From one actor to another and back.
void direct(benchmark::State& state) {
  round_trips(state, false);
}
BENCHMARK(direct)->Arg(1)->Arg(64)->UseRealTime();

/// The same through a supervisor, as every actor of a node is asked.
void through_a_supervisor(benchmark::State& state) {
  round_trips(state, true);
}
BENCHMARK(through_a_supervisor)->Arg(1)->Arg(64)->UseRealTime();
} // namespace

BENCHMARK_MAIN();
