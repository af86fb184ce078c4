// The hashes of docs/protocol.md, sections 4 and 8.3, spelled out as bytes.

#include "core/consensus/challenge.hpp"
#include "core/consensus/context.hpp"
#include "core/crypto/hash.hpp"
#include "core/time/form_codec.hpp"
#include "core/time/simulated.hpp"
#include "tests/support/chain_maker.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::test;

namespace {
bytes32 filled(std::uint8_t x) {
  bytes32 out;
  out.fill(x);
  return out;
}

bytes100 element(std::uint8_t x) {
  bytes100 out;
  out.fill(x);
  return out;
}

/// SHA-256 of the tag's length, the tag and the rest.
bytes32 tagged(std::string_view tag, const writer& rest) {
  writer all;
  all.put(static_cast<std::uint8_t>(tag.size())).put(view(tag));
  all.put(byte_view{rest.view()});
  return sha256({all.view()});
}
} // namespace

TEST_CASE("a challenge is the hash of seed, epoch and element") {
  writer w;
  w.put(filled(1)).put(std::uint64_t{0x0102030405060708}).put(element(3));
  CHECK(w.view().size() == 140);
  CHECK(
      consensus::challenge_of(filled(1), epoch{0x0102030405060708}, element(3))
          .value
      == tagged("st/challenge", w));
}

TEST_CASE("an infusion is the hash of plot id and quality blob") {
  const bytes blob(129, 7);
  writer w;
  w.put(filled(2)).put(byte_view{blob});
  CHECK(consensus::infusion_of({filled(2)}, blob) == tagged("st/infusion", w));
}

TEST_CASE("a next seed is the hash of seed, era, last element and infusion") {
  writer w;
  w.put(filled(1)).put(std::uint64_t{77}).put(element(3)).put(filled(4));
  CHECK(consensus::next_seed(filled(1), 77, element(3), filled(4))
        == tagged("st/era", w));
}

TEST_CASE("a history leaf is the hash of block id and chain weight") {
  writer w;
  w.put(filled(5)).put(filled(6));
  CHECK(consensus::history_leaf({filled(5)}, filled(6))
        == tagged("st/hist-leaf", w));
}

TEST_CASE("a simulated tick is a hash and 68 zero bytes") {
  writer w;
  w.put(filled(9)).put(std::uint64_t{3});
  const auto digest = tagged("st/sim", w);
  const auto tick = vdf::simulated_tick(filled(9), 3);
  CHECK(std::equal(digest.begin(), digest.end(), tick.begin()));
  CHECK(std::all_of(tick.begin() + 32, tick.end(),
                    [](auto byte) { return byte == 0; }));
}

TEST_CASE("an era starts at the generator, or at its simulated tick 0") {
  const consensus::protocol real{network_with("regtest")};
  const consensus::protocol sim{network_with("sim")};
  CHECK(consensus::era_start(real, filled(1)) == vdf::generator_bytes());
  CHECK(consensus::era_start(sim, filled(1))
        == vdf::simulated_tick(filled(1), 0));
}
