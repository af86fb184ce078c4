#include "core/codec/messages.hpp"
#include "tests/actors/actor_fixture.hpp"
#include "tests/actors/test_plot.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::test;

namespace {
const auto key = some_key(1);

/// The plot of all these tests, made once.
const bytes& plot_bytes() {
  static const auto made = [] {
    temporary_directory home;
    return read_whole(make_plot(*home, key.public_part()));
  }();
  return made;
}

struct counts {
  std::uint64_t epoch = 0;
  std::uint32_t plots = 0, eligible = 0, done = 0, late = 0, errors = 0,
                chains = 0, times = 0;
  std::vector<std::string> problems;
};

struct with_scanner : actor_fixture {
  with_scanner() {
    from.rules = std::make_shared<const consensus::protocol>(
        *chain_spec::embedded("regtest"));
    options->plot_dirs = {home / "plots"};
    std::filesystem::create_directories(home / "plots");
    write_whole(plot, plot_bytes());
    from.actors.farmer = fake_farmer(*this, farmer);
  }
  void start() {
    scanner = keep(spawn_plot_scanner(sys, from));
    run();
  }
  static scan_msg scan(std::uint64_t e, const u256& target = highest(),
                       std::uint64_t deadline_ms = 60'000) {
    return scan_msg::build([&](schema::Scan::Builder out) {
      codec::write(
          out,
          {{e}, {hash("test/challenge", {be(e)})}, target, 0, deadline_ms});
    });
  }
  static u256 highest() { return ~u256{0}; }
  void send(const scan_msg& m) { caf::anon_send(scanner, m); }
  counts report(std::size_t i) {
    counts out;
    REQUIRE(farmer.reports.size() > i);
    REQUIRE_FALSE(
        farmer.reports[i].try_read([&](schema::ScanReport::Reader in) {
          out = {in.getEpoch(),
                 in.getPlots(),
                 in.getEligible(),
                 in.getDone(),
                 in.getLate(),
                 in.getErrors(),
                 in.getChains(),
                 in.getLookupMicros().size(),
                 {}};
          for (auto p : in.getProblems()) out.problems.emplace_back(p.cStr());
        }));
    return out;
  }
  std::string fact(const char* name) {
    auto m = ask<status_msg>(scanner, atom::status_v);
    REQUIRE(m);
    return entry(*m, name);
  }

  farmer_script farmer;
  plot_scanner_actor scanner;
  path plot = home / "plots" / "p18.plot";
};
} // namespace

TEST_CASE_FIXTURE(with_scanner, "a challenge is looked up in every plot and "
                                "reported") {
  start();
  send(scan(1));
  run();
  const auto r = report(0);
  CHECK(r.epoch == 1);
  CHECK(r.plots == 1);
  CHECK(r.eligible == 1);
  CHECK(r.done == 1);
  CHECK(r.late == 0);
  CHECK(r.times == 1);
  CHECK(r.problems.empty());
  CHECK(fact("scans") == "1");
  CHECK(fact("lookups") == "1");
  CHECK(fact("lookup_p99_us") != "-");
}

TEST_CASE_FIXTURE(with_scanner, "what wins becomes a ticket whose proof "
                                "verifies; what does not, none") {
  start();
  std::uint64_t e = 1;
  for (; farmer.tickets.seen.empty() && e < 60; ++e) {
    send(scan(e));
    run();
  }
  REQUIRE(farmer.tickets.seen.size() == 1);
  REQUIRE_FALSE(farmer.tickets.seen[0].try_read([&](schema::Ticket::Reader in) {
    auto t = codec::read(in);
    REQUIRE(t);
    CHECK(t->epoch == epoch{e - 1});
    CHECK(t->space.farmer == key.public_part());
    CHECK(
        consensus::check_space(*from.rules, t->epoch, t->challenge, t->space));
  }));
  CHECK(report(e - 2).chains > 0);
  for (auto last = e + 20; e < last; ++e) {
    send(scan(e, 1)); // no score is below 1 but 0
    run();
  }
  CHECK(farmer.tickets.seen.size() == 1);
}

