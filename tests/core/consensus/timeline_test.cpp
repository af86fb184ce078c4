#include "core/consensus/timeline.hpp"
#include "tests/core/consensus/consensus_fixture.hpp"

using namespace spacetime;
using namespace spacetime::test;
using consensus::timeline;

namespace {
/// Eras above a block as long as no other block comes.
std::vector<consensus::era_state>
eras_above(chain_maker& m, const made_block& b, std::size_t n) {
  std::vector<consensus::era_state> out{b.context.era};
  const auto k = m.rules().fixed().ticks_per_era;
  while (out.size() < n) {
    const auto end = m.tick(out.back(), k - 1, k).step.end;
    out.push_back(
        consensus::next_era(m.rules(), out.back(), end, b.context.recent));
  }
  return out;
}

/// A timeline with every single tick of these eras.
timeline ticks_of(chain_maker& m,
                  const std::vector<consensus::era_state>& eras) {
  timeline out{m.rules()};
  const auto k = m.rules().fixed().ticks_per_era;
  for (const auto& era : eras)
    for (std::uint64_t i = 0; i < k; ++i) out.add(m.tick(era, i, i + 1));
  return out;
}

std::vector<std::uint16_t> lengths(const std::vector<time_entry>& entries) {
  std::vector<std::uint16_t> out;
  for (const auto& e : entries) out.push_back(e.ticks);
  return out;
}
} // namespace

TEST_CASE("entries lead to an epoch, and a block made with them is valid") {
  auto& m = regtest();
  const auto eras = eras_above(m, m.genesis(), 2);
  const auto known = ticks_of(m, eras);
  block_options o;
  o.skip = 9;
  const auto b = m.next(m.genesis(), o);
  REQUIRE(b.context.era.number == 1);
  const auto made = known.entries(m.genesis().context, b.head().epoch);
  REQUIRE(made);
  const auto with = resealed(m, b, [&](header& h) { h.time_entries = *made; });
  CHECK(verdict(m, m.genesis(), with));
  const auto at = known.at(m.genesis().context, b.head().epoch);
  REQUIRE(at);
  CHECK(at->at(m.rules()) == b.head().epoch);
  CHECK(at->y == b.context.y);
  CHECK(at->era.seed == b.context.era.seed);
}

TEST_CASE("a whole era is one entry where its proof is known") {
  auto& m = regtest();
  const auto eras = eras_above(m, m.genesis(), 3);
  auto known = ticks_of(m, eras);
  const auto& from = m.genesis().context;
  CHECK(known.entries(from, epoch{20})->size() == 20);
  known.add(m.tick(eras[1], 0, 8));
  using lengths_t = std::vector<std::uint16_t>;
  const auto to_20 = lengths(*known.entries(from, epoch{20}));
  CHECK(to_20 == lengths_t{1, 1, 1, 1, 1, 1, 1, 1, 8, 1, 1, 1, 1});
  // The era has to fit: single ticks lead into the middle of one.
  CHECK(known.entries(from, epoch{12})->size() == 12);
  CHECK(lengths(*known.entries(from, epoch{16})).back() == 8);
  known.add(m.tick(eras[0], 0, 8));
  CHECK(lengths(*known.entries(from, epoch{16})) == lengths_t{8, 8});
}

TEST_CASE("a timeline with era proofs alone reaches the ends of eras") {
  auto& m = regtest();
  const auto eras = eras_above(m, m.genesis(), 3);
  timeline known{m.rules()};
  for (const auto& era : eras) known.add(m.tick(era, 0, 8));
  const auto& from = m.genesis().context;
  CHECK(known.furthest(from).at(m.rules()) == epoch{24});
  CHECK(known.entries(from, epoch{24})->size() == 3);
  CHECK(known.entries(from, epoch{23}).error() == errc::not_found);
}

