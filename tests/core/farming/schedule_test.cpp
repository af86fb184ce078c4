#include "core/crypto/hash.hpp"
#include "core/farming/schedule.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using farming::window;

namespace {
const challenge asked{hash("st/test-challenge", {})};
constexpr std::uint64_t arrival = 1'000'000;

codec::ticket ticket(std::uint8_t plot, std::uint64_t e = 7) {
  codec::ticket out;
  out.epoch = {e};
  out.challenge = asked;
  out.space.seed[0] = plot;
  return out;
}

window opened() {
  return {epoch{7}, asked, arrival, 10'000};
}
} // namespace

TEST_CASE("a window's moments are 0.3, 0.4 and 0.7 of tau") {
  const auto t = farming::times_of(10'000);
  CHECK(t.lookups_end_ms == 3'000);
  CHECK(t.best_ms == 4'000);
  CHECK(t.others_ms == 7'000);
  const auto least = farming::times_of(1);
  CHECK(least.lookups_end_ms <= least.best_ms);
  CHECK(least.best_ms <= least.others_ms);
}

TEST_CASE("without a ticket there is nothing to publish") {
  CHECK_FALSE(opened().publish_at());
  CHECK_FALSE(opened().best());
  CHECK_FALSE(window{}.publish_at());
}

TEST_CASE("the first ticket sets the moment, a better one keeps it") {
  auto w = opened();
  REQUIRE(w.offer(ticket(1), 500));
  CHECK(w.publish_at() == arrival + 4'000);
  REQUIRE(w.offer(ticket(2), 400));
  CHECK(w.publish_at() == arrival + 4'000);
  CHECK(w.best()->space.seed[0] == 2);
  CHECK(w.best_score() == 400);
}

TEST_CASE("of tickets in any order the lowest score remains") {
  for (const auto& scores : {std::array{3, 2, 1}, std::array{1, 2, 3},
                             std::array{2, 1, 3}, std::array{3, 1, 2}}) {
    auto w = opened();
    for (const auto s : scores)
      (void)w.offer(ticket(static_cast<std::uint8_t>(s)), s);
    CHECK(w.best_score() == 1);
    CHECK(w.best()->space.seed[0] == 1);
  }
}

TEST_CASE("a ticket no better than the best is a duplicate") {
  auto w = opened();
  REQUIRE(w.offer(ticket(1), 500));
  CHECK(w.offer(ticket(1), 500).error() == errc::duplicate);
  CHECK(w.offer(ticket(2), 500).error() == errc::duplicate);
  CHECK(w.offer(ticket(2), 501).error() == errc::duplicate);
  CHECK(w.best()->space.seed[0] == 1);
}

TEST_CASE("a ticket of another epoch or challenge is stale") {
  auto w = opened();
  CHECK(w.offer(ticket(1, 6), 1).error() == errc::stale);
  CHECK(w.offer(ticket(1, 8), 1).error() == errc::stale);
  auto other = ticket(1);
  other.challenge.value[0] ^= 1;
  CHECK(w.offer(other, 1).error() == errc::stale);
  CHECK_FALSE(w.best());
}

TEST_CASE("after closing nothing is taken and nothing published") {
  auto w = opened();
  REQUIRE(w.offer(ticket(1), 500));
  w.close();
  CHECK_FALSE(w.publish_at());
  CHECK(w.offer(ticket(2), 1).error() == errc::stale);
  // A new window is open again, also of the same epoch after a reorg.
  w = opened();
  CHECK(w.offer(ticket(2), 1));
}
