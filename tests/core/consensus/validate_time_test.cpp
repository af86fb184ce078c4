// R10 of docs/protocol.md: the time part of a header, its form and its proofs.

#include "core/time/form_codec.hpp"
#include "tests/core/consensus/consensus_fixture.hpp"

using namespace spacetime;
using namespace spacetime::test;

namespace {
/// A block of several ticks in one era and the next: six epochs after
/// regtest's block 9, at least.
const made_block& long_block() {
  static const auto made = [] {
    block_options o;
    o.skip = 17;
    o.entries = entry_style::ticks;
    for (;; ++o.skip) { // more than the whole era between, and not at a border
      auto b = regtest().next(real_parent(), o);
      if (b.head().time_entries.size() <= 18
          && regtest().rules().tick_of(b.head().epoch) > 1)
        return b;
    }
  }();
  return made;
}

errc refusal_of_long(const std::function<void(header&)>& change) {
  return refusal(regtest(), real_parent(),
                 resealed(regtest(), long_block(), change));
}

/// Offset of the entry that ends the parent's era.
std::size_t first_border() {
  const auto& p = regtest().rules();
  return p.fixed().ticks_per_era - p.tick_of(real_parent().head().epoch) - 1;
}
} // namespace

TEST_CASE("R10: single ticks, eras and longest runs prove the same time") {
  for (const auto style :
       {entry_style::ticks, entry_style::whole_eras, entry_style::longest}) {
    block_options o;
    o.skip = 12;
    o.entries = style;
    const auto b = regtest().next(real_parent(), o);
    const auto after = verdict(regtest(), real_parent(), b.raw);
    REQUIRE(after);
    CHECK(after->y == b.context.y);
  }
  CHECK(verdict(regtest(), real_parent(), long_block().raw));
}

TEST_CASE("R10: a block at the first tick of an era ends with y_K") {
  auto parent = real_parent();
  for (;;) {
    const auto tick = regtest().rules().tick_of(parent.head().epoch);
    block_options o;
    o.skip = 7 - tick;
    const auto b = regtest().next(parent, o);
    const auto after = verdict(regtest(), parent, b.raw);
    REQUIRE(after);
    if (regtest().rules().tick_of(b.head().epoch) == 0) {
      CHECK(after->y == vdf::generator_bytes());
      CHECK(b.head().time_entries.back().y != after->y);
      return;
    }
    parent = b;
  }
}

TEST_CASE("R10: no entries are bad_time_entries") {
  CHECK(refusal_of_long([](header& h) { h.time_entries.clear(); })
        == errc::bad_time_entries);
}

TEST_CASE("R10: a gap in the entries is bad_time_entries") {
  for (std::size_t i = 0; i < long_block().head().time_entries.size(); ++i)
    CHECK(refusal_of_long([&](header& h) {
            h.time_entries.erase(h.time_entries.begin()
                                 + static_cast<std::ptrdiff_t>(i));
          })
          == errc::bad_time_entries);
}

TEST_CASE("R10: an entry given twice is bad_time_entries") {
  for (std::size_t i = 0; i < long_block().head().time_entries.size(); ++i)
    CHECK(refusal_of_long([&](header& h) {
            const auto e = h.time_entries[i];
            h.time_entries.insert(
                h.time_entries.begin() + static_cast<std::ptrdiff_t>(i), e);
          })
          == errc::bad_time_entries);
}

TEST_CASE("R10: entries that end early or late are bad_time_entries") {
  CHECK(refusal_of_long([](header& h) { h.time_entries.pop_back(); })
        == errc::bad_time_entries);
  CHECK(refusal_of_long(
            [](header& h) { h.time_entries.push_back(h.time_entries.back()); })
        == errc::bad_time_entries);
  CHECK(refusal_of_long([](header& h) { ++h.time_entries.back().ticks; })
        == errc::bad_time_entries);
  // An epoch that the entries do not lead to.
  CHECK(refusal_of_long([](header& h) { ++h.epoch.value; })
        == errc::bad_time_entries);
  CHECK(refusal_of_long([](header& h) { --h.epoch.value; })
        == errc::bad_time_entries);
}

TEST_CASE("R10: an entry of no ticks is bad_time_entries") {
  for (std::size_t i = 0; i < long_block().head().time_entries.size(); ++i) {
    CHECK(refusal_of_long([&](header& h) { h.time_entries[i].ticks = 0; })
          == errc::bad_time_entries);
    CHECK(refusal_of_long([&](header& h) {
            const time_entry none{0, h.time_entries[i].y, {}};
            h.time_entries.insert(
                h.time_entries.begin() + static_cast<std::ptrdiff_t>(i), none);
          })
          == errc::bad_time_entries);
  }
}

TEST_CASE("R10: an entry across the end of an era is bad_time_entries") {
  const auto border = static_cast<std::ptrdiff_t>(first_border());
  CHECK(refusal_of_long([&](header& h) { // the last tick and the next era's
          h.time_entries[static_cast<std::size_t>(border) + 1].ticks = 2;
          h.time_entries.erase(h.time_entries.begin() + border);
        })
        == errc::bad_time_entries);
  CHECK(refusal_of_long([](header& h) { // one entry for everything
          const auto epochs = h.epoch.value - real_parent().head().epoch.value;
          h.time_entries = {h.time_entries.back()};
          h.time_entries.front().ticks = static_cast<std::uint16_t>(epochs);
        })
        == errc::bad_time_entries);
}

