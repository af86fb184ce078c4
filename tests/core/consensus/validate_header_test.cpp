// R1 to R9 of docs/protocol.md: each test breaks one rule and keeps those
// before it, signature included.

#include "core/consensus/challenge.hpp"
#include "tests/core/consensus/consensus_fixture.hpp"

using namespace spacetime;
using namespace spacetime::test;

TEST_CASE("R1 to R14: every block of a real chain is valid") {
  const auto* parent = &regtest().genesis();
  for (const auto& b : real_chain()) {
    CAPTURE(b.head().height.value);
    const auto after = verdict(regtest(), *parent, b.raw);
    REQUIRE(after);
    CHECK(*after == b.context);
    parent = &b;
  }
}

TEST_CASE("R1 to R14: a simulated chain is valid") {
  chain_maker sim{network_with("sim"), 5};
  auto parent = sim.genesis();
  for (const auto& b : sim.chain(sim.genesis(), 200)) {
    const auto after = verdict(sim, parent, b.raw);
    REQUIRE(after);
    CHECK(*after == b.context);
    parent = b;
  }
}

TEST_CASE("R1: no truncation of a block is accepted") {
  const auto& raw = real_block().raw;
  for (std::size_t n = 0; n < raw.size(); ++n)
    CHECK(refusal(regtest(), real_parent(), byte_view{raw}.first(n))
          == errc::malformed);
}

TEST_CASE("R1: a surplus byte is malformed") {
  auto raw = real_block().raw;
  raw.push_back(0);
  CHECK(refusal(regtest(), real_parent(), byte_view{raw}) == errc::malformed);
  // Inside the header's length, too.
  auto head = codec::encode(real_block().head());
  head.push_back(0);
  CHECK(codec::decode_header(head).error() == errc::malformed);
}

TEST_CASE("R1: an oversized header and an oversized block are too_large") {
  const auto big_header = resealed(regtest(), real_block(), [](header& h) {
    h.space.k = 255;
    h.space.proof.resize(16 * 255);
  });
  CHECK(refusal(regtest(), real_parent(), big_header) == errc::too_large);
  auto raw = real_block().raw;
  raw.resize((4u << 20) + 1);
  CHECK(refusal(regtest(), real_parent(), byte_view{raw}) == errc::too_large);
}

TEST_CASE("R2: another header version is bad_version") {
  for (const std::uint16_t v : {0, 2, 65535})
    CHECK(refusal_after([&](header& h) { h.version = v; })
          == errc::bad_version);
}

TEST_CASE("R2: a new header version is valid from its epoch on") {
  auto spec = network_with("sim");
  for (std::size_t i = 0; i < rule_fields().size(); ++i)
    if (rule_fields()[i].name == "header_version")
      spec.schedules[i] = {{epoch{0}, 1}, {epoch{100}, 2}};
  chain_maker sim{finished(spec), 2};
  auto parent = sim.genesis();
  std::uint64_t older = 0, newer = 0;
  while (newer < 3) {
    const auto b = sim.next(parent);
    const bool is_new = b.head().epoch >= epoch{100};
    ++(is_new ? newer : older);
    CHECK(b.head().version == (is_new ? 2 : 1));
    CHECK(verdict(sim, parent, b.raw));
    const auto other =
        resealed(sim, b, [&](header& h) { h.version = is_new ? 1 : 2; });
    CHECK(refusal(sim, parent, other) == errc::bad_version);
    parent = b;
  }
  CHECK(older > 0);
}

TEST_CASE("R3: a header of another parent is unknown_parent") {
  CHECK(refusal_after([](header& h) { h.parent.value[31] ^= 1; })
        == errc::unknown_parent);
  CHECK(refusal(regtest(), real_chain()[7], real_block().raw)
        == errc::unknown_parent);
}

TEST_CASE("R4: a height that is not the parent's plus one is bad_height") {
  for (const auto other : {0u, 9u, 11u, ~0u})
    CHECK(refusal_after([&](header& h) { h.height.value = other; })
          == errc::bad_height);
}

TEST_CASE("R4: an epoch not above the parent's is bad_epoch") {
  const auto above = real_parent().head().epoch.value;
  for (const auto e : {above, above - 1, std::uint64_t{0}})
    CHECK(refusal_after([&](header& h) { h.epoch.value = e; })
          == errc::bad_epoch);
}

