#include "actors/timelord/squarer.hpp"
#include "core/consensus/time_proofs.hpp"
#include "core/disk/file.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {
std::shared_ptr<const consensus::protocol> rules_of(const char* name) {
  return std::make_shared<const consensus::protocol>(
      *chain_spec::embedded(name));
}

/// Ticks as they come, for a thread that waits for them.
class tick_sink {
public:
  void put(const consensus::tick& t) {
    const std::lock_guard guard{mutex_};
    all_.push_back(t);
    when_.push_back(steady::now());
    changed_.notify_all();
  }
  /// Waits until `enough` holds; false after 20 s.
  template <class F>
  bool wait(F enough) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 20s, [&] { return enough(all_); });
  }
  bool wait_for(std::size_t n) {
    return wait([n](const auto& all) { return all.size() >= n; });
  }
  std::vector<consensus::tick> all() {
    const std::lock_guard guard{mutex_};
    return all_;
  }
  std::vector<steady::time_point> when() {
    const std::lock_guard guard{mutex_};
    return when_;
  }
  std::size_t clear() {
    const std::lock_guard guard{mutex_};
    const auto n = all_.size();
    all_.clear();
    return n;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<consensus::tick> all_;
  std::vector<steady::time_point> when_;
};

/// A point of an era that exists only here.
consensus::time_position start_of(const consensus::protocol& p,
                                  std::uint8_t seed,
                                  std::uint64_t squarings = 1000) {
  consensus::time_position out;
  out.era.number = seed;
  out.era.seed.fill(seed);
  out.era.squarings = squarings;
  out.y = consensus::era_start(p, out.era.seed);
  return out;
}

/// The single ticks among these, without the era's own proof.
std::vector<consensus::tick> singles(const std::vector<consensus::tick>& all) {
  std::vector<consensus::tick> out;
  for (const auto& t : all)
    if (t.step.ticks == 1) out.push_back(t);
  return out;
}

bool has_era_proof(const std::vector<consensus::tick>& all) {
  return std::any_of(all.begin(), all.end(),
                     [](const auto& t) { return t.step.ticks > 1; });
}

struct running {
  explicit running(const char* network = "regtest",
                   std::chrono::milliseconds pace = 0ms)
      : rules(rules_of(network)),
        engine(std::make_unique<squarer>(
            rules, pace, [this](const consensus::tick& t) { sink.put(t); })) {}

  /// Time that the destructor takes.
  std::chrono::milliseconds stop() {
    const auto begun = steady::now();
    engine.reset();
    return std::chrono::duration_cast<std::chrono::milliseconds>(steady::now()
                                                                 - begun);
  }

  std::shared_ptr<const consensus::protocol> rules;
  tick_sink sink;
  std::unique_ptr<squarer> engine;
};
} // namespace

TEST_CASE("an era's ticks come in order, each proven, then the era's own "
          "proof") {
  running r;
  const auto k = r.rules->fixed().ticks_per_era;
  const auto from = start_of(*r.rules, 1);
  r.engine->run_from(from);
  REQUIRE(r.sink.wait_for(k + 1));
  const auto all = r.sink.all();
  const auto ticks = singles(all);
  REQUIRE(ticks.size() == k);
  consensus::time_proofs proofs{*r.rules};
  auto y = from.y;
  for (std::uint64_t i = 0; i < k; ++i) {
    const auto& s = ticks[i].step;
    CHECK(ticks[i].era == 1);
    CHECK(s.from == i);
    CHECK(s.start == y);
    CHECK(proofs.verify(s));
    y = s.end;
  }
  for (const auto& t : all) {
    if (t.step.ticks == 1) continue;
    CHECK(t.step.from == 0);
    CHECK(t.step.ticks == k);
    CHECK(t.step.start == from.y);
    CHECK(t.step.end == y);
    CHECK(proofs.verify(t.step));
  }
  CHECK(has_era_proof(all));
  CHECK(r.engine->rate() > 0);
}

TEST_CASE("who starts inside an era continues it, and has no era proof") {
  running first;
  const auto k = first.rules->fixed().ticks_per_era;
  const auto from = start_of(*first.rules, 1);
  first.engine->run_from(from);
  REQUIRE(first.sink.wait_for(k + 1));
  const auto known = singles(first.sink.all());

  running second;
  auto middle = from;
  middle.tick = 3;
  middle.y = known[2].step.end;
  second.engine->run_from(middle);
  REQUIRE(second.sink.wait_for(k - 3));
  second.engine->run_from(start_of(*second.rules, 2)); // then another era
  REQUIRE(second.sink.wait(
      [](const auto& all) { return !all.empty() && all.back().era == 2; }));
  std::vector<consensus::tick> rest;
  for (const auto& t : second.sink.all())
    if (t.era == 1) rest.push_back(t);
  CHECK(rest == std::vector<consensus::tick>(known.begin() + 3, known.end()));
}

TEST_CASE("the same era again is not started over; another abandons it") {
  running r{"regtest", 5ms};
  const auto one = start_of(*r.rules, 1);
  r.engine->run_from(one);
  REQUIRE(r.sink.wait_for(2));
  r.engine->run_from(one);
  r.engine->run_from(start_of(*r.rules, 2));
  REQUIRE(r.sink.wait([](const auto& all) {
    return singles(all).back().era == 2 && has_era_proof(all);
  }));
  std::uint64_t next = 0;
  bool second = false;
  for (const auto& t : singles(r.sink.all())) {
    if (t.era == 2 && !second) {
      second = true;
      next = 0;
    }
    CHECK(t.era == (second ? 2 : 1)); // none of the old after the new
    CHECK(t.step.from == next++);
  }
}