TEST_CASE("R10: more than 2K + (eras crossed) entries are bad_time_entries") {
  chain_maker sim{
      network_with("sim", {{"ticks_per_era", 8}, {"infusion_lag", 2}}), 4};
  // Two eras and three crossed: at most 19, but 21 single ticks or more.
  const auto made = [&](std::uint64_t skip, entry_style style) {
    block_options o;
    o.skip = skip;
    o.entries = style;
    return sim.next(sim.genesis(), o);
  };
  std::size_t most = 0, least_refused = ~std::size_t{0};
  for (std::uint64_t skip = 0; skip < 60; ++skip) {
    const auto b = made(skip, entry_style::ticks);
    const auto n = b.head().time_entries.size();
    const auto limit = 16 + sim.rules().era_of(b.head().epoch);
    const auto out = verdict(sim, sim.genesis(), b.raw);
    CHECK(out.has_value() == (n <= limit));
    if (out)
      most = std::max(most, n);
    else {
      least_refused = std::min(least_refused, n);
      CHECK(out.error() == errc::bad_time_entries);
      CHECK(
          verdict(sim, sim.genesis(), made(skip, entry_style::whole_eras).raw));
    }
  }
  CHECK(most == 18); // epoch 18 crosses two eras
  CHECK(least_refused == 19);
}

TEST_CASE("R10: a block may cross 8,192 eras and not one more") {
  chain_maker sim{
      network_with("sim", {{"ticks_per_era", 2}, {"infusion_lag", 1}}), 6, 40};
  const auto b = [&](std::uint64_t eras) {
    block_options o;
    o.skip = 2 * eras - 1; // the first epoch of that era
    return sim.next(sim.genesis(), o);
  };
  const auto longest = b(8192);
  REQUIRE(sim.rules().era_of(longest.head().epoch) == 8192);
  CHECK(longest.head().time_entries.size() == 8192);
  CHECK(verdict(sim, sim.genesis(), longest.raw));
  const auto longer = b(8193);
  REQUIRE(sim.rules().era_of(longer.head().epoch) == 8193);
  CHECK(refusal(sim, sim.genesis(), longer.raw) == errc::bad_time_entries);
  const auto endless = resealed(
      sim, longer, [](header& h) { h.epoch.value = ~std::uint64_t{0}; });
  CHECK(refusal(sim, sim.genesis(), endless) == errc::bad_time_entries);
}

TEST_CASE("R10: a changed proof of time is bad_proof_of_time") {
  const auto n = long_block().head().time_entries.size();
  for (std::size_t i = 0; i < n; ++i) {
    CHECK(refusal_of_long([&](header& h) { h.time_entries[i].proof[5] ^= 1; })
          == errc::bad_proof_of_time);
    CHECK(refusal_of_long([&](header& h) {
            h.time_entries[i].proof = h.time_entries[(i + 1) % n].proof;
          })
          == errc::bad_proof_of_time);
    CHECK(refusal_of_long([&](header& h) {
            h.time_entries[i].proof = vdf::identity_bytes();
          })
          == errc::bad_proof_of_time);
  }
}

TEST_CASE("R10: a wrong element between two ticks is bad_proof_of_time") {
  // The last one enters the challenge, y_K the next seed: those are below.
  for (std::size_t i = first_border() + 1;
       i + 1 < long_block().head().time_entries.size(); ++i) {
    const auto tick = (i - first_border()) % 8;
    if (tick == 0) continue;
    CHECK(refusal_of_long(
              [&](header& h) { h.time_entries[i].y = h.time_entries[i].proof; })
          == errc::bad_proof_of_time);
  }
}

TEST_CASE("R10: a winning ticket for an element nobody reached is refused") {
  // Who could choose y could grind tickets: R9 passes, the proof does not.
  const auto real = real_block().context.y;
  for (const auto& y : {vdf::generator_bytes(), real,
                        real_block().head().time_entries.back().proof}) {
    block_options o;
    o.false_y = y;
    o.skip = 1;
    const auto b = regtest().next(real_parent(), o);
    CHECK(b.context.score < b.head().target);
    CHECK(refusal(regtest(), real_parent(), b.raw) == errc::bad_proof_of_time);
  }
}

TEST_CASE("R10: simulated ticks have one value and a proof of zeros") {
  chain_maker sim{network_with("sim"), 7};
  const auto b = sim.next(sim.genesis());
  const auto changed =
      resealed(sim, b, [](header& h) { h.time_entries.back().proof[99] = 1; });
  CHECK(refusal(sim, sim.genesis(), changed) == errc::bad_proof_of_time);
  block_options o;
  o.false_y = bytes100{1, 2, 3};
  CHECK(refusal(sim, sim.genesis(), sim.next(sim.genesis(), o).raw)
        == errc::bad_proof_of_time);
}