TEST_CASE("a missing tick is not_found, and ends what is furthest") {
  auto& m = regtest();
  const auto eras = eras_above(m, m.genesis(), 2);
  for (std::uint64_t gap = 0; gap < 16; ++gap) {
    timeline known{m.rules()};
    for (std::uint64_t i = 0; i < 16; ++i)
      if (i != gap) known.add(m.tick(eras[i / 8], i % 8, i % 8 + 1));
    const auto& from = m.genesis().context;
    CHECK(known.furthest(from).at(m.rules()) == epoch{gap});
    if (gap > 0) CHECK(known.entries(from, epoch{gap}));
    CHECK(known.entries(from, epoch{gap + 1}).error() == errc::not_found);
    CHECK(known.at(from, epoch{16}).error() == errc::not_found);
  }
}

TEST_CASE("no ticks lead nowhere, and to the block itself no entries") {
  auto& m = regtest();
  const timeline none{m.rules()};
  const auto& from = real_parent().context;
  CHECK(none.furthest(from).at(m.rules()) == from.facts.epoch);
  CHECK(none.furthest(from).y == from.y);
  CHECK(none.entries(from, from.facts.epoch)->empty());
}

TEST_CASE("forks with other seeds have ticks of their own") {
  auto& m = regtest();
  block_options first, second;
  first.plot = 0;
  second.plot = 1;
  const auto a = m.next(m.genesis(), first), b = m.next(m.genesis(), second);
  REQUIRE(a.context.era.number == 0);
  REQUIRE(b.context.era.number == 0);
  const auto eras_a = eras_above(m, a, 2), eras_b = eras_above(m, b, 2);
  REQUIRE(eras_a[1].seed != eras_b[1].seed);
  auto known = ticks_of(m, eras_a);
  CHECK(known.furthest(a.context).at(m.rules()) == epoch{16});
  CHECK(known.furthest(b.context).at(m.rules()) == epoch{8});
  for (const auto& era : eras_b) known.add(m.tick(era, 0, 8));
  for (std::uint64_t i = 0; i < 8; ++i) known.add(m.tick(eras_b[1], i, i + 1));
  CHECK(known.furthest(b.context).at(m.rules()) == epoch{16});
  CHECK(known.at(a.context, epoch{12})->y != known.at(b.context, epoch{12})->y);
}

TEST_CASE("a proven step from elsewhere does not displace a chain's tick") {
  // Both are true statements about powers, and anybody can make them.
  auto& m = regtest();
  const auto& era = m.genesis().context.era;
  auto cheap = era;
  cheap.squarings = 1;
  auto with_other_t = m.tick(cheap, 0, 1);
  auto misplaced = m.tick(era, 0, 1); // claims to start at tick 1
  misplaced.step.from = 1;
  consensus::time_proofs proofs{m.rules()};
  REQUIRE(proofs.verify(with_other_t.step));
  REQUIRE(proofs.verify(misplaced.step));
  for (const bool first : {true, false}) {
    timeline known{m.rules()};
    const auto add_false = [&] {
      known.add(with_other_t);
      known.add(misplaced);
    };
    if (first) add_false();
    CHECK(known.furthest(m.genesis().context).at(m.rules()) == epoch{0});
    known.add(m.tick(era, 0, 1));
    known.add(m.tick(era, 1, 2));
    if (!first) add_false();
    const auto at = known.furthest(m.genesis().context);
    CHECK(at.at(m.rules()) == epoch{2});
    CHECK(at.y == m.tick(era, 1, 2).step.end);
  }
}

TEST_CASE("a later copy of a step changes nothing") {
  auto& m = regtest();
  const auto t = m.tick(m.genesis().context.era, 0, 1);
  timeline known{m.rules()};
  known.add(t);
  auto other = t;
  other.step.proof[3] ^= 1;
  known.add(other);
  CHECK(known.all() == std::vector{t});
}

TEST_CASE("old eras are forgotten, the others stay") {
  auto& m = regtest();
  const auto eras = eras_above(m, m.genesis(), 3);
  auto known = ticks_of(m, eras);
  CHECK(known.all().size() == 24);
  known.forget_before(2);
  CHECK(known.all().size() == 8);
  for (const auto& t : known.all()) CHECK(t.era == 2);
  known.forget_before(3);
  CHECK(known.size() == 0);
}
