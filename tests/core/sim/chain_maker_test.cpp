#include "core/sim/chain_maker.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::sim;

namespace {
/// The ids of `n` blocks above genesis, with one ledger that moves on.
std::vector<block_id> grown(chain_maker& m, std::size_t n, bool forget) {
  auto at = m.genesis().context;
  auto ledger = m.genesis().ledger;
  std::vector<block_id> out;
  for (std::size_t i = 0; i < n; ++i) {
    const auto b = m.extend(at, ledger);
    REQUIRE(b);
    CHECK(b->valid);
    CHECK(ledger.state_root() == b->head().state_root);
    at = b->context;
    if (forget) m.forget_before(at.era.number);
    out.push_back(at.id);
  }
  return out;
}

std::vector<block_id> ids_of(const std::vector<made_block>& blocks) {
  std::vector<block_id> out;
  for (const auto& b : blocks) out.push_back(b.id());
  return out;
}
} // namespace

TEST_CASE("a chain grown with one ledger is the chain of single blocks") {
  for (const auto* network : {"sim", "regtest"}) {
    CAPTURE(network);
    chain_maker a{network_with(network), 4, 2}, b{network_with(network), 4, 2};
    CHECK(grown(a, 30, false) == ids_of(b.chain(b.genesis(), 30)));
  }
}

TEST_CASE("eras that were forgotten are squared again, to the same blocks") {
  chain_maker a{network_with("regtest"), 4, 2},
      b{network_with("regtest"), 4, 2};
  const auto first = grown(a, 20, true);
  CHECK(first == grown(a, 20, true)); // from genesis again
  CHECK(first == grown(b, 20, false));
}

TEST_CASE("another salt makes other plots, another seed other payees") {
  const auto spec = network_with("sim");
  const auto salt = be(std::uint64_t{9});
  chain_maker plain{spec, 1}, seeded{spec, 2},
      salted{spec, 1, example_plots(spec, 3, salt)};
  const auto b = plain.next(plain.genesis());
  CHECK(seeded.next(seeded.genesis()).head().space == b.head().space);
  CHECK(seeded.next(seeded.genesis()).id() != b.id());
  CHECK(salted.next(salted.genesis()).head().space != b.head().space);
}

TEST_CASE("a maker that is stopped makes no block and leaves the ledger") {
  chain_maker m{network_with("sim"), 1};
  auto ledger = m.genesis().ledger;
  const auto root = ledger.state_root();
  std::vector<std::uint64_t> asked;
  block_options o;
  o.skip = 5;
  o.stop = [&](timestamp t) {
    asked.push_back(t.value);
    return asked.size() == 4;
  };
  CHECK_FALSE(m.extend(m.genesis().context, ledger, o));
  CHECK(ledger.state_root() == root);
  const auto start = m.genesis().context.facts.time.value;
  CHECK(asked
        == std::vector{start + 10'000, start + 20'000, start + 30'000,
                       start + 40'000});
}

TEST_CASE("a farm without a winner is searched until it is stopped") {
  chain_maker m{network_with("sim"), 1, std::vector<farm_plot>{}};
  auto ledger = m.genesis().ledger;
  int asked = 0;
  block_options o;
  o.stop = [&](timestamp) { return ++asked == 1000; };
  CHECK_FALSE(m.extend(m.genesis().context, ledger, o));
}