TEST_CASE("R5: another target is bad_target") {
  for (const int d : {-1, 1})
    CHECK(refusal_after([&](header& h) { h.target += d; }) == errc::bad_target);
  CHECK(refusal_after([](header& h) { h.target = max_u256(); })
        == errc::bad_target);
}

TEST_CASE("R5: another history root is bad_history_root") {
  CHECK(refusal_after([](header& h) { h.history_root[31] ^= 1; })
        == errc::bad_history_root);
  CHECK(refusal_after([](header& h) {
          h.history_root = real_block().context.history.root(
              consensus::history_node); // with itself in it
        })
        == errc::bad_history_root);
}

TEST_CASE("R6: tau_min for each epoch is enough, a millisecond less is not") {
  const auto epochs =
      real_block().head().epoch.value - real_parent().head().epoch.value;
  const auto least = real_parent().head().time.value + 950 * epochs;
  const auto at = [&](std::uint64_t ms) {
    return resealed(regtest(), real_block(),
                    [&](header& h) { h.time.value = ms; });
  };
  CHECK(verdict(regtest(), real_parent(), at(least)));
  CHECK(refusal(regtest(), real_parent(), at(least - 1))
        == errc::timestamp_too_early);
  CHECK(refusal(regtest(), real_parent(), at(0)) == errc::timestamp_too_early);
}

