#include "core/codec/messages.hpp"
#include "tests/actors/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::test;

namespace {
ticket_msg message_of(const codec::ticket& t) {
  return ticket_msg::build(
      [&](schema::Ticket::Builder out) { codec::write(out, t); });
}

struct with_farmer : actor_fixture {
  with_farmer() {
    state.tip = tip_event(chain.genesis.context);
    state.state_root = one.value.head.state_root;
    from.actors.state = fake_state(*this, state);
    from.actors.mempool = fake_mempool(*this, mempool);
    from.actors.validator = fake_validator(*this, validator);
    farmer = keep(spawn_farmer(sys, from));
    run();
    (void)follow();
  }
  codec::scan follow() {
    auto m = ask<scan_msg>(farmer, atom::follow_v,
                           caf::actor_cast<scan_listener>(scanner),
                           std::string{"barn"});
    REQUIRE(m);
    return read(*m);
  }
  static codec::scan read(const scan_msg& m) {
    codec::scan out;
    REQUIRE_FALSE(m.try_read([&](schema::Scan::Reader in) {
      auto s = codec::read(in);
      REQUIRE(s);
      out = *s;
    }));
    return out;
  }
  /// The ticks up to an epoch arrive.
  void tick_to(std::uint64_t epoch) {
    for (const auto& t : chain.ticks_after(chain.genesis.context, epoch))
      caf::anon_send(farmer, test::message_of(t));
    run();
  }
  /// A winning ticket of the open challenge; each `n` gives another plot.
  codec::ticket winning(std::uint64_t n = 0, std::uint64_t key = 1) {
    const auto s = follow();
    codec::ticket out{s.epoch, s.challenge, {}};
    out.space.farmer = some_key(key).public_part();
    while (true) {
      out.space.seed = hash("test/plot", {be(n++)});
      auto won =
          consensus::check_space(*chain.rules, s.epoch, s.challenge, out.space);
      if (won && won->score < s.target) return out;
    }
  }
  result<void> offer(const codec::ticket& t) {
    return ask<void>(farmer, message_of(t));
  }
  block sent(std::size_t i) {
    block out;
    REQUIRE(validator.blocks.seen.size() > i);
    REQUIRE_FALSE(
        validator.blocks.seen[i].try_read([&](schema::Block::Reader in) {
          auto b = codec::decode_block(chain.rules->spec.network(),
                                       view(in.getRaw()));
          REQUIRE(b);
          out = *b;
        }));
    return out;
  }
  std::size_t blocks() const { return validator.blocks.seen.size(); }
  status_msg facts() {
    auto m = ask<status_msg>(farmer, atom::status_v);
    REQUIRE(m);
    return *m;
  }

  state_script state;
  mempool_script mempool;
  validator_script validator;
  heard events;
  caf::actor scanner = listener(*this, events);
  farmer_actor farmer;
  made_block one = chain.next(chain.genesis.context);
};
} // namespace