TEST_CASE("a pause stops the ticks, and the same era can go on after it") {
  running r{"regtest", 5ms};
  const auto k = r.rules->fixed().ticks_per_era;
  const auto from = start_of(*r.rules, 1);
  r.engine->run_from(from);
  REQUIRE(r.sink.wait_for(2));
  r.engine->pause();
  const auto before = singles(r.sink.all());
  auto at = from;
  at.tick = before.back().step.from + 1;
  at.y = before.back().step.end;
  REQUIRE(at.tick < k);
  r.engine->run_from(at);
  REQUIRE(r.sink.wait([k](const auto& all) {
    return !all.empty() && singles(all).back().step.from == k - 1;
  }));
  consensus::time_proofs proofs{*r.rules};
  for (const auto& t : singles(r.sink.all())) CHECK(proofs.verify(t.step));
}

TEST_CASE("a pause before anything runs, and a second one, are harmless") {
  running r;
  r.engine->pause();
  r.engine->pause();
  r.engine->run_from(start_of(*r.rules, 1));
  CHECK(r.sink.wait_for(1));
}

TEST_CASE("ticks keep their pace") {
  running r{"regtest", 30ms};
  r.engine->run_from(start_of(*r.rules, 1));
  REQUIRE(r.sink.wait_for(5));
  const auto when = r.sink.when();
  CHECK(when[4] - when[0] >= 4 * 30ms - 5ms);
}

TEST_CASE("simulated ticks need no proof and keep the same order") {
  running r{"sim"};
  const auto k = r.rules->fixed().ticks_per_era;
  r.engine->run_from(start_of(*r.rules, 1, 1));
  REQUIRE(r.sink.wait_for(k));
  consensus::time_proofs proofs{*r.rules};
  const auto all = r.sink.all();
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(all[i].step.from == i);
    CHECK(proofs.verify(all[i].step));
  }
}

TEST_CASE("the squarer ends within a second, whatever it does") {
  // Long ticks: it squares.
  running squaring;
  squaring.engine->run_from(start_of(*squaring.rules, 1, 50'000'000));
  CHECK(squaring.stop() < 1s);
  // A long pace: it waits.
  running waiting{"regtest", 1h};
  waiting.engine->run_from(start_of(*waiting.rules, 1));
  REQUIRE(waiting.sink.wait_for(1));
  CHECK(waiting.stop() < 1s);
  // Nothing to do.
  running idle;
  CHECK(idle.stop() < 1s);
}

TEST_CASE("the end of the squarer abandons the proof of a whole era") {
  // All ticks are out: what remains is the era's proof, an eighth of the
  // squarings' work; an end that waited for it would deliver it.
  running r;
  const auto k = r.rules->fixed().ticks_per_era;
  r.engine->run_from(start_of(*r.rules, 1, 100'000));
  REQUIRE(
      r.sink.wait([k](const auto& all) { return singles(all).size() == k; }));
  CHECK(r.stop() < 1s);
  CHECK_FALSE(has_era_proof(r.sink.all()));
}

TEST_CASE(
    "an era that ran elsewhere is proven as a whole, once until a pause") {
  running first;
  const auto proof_of = [&](std::uint8_t seed) {
    first.sink.clear();
    first.engine->run_from(start_of(*first.rules, seed));
    REQUIRE(first.sink.wait(has_era_proof));
    for (const auto& t : first.sink.all())
      if (t.step.ticks > 1) return t;
    return consensus::tick{};
  };
  const auto span_of = [](const consensus::tick& t) {
    return consensus::era_span{t.era, t.step.seed, t.step.squarings,
                               t.step.end};
  };
  const auto one = proof_of(1), two = proof_of(2);

  running r;
  r.engine->prove_era(span_of(one));
  REQUIRE(r.sink.wait_for(1));
  r.engine->pause(); // its owner had no use for it
  r.engine->prove_era(span_of(one));
  REQUIRE(r.sink.wait_for(2));
  r.engine->prove_era(span_of(one));
  r.engine->prove_era(span_of(two)); // comes after all before it
  REQUIRE(r.sink.wait_for(3));
  CHECK(r.sink.all() == std::vector<consensus::tick>{one, one, two});
}

TEST_CASE("an era that ends elsewhere is not proven") {
  running r;
  consensus::era_span era{1, start_of(*r.rules, 1).era.seed, 1000, {}};
  r.engine->prove_era(era);
  r.engine->run_from(start_of(*r.rules, 2));
  REQUIRE(r.sink.wait(has_era_proof)); // of the era that was squared here
  for (const auto& t : r.sink.all()) CHECK(t.era == 2);
}

TEST_CASE("many restarts from another thread's callback lose nothing") {
  const auto rules = rules_of("regtest");
  tick_sink sink;
  squarer* engine = nullptr;
  std::atomic<std::uint8_t> next{1};
  squarer made{rules, 0ms, [&](const consensus::tick& t) {
                 sink.put(t);
                 // As the timelord does, from wherever it runs.
                 if (t.era == next && next < 20)
                   engine->run_from(start_of(*rules, ++next));
               }};
  engine = &made;
  made.run_from(start_of(*rules, 1));
  CHECK(sink.wait(
      [](const auto& all) { return !all.empty() && all.back().era == 20; }));
}