TEST_CASE("R6: a time stamp above the clock plus drift is timestamp_too_late") {
  const auto& h = real_block().head();
  const auto with_clock = [&](std::uint64_t now) {
    return header_verdict(regtest(), real_parent(), h, timestamp{now});
  };
  CHECK(with_clock(h.time.value - 15'000));
  CHECK(with_clock(h.time.value + 1));
  const auto late = with_clock(h.time.value - 15'001);
  REQUIRE_FALSE(late);
  CHECK(late.error() == errc::timestamp_too_late);
  CHECK(blame_of(late.error().code) == blame::nobody);
  CHECK(with_clock(0).error() == errc::timestamp_too_late);
  // Without a clock, as when history is checked again, nothing is late.
  const auto far = resealed(regtest(), real_block(), [](header& x) {
    x.time.value = ~std::uint64_t{0};
  });
  CHECK(verdict(regtest(), real_parent(), far));
}

TEST_CASE("R6: a sum beyond 64 bits is early, not a crash") {
  auto parent = real_parent();
  parent.context.facts.time.value = ~std::uint64_t{0} - 5;
  CHECK(header_verdict(regtest(), parent, real_block().head()).error()
        == errc::timestamp_too_early);
}

TEST_CASE("R7: a signature that is not the farmer's is bad_signature") {
  auto b = real_block().value;
  for (const std::size_t at : {0u, 31u, 32u, 63u}) {
    b.head.seal.value[at] ^= 1;
    CHECK(refusal(regtest(), real_parent(), b) == errc::bad_signature);
    b.head.seal.value[at] ^= 1;
  }
  const auto stranger = *secret_key::from(hash("st/test-stranger", {}));
  const auto id = codec::id_of(regtest().rules().spec.network(), b.head);
  b.head.seal = stranger.sign(id.value);
  CHECK(refusal(regtest(), real_parent(), b) == errc::bad_signature);
  b.head.seal = {};
  CHECK(refusal(regtest(), real_parent(), b) == errc::bad_signature);
}

TEST_CASE("R7: a header signed for another network is bad_signature") {
  auto spec = network_with("regtest");
  ++spec.genesis.premine.front().value.value;
  const chain_maker other{finished(spec), 1, 0};
  auto b = real_block().value;
  const auto id = codec::id_of(other.rules().spec.network(), b.head);
  for (std::uint32_t i = 0; i < 2; ++i)
    if (const auto key = *secret_key::from(hash("st/test-farmer", {be(i)}));
        key.public_part() == b.head.space.farmer)
      b.head.seal = key.sign(id.value);
  CHECK(refusal(regtest(), real_parent(), b) == errc::bad_signature);
}

TEST_CASE("R8: k or strength of other plots is bad_plot_parameters") {
  CHECK(refusal_after([](header& h) {
          h.space.k = 20;
          h.space.proof.resize(320);
        })
        == errc::bad_plot_parameters);
  CHECK(refusal_after([](header& h) {
          h.space.k = 0;
          h.space.proof.clear();
        })
        == errc::bad_plot_parameters);
  CHECK(refusal_after([](header& h) { h.space.strength = 3; })
        == errc::bad_plot_parameters);
}

TEST_CASE("R8: a payee of zero is bad_payee") {
  CHECK(refusal_after([](header& h) { h.payee = {}; }) == errc::bad_payee);
}

TEST_CASE("R8: a plot with a payout pays nobody else") {
  block_options o;
  o.plot = 1;
  const auto bound = regtest().next(real_parent(), o);
  CHECK(bound.head().payee == regtest().payout_of(1));
  CHECK(verdict(regtest(), real_parent(), bound.raw));
  const auto theft = resealed(regtest(), bound, [](header& h) {
    h.payee = {hash("st/test-thief", {})};
  });
  CHECK(refusal(regtest(), real_parent(), theft) == errc::bad_payee);
  const auto none = resealed(regtest(), bound, [](header& h) { h.payee = {}; });
  CHECK(refusal(regtest(), real_parent(), none) == errc::bad_payee);
}

TEST_CASE("R8: a plot without a payout pays whom its block says") {
  block_options o;
  o.plot = 0;
  for (std::uint8_t i = 0; i < 3; ++i) {
    o.payee = account_id{hash("st/test-payee", {be(i)})};
    const auto b = regtest().next(real_parent(), o);
    CHECK(b.head().payee == *o.payee);
    CHECK(verdict(regtest(), real_parent(), b.raw));
  }
}

TEST_CASE("R8: a plot outside of the epoch's filter is plot_filtered") {
  chain_maker maker{network_with("regtest", {{"filter_bits", 1}}), 1, 2};
  auto parent = maker.genesis();
  for (int i = 0; i < 3; ++i) {
    block_options o;
    o.filtered = true;
    const auto bad = maker.next(parent, o);
    CHECK(refusal(maker, parent, bad.raw) == errc::plot_filtered);
    const auto good = maker.next(parent);
    CHECK(verdict(maker, parent, good.raw));
    parent = good;
  }
}

TEST_CASE("R9: a changed proof is bad_proof_of_space") {
  const auto size = real_block().head().space.proof.size();
  for (std::size_t at = 0; at < size; at += 7)
    CHECK(refusal_after([&](header& h) { h.space.proof[at] ^= 0x10; })
          == errc::bad_proof_of_space);
}

TEST_CASE("R9: a proof of another epoch or another plot is no proof") {
  // The same plot's ticket of an earlier epoch.
  const auto& now = real_block().head().space;
  const auto old = std::ranges::find_if(real_chain(), [&](const auto& b) {
    return b.head().space.farmer == now.farmer && b.id() != real_block().id();
  });
  REQUIRE(old != real_chain().end());
  CHECK(refusal_after([&](header& h) {
          h.space = old->head().space;
          h.payee = old->head().payee;
        })
        == errc::bad_proof_of_space);
  CHECK(refusal_after([](header& h) { h.space.seed[0] ^= 1; })
        == errc::bad_proof_of_space);
}

TEST_CASE("R9: a ticket that does not win is score_above_target") {
  block_options o;
  o.above_target = true;
  const auto lost = regtest().next(real_parent(), o);
  CHECK(lost.context.score >= lost.head().target);
  CHECK(refusal(regtest(), real_parent(), lost.raw)
        == errc::score_above_target);
}

TEST_CASE("R9: simulated space has no proof bytes, and only on its network") {
  chain_maker sim{network_with("sim"), 3};
  const auto b = sim.next(sim.genesis());
  const auto with_k = resealed(sim, b, [](header& h) {
    h.space.k = 1;
    h.space.proof.resize(16);
  });
  CHECK(refusal(sim, sim.genesis(), with_k) == errc::bad_plot_parameters);
  block_options o;
  o.above_target = true;
  const auto lost = sim.next(sim.genesis(), o);
  CHECK(refusal(sim, sim.genesis(), lost.raw) == errc::score_above_target);
}