TEST_CASE_FIXTURE(with_farmer, "a tick becomes a challenge for the scanners") {
  CHECK(events.scans.empty());
  tick_to(1);
  REQUIRE(events.scans.size() == 1);
  const auto s = read(events.scans[0]);
  CHECK(s.epoch == epoch{1});
  CHECK(s.challenge
        == consensus::challenge_of(
            chain.genesis.context.era.seed, {1},
            chain.ticks_after(chain.genesis.context, 1).back().step.end));
  CHECK(s.target == chain.genesis.context.era.target);
  CHECK(s.filter_bits == 0);
  CHECK(s.deadline_ms == 3'000);     // 0.3 tau
  CHECK(follow().epoch == epoch{1}); // also for who comes later
}

TEST_CASE_FIXTURE(with_farmer, "a scanner that does not renew hears no more "
                               "after 15 s") {
  advance(16s);
  tick_to(1);
  CHECK(events.scans.empty());
}

TEST_CASE_FIXTURE(with_farmer, "a ticket becomes a valid block 0.4 tau after "
                               "the tick, and not before") {
  tick_to(1);
  REQUIRE(offer(winning()));
  advance(3'900ms);
  CHECK(blocks() == 0);
  advance(100ms);
  REQUIRE(blocks() == 1);
  const auto b = sent(0);
  consensus::time_proofs proofs{*chain.rules};
  auto c = consensus::check_header({*chain.rules, proofs},
                                   chain.genesis.context, b.head);
  CHECK(c);
  CHECK(consensus::check_body(*chain.rules, b.head, b.txs));
  CHECK(b.head.payee == options->payee);
  CHECK(entry(facts(), "won") == "1");
  advance(1min);
  CHECK(blocks() == 1);
}

TEST_CASE_FIXTURE(with_farmer, "a ticket that comes after 0.4 tau is built at "
                               "once") {
  tick_to(1);
  advance(6s);
  REQUIRE(offer(winning()));
  advance(100ms);
  CHECK(blocks() == 1);
}

TEST_CASE_FIXTURE(with_farmer, "the better of two tickets wins, the worse is a "
                               "duplicate") {
  tick_to(1);
  const auto a = winning(0), b = winning(100);
  const auto score = [&](const codec::ticket& t) {
    return consensus::check_space(*chain.rules, t.epoch, t.challenge, t.space)
        ->score;
  };
  const auto& good = score(a) < score(b) ? a : b;
  const auto& bad = score(a) < score(b) ? b : a;
  REQUIRE(offer(bad));
  REQUIRE(offer(good));
  CHECK(offer(bad).error() == errc::duplicate);
  advance(5s);
  REQUIRE(blocks() == 1);
  CHECK(sent(0).head.space == good.space);
}

TEST_CASE_FIXTURE(with_farmer, "a ticket of another key, format or score is "
                               "refused") {
  tick_to(1);
  CHECK(offer(winning(0, 9)).error() == errc::bad_plot_parameters);
  auto t = winning();
  t.space.strength = 7;
  CHECK(offer(t).error() == errc::bad_plot_parameters);
  t = winning();
  t.space.proof = {1};
  CHECK(offer(t).error() == errc::malformed);
  t = winning();
  for (std::uint64_t n = 0;; ++n) {
    t.space.seed = hash("test/plot", {be(n)});
    if (consensus::check_space(*chain.rules, t.epoch, t.challenge, t.space)
            ->score
        >= follow().target)
      break;
  }
  CHECK(offer(t).error() == errc::score_above_target);
  CHECK(ask<void>(farmer, ticket_msg{}).error() == errc::malformed);
  advance(5s);
  CHECK(blocks() == 0);
}

TEST_CASE_FIXTURE(with_farmer, "a ticket is stale once the next tick is here, "
                               "and once its block is out") {
  tick_to(1);
  const auto first = winning();
  tick_to(2);
  CHECK(offer(first).error() == errc::stale);
  const auto a = winning(0), b = winning(100);
  REQUIRE(offer(a));
  advance(5s);
  REQUIRE(blocks() == 1);
  CHECK(offer(b).error() == errc::stale);
}

TEST_CASE_FIXTURE(with_farmer, "a ticket whose window has passed is not "
                               "built, even if nobody else's is") {
  tick_to(1);
  REQUIRE(offer(winning()));
  advance(1s);
  tick_to(2); // time goes on early
  advance(10s);
  CHECK(blocks() == 0);
}

TEST_CASE_FIXTURE(with_farmer, "another's block of the epoch ends its window") {
  tick_to(1);
  REQUIRE(offer(winning()));
  caf::anon_send(farmer, tip_event(one.context, {one.raw}));
  run();
  advance(5s);
  CHECK(blocks() == 0);
}

TEST_CASE_FIXTURE(with_farmer, "a block is built on the tip there is when it "
                               "is due") {
  tick_to(2);
  REQUIRE(offer(winning()));
  caf::anon_send(farmer, tip_event(one.context, {one.raw}));
  run();
  advance(5s);
  REQUIRE(blocks() == 1);
  CHECK(sent(0).head.parent == one.context.id);
  CHECK(sent(0).head.height.value == 2);
}

TEST_CASE_FIXTURE(with_farmer, "the accepted of the best payments are in the "
                               "block") {
  mempool.best = {sim_payment(0), sim_payment(1)};
  state.accepted = 1;
  tick_to(1);
  REQUIRE(offer(winning()));
  advance(5s);
  CHECK(sent(0).txs == std::vector<tx>{sim_payment(0)});
  REQUIRE(state.drafts.seen.size() == 1);
}

TEST_CASE_FIXTURE(with_farmer, "without a mempool the block is empty, not "
                               "lost") {
  mempool.asked.refuse = caf::make_error(errc::unavailable);
  tick_to(1);
  REQUIRE(offer(winning()));
  advance(5s);
  CHECK(sent(0).txs.empty());
}

TEST_CASE_FIXTURE(with_farmer, "a lost block says why") {
  tick_to(1);
  state.drafts.refuse = caf::make_error(errc::stale);
  REQUIRE(offer(winning()));
  advance(5s);
  CHECK(blocks() == 0);
  CHECK(entry(facts(), "lost") == "1");
  CHECK(entry(facts(), "last_loss").starts_with("stale"));
  state.drafts.refuse.reset();
  validator.blocks.refuse = to_caf({errc::busy, "64 blocks"});
  tick_to(2);
  REQUIRE(offer(winning()));
  advance(5s);
  CHECK(blocks() == 1);
  CHECK(entry(facts(), "lost") == "2");
  CHECK(entry(facts(), "last_loss").find("64 blocks") != std::string::npos);
  CHECK(entry(facts(), "won") == "0");
}

TEST_CASE_FIXTURE(with_farmer, "reports add up, and a bad plot shows") {
  const auto report = [&](std::uint32_t late, const char* bad) {
    caf::anon_send(farmer,
                   scan_report_msg::build([&](schema::ScanReport::Builder out) {
                     out.setScanner("barn");
                     out.setPlots(3);
                     out.setBytes(1000);
                     out.setDone(2);
                     out.setLate(late);
                     if (bad != nullptr) out.initProblems(1).set(0, bad);
                   }));
    run();
  };
  report(0, nullptr);
  report(1, nullptr);
  CHECK(entry(facts(), "plots") == "3");
  CHECK(entry(facts(), "lookups") == "4");
  CHECK(entry(facts(), "late") == "1");
  CHECK(problem(facts()) == "");
  report(0, "/a.plot: corrupt");
  CHECK(problem(facts()) == "!barn: /a.plot: corrupt");
  report(0, nullptr);
  CHECK(problem(facts()) == "");
}

TEST_CASE_FIXTURE(with_farmer, "damaged events change nothing") {
  tick_to(1);
  caf::anon_send(farmer, tick_msg{});
  caf::anon_send(farmer, tick_list_msg{});
  caf::anon_send(farmer, tip_change_msg{});
  caf::anon_send(farmer, scan_report_msg{});
  run();
  CHECK(follow().epoch == epoch{1});
  CHECK(events.scans.size() == 1);
}
