// docs/protocol.md, section 13: one line of the rule after another.

#include "core/consensus/fork_choice.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using consensus::better;
using consensus::tip_candidate;

namespace {
tip_candidate tip(std::uint8_t parent) {
  tip_candidate out;
  out.parent.value[0] = parent;
  out.epoch = {10};
  out.weight = 100;
  out.score = 50;
  out.arrival = 5;
  return out;
}

/// `a` is followed rather than `b`, and not the other way round.
bool wins(const tip_candidate& a, const tip_candidate& b) {
  return better(a, b) && !better(b, a);
}
} // namespace

TEST_CASE("the heavier chain wins, whatever else") {
  auto a = tip(1), b = tip(2);
  a.weight = 101;
  a.late = true;
  a.epoch = {20};
  a.score = 99;
  a.arrival = 9;
  CHECK(wins(a, b));
  b.parent = a.parent; // siblings of two weights: of two epochs
  CHECK(wins(a, b));
}

TEST_CASE("between siblings of an epoch the lower score wins, even if late") {
  auto a = tip(1), b = tip(1);
  a.score = 49;
  a.late = true;
  a.arrival = 9;
  CHECK(wins(a, b));
}

TEST_CASE("of siblings of one score the first one seen wins, even if late") {
  auto a = tip(1), b = tip(1);
  a.arrival = 4;
  a.late = true;
  CHECK(wins(a, b));
}

TEST_CASE("between branches one without a late block wins") {
  auto a = tip(1), b = tip(2);
  b.late = true;
  a.epoch = {11};
  a.score = 90;
  a.arrival = 9;
  CHECK(wins(a, b));
}

TEST_CASE("then the earlier epoch, the lower score, the first one seen") {
  auto a = tip(1), b = tip(2);
  a.epoch = {9};
  a.score = 90;
  a.arrival = 9;
  CHECK(wins(a, b));
  a = tip(1);
  a.score = 49;
  a.arrival = 9;
  CHECK(wins(a, b));
  a = tip(1);
  a.arrival = 4;
  CHECK(wins(a, b));
}

TEST_CASE("children of one parent in two epochs are branches, not siblings") {
  auto a = tip(1), b = tip(1);
  a.epoch = {9};
  a.score = 90;
  CHECK(wins(a, b));
  a.late = true;
  CHECK(wins(b, a));
}

TEST_CASE("nothing is better than itself") {
  const auto a = tip(1);
  CHECK_FALSE(better(a, a));
}