TEST_CASE_FIXTURE(with_scanner, "a farmer that refuses a ticket changes "
                                "nothing") {
  farmer.tickets.refuse = caf::make_error(errc::stale);
  start();
  for (std::uint64_t e = 1; e < 20; ++e) {
    send(scan(e));
    run();
  }
  CHECK(farmer.reports.size() == 19);
}

TEST_CASE_FIXTURE(with_scanner, "a newer challenge abandons the older, and the "
                                "newest alone waits") {
  start();
  send(scan(5));
  send(scan(6));
  send(scan(7));
  run();
  REQUIRE(farmer.reports.size() == 2);
  CHECK(report(0).epoch == 5);
  CHECK(report(0).late == 1);
  CHECK(report(0).done == 0);
  CHECK(report(1).epoch == 7);
  CHECK(report(1).done == 1);
  CHECK(fact("skipped") == "1");
  send(scan(6)); // late news
  run();
  CHECK(farmer.reports.size() == 2);
}

TEST_CASE_FIXTURE(with_scanner, "a lookup that cannot start in time is late") {
  start();
  send(scan(1, highest(), 0));
  run();
  CHECK(report(0).eligible == 1);
  CHECK(report(0).late + report(0).done == 1);
}

TEST_CASE_FIXTURE(with_scanner, "a plot whose data are damaged is named in the "
                                "report, and the scanner goes on") {
  auto raw = plot_bytes();
  for (auto i = raw.size() / 4; i < raw.size(); i += 3) raw[i] ^= 0x55;
  write_whole(plot, raw);
  start();
  std::uint64_t e = 1;
  for (; e < 30 && (e < 3 || report(e - 2).errors == 0); ++e) {
    send(scan(e));
    run();
  }
  const auto r = report(e - 2);
  CHECK(r.errors == 1);
  REQUIRE_FALSE(r.problems.empty());
  CHECK(r.problems[0].find(plot.string()) != std::string::npos);
  auto m = ask<status_msg>(scanner, atom::status_v);
  REQUIRE(m);
  CHECK(problem(*m).find(plot.string()) != std::string::npos);
}

TEST_CASE_FIXTURE(with_scanner, "files that are no plots of ours are named, "
                                "and the good one still farms") {
  write_whole(home / "plots/cut.plot",
              byte_view{plot_bytes()}.first(plot_bytes().size() / 2));
  write_whole(home / "plots/copy.plot", plot_bytes());
  start();
  send(scan(1));
  run();
  const auto r = report(0);
  CHECK(r.plots == 1);
  CHECK(r.done == 1);
  CHECK(r.problems.size() == 2);
}

TEST_CASE_FIXTURE(with_scanner, "a plot that appears joins in within 5 s, one "
                                "that goes away leaves") {
  std::filesystem::remove(plot);
  start();
  send(scan(1));
  run();
  CHECK(report(0).plots == 0);
  write_whole(plot, plot_bytes());
  advance(5'100ms);
  send(scan(2));
  run();
  CHECK(report(1).done == 1);
  std::filesystem::remove(plot);
  advance(5'100ms);
  send(scan(3));
  run();
  CHECK(report(2).plots == 0);
}

TEST_CASE_FIXTURE(with_scanner, "the open challenge is looked up when the "
                                "scanner starts") {
  farmer.open = scan(4);
  start();
  REQUIRE(farmer.reports.size() == 1);
  CHECK(report(0).epoch == 4);
  advance(20s); // renewed again and again: no second lookup
  CHECK(farmer.reports.size() == 1);
}

TEST_CASE_FIXTURE(with_scanner, "damaged challenges are ignored") {
  start();
  send(scan_msg{});
  send(scan_msg::build([](schema::Scan::Builder out) {
    out.setEpoch(9);
    out.initChallenge(31);
  }));
  run();
  CHECK(farmer.reports.empty());
  send(scan(10));
  run();
  CHECK(farmer.reports.size() == 1);
}
