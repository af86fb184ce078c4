// A whole node with its threads, on regtest with a real plot.

#include "actors/node.hpp"
#include "core/codec/context.hpp"
#include "core/crypto/account.hpp"
#include "core/disk/chain_loader.hpp"
#include "tests/actors/test_plot.hpp"
#include "tests/core/disk/disk_fixture.hpp"

#include <caf/scoped_actor.hpp>
#include <doctest/doctest.h>

#include <condition_variable>

using namespace spacetime;
using namespace spacetime::test;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {
secret_key farmer_key() {
  return *secret_key::from(hash("test/key", {be(std::uint64_t{1})}));
}

constexpr auto tau = 250ms;

/// Regtest with a faster time: blocks are built 0.4 tau after a tick, so ticks
/// must not come faster than tau.
chain_spec fast_regtest() {
  auto spec = *chain_spec::embedded("regtest");
  const auto set = [&](std::string_view name, std::uint64_t value) {
    for (std::size_t i = 0; i < rule_fields().size(); ++i)
      if (rule_fields()[i].name == name)
        spec.schedules[i] = {{epoch{0}, value}};
  };
  set("tau_ms", std::uint64_t{tau.count()});
  set("tau_min_ms", std::uint64_t{tau.count()} / 2);
  check(spec.finish().has_value(), "the faster spec is valid");
  return spec;
}

/// The plot, made once for all tests of this program.
const temporary_directory& plots() {
  static const temporary_directory home;
  static const auto made = make_plot(*home, farmer_key().public_part());
  return home;
}

node_options options_in(const path& home, bool farms = true) {
  node_options o;
  o.chain_dir = home / "chain";
  o.run_dir = home / "run";
  o.rpc_listen = "127.0.0.1:0";
  if (farms) o.plot_dirs = {*plots()};
  o.storage.verify = disk::verify_policy::never;
  o.storage.map_start = 16 << 20;
  o.storage.low_below = 0; // also on a machine that is nearly full
  o.farmer_key = farmer_key();
  o.payee = account_of(farmer_key().public_part());
  o.tick_pace = tau;
  o.workers = 1;
  o.squares = farms;
  // An hour after genesis, and on from there.
  o.now = [first = fast_regtest().genesis.time.value + 3'600'000,
           begun = steady::now()] {
    const auto ran = std::chrono::duration_cast<std::chrono::milliseconds>(
        steady::now() - begun);
    return timestamp{first + static_cast<std::uint64_t>(ran.count())};
  };
  return o;
}

/// The tips that a node tells of.
class tips {
public:
  void put(const tip_change_msg& m) {
    const std::lock_guard guard{mutex_};
    (void)m.try_read([&](schema::TipChange::Reader in) {
      if (auto c = codec::decode_context(view(in.getTip()))) last_ = *c;
    });
    changed_.notify_all();
  }
  bool wait_for_height(std::uint32_t h) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(
        lock, 60s, [&] { return last_ && last_->facts.height.value >= h; });
  }
  std::optional<consensus::chain_context> last() {
    const std::lock_guard guard{mutex_};
    return last_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<consensus::chain_context> last_;
};

result<std::unique_ptr<node>> start(const path& home, bool farms = true) {
  return node::start(fast_regtest(), options_in(home, farms));
}

/// Stops a node; how long that took.
std::chrono::milliseconds stop(std::unique_ptr<node>& n) {
  const auto begun = steady::now();
  n.reset();
  return std::chrono::duration_cast<std::chrono::milliseconds>(steady::now()
                                                               - begun);
}

/// The tip that lies on disk.
block_id stored_tip(const path& home) {
  auto stored = disk::store::open_read_only(home / "chain");
  REQUIRE(stored);
  auto tip = stored->tip();
  REQUIRE(tip);
  return *tip;
}
} // namespace

TEST_CASE("a node farms, stops within 5 s, and starts again at its tip") {
  const temporary_directory home;
  tips seen;
  auto n = start(*home);
  REQUIRE(n);
  (*n)->on_tip([&](const tip_change_msg& m) { seen.put(m); });
  REQUIRE(seen.wait_for_height(3));
  CHECK_FALSE((*n)->gave_up());
  CHECK(stop(*n) < 5s);
  // What it told of was durable; a last block may have come after it.
  const auto last = *seen.last();
  const auto kept = stored_tip(*home);
  if (kept != last.id) {
    auto stored = disk::store::open_read_only(home / "chain");
    REQUIRE(stored);
    CHECK(stored->id_at(last.facts.height) == last.id);
  }

  tips again;
  auto second = start(*home, false); // it only watches
  REQUIRE(second);
  (*second)->on_tip([&](const tip_change_msg& m) { again.put(m); });
  REQUIRE(again.wait_for_height(3));
  CHECK(again.last()->id == kept);
  CHECK(stop(*second) < 5s);
  CHECK(stored_tip(*home) == kept);

  tips more;
  auto third = start(*home);
  REQUIRE(third);
  (*third)->on_tip([&](const tip_change_msg& m) { more.put(m); });
  CHECK(more.wait_for_height(last.facts.height.value + 3));
  CHECK(stop(*third) < 5s);
}

TEST_CASE("a second node on the same directory is refused, and the first one "
          "lives on") {
  const temporary_directory home;
  auto first = start(*home, false);
  REQUIRE(first);
  auto second = start(*home, false);
  REQUIRE_FALSE(second);
  CHECK(second.error() == errc::already_running);
  caf::scoped_actor self{(*first)->system()};
  bool answered = false;
  self->request((*first)->actors().state, 10s, atom::status_v)
      .receive([&](const status_msg&) { answered = true; }, [](caf::error&) {});
  CHECK(answered);
}

TEST_CASE("a directory of another network is refused") {
  const temporary_directory home;
  auto first = start(*home, false);
  REQUIRE(first);
  CHECK(stop(*first) < 5s);
  auto other =
      node::start(*chain_spec::embedded("sim"), options_in(*home, false));
  REQUIRE_FALSE(other);
  CHECK(other.error() == errc::wrong_network);
}

TEST_CASE("every actor of a node answers status") {
  const temporary_directory home;
  auto n = start(*home, false);
  REQUIRE(n);
  caf::scoped_actor self{(*n)->system()};
  const auto answers = [&](const auto& a) {
    bool out = false;
    self->request(a, 10s, atom::status_v)
        .receive(
            [&](const status_msg& m) {
              out = !m.try_read([](schema::Status::Reader in) {
                CHECK(in.getHealth() != schema::Status::Health::FAILING);
              });
            },
            [](caf::error&) {});
    return out;
  };
  const auto& all = (*n)->actors();
#define ACTOR(name) CHECK_MESSAGE(answers(all.name), #name);
#include "actors/actors.def"
#undef ACTOR
}
