#include "core/sim/chain_maker.hpp"
#include "core/sim/traffic.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::sim;

namespace {
/// Tips of chains full of payments.
struct busy_chain {
  chain_maker maker{network_with("sim", {{"maturity", 4}}), 1};
  consensus::chain_context at = maker.genesis().context;
  state::ledger ledger = maker.genesis().ledger;
  std::size_t paid = 0;

  void grow(traffic& t, int blocks) {
    for (int i = 0; i < blocks; ++i) {
      block_options o;
      o.txs = t.next(maker.rules().fixed(), ledger);
      paid += o.txs.size();
      const auto b = maker.extend(at, ledger, o);
      REQUIRE(b);
      REQUIRE(b->valid);
      at = b->context;
    }
  }
};

traffic opened(const chain_spec& spec, std::uint64_t seed,
               std::uint32_t accounts, std::uint32_t per_block) {
  auto out = traffic::open(spec, seed, accounts, per_block);
  REQUIRE(out);
  return std::move(*out);
}
} // namespace

TEST_CASE("every payment of the traffic is valid, and all accounts are paid") {
  busy_chain c;
  auto t = opened(c.maker.rules().spec, 7, 50, 20);
  c.grow(t, 40);
  CHECK(c.paid == 800);
  // The premine, 50 payers, and who earned a reward.
  CHECK(c.ledger.accounts().size() > 51);
}

TEST_CASE("the same seed pays the same, another pays others") {
  busy_chain a, b, other;
  auto ta = opened(a.maker.rules().spec, 7, 10, 5),
       tb = opened(b.maker.rules().spec, 7, 10, 5),
       to = opened(other.maker.rules().spec, 8, 10, 5);
  a.grow(ta, 20), b.grow(tb, 20), other.grow(to, 20);
  CHECK(a.at.id == b.at.id);
  CHECK(a.at.id != other.at.id);
}

TEST_CASE("a block never has more payments than the network allows") {
  busy_chain c;
  auto t = opened(c.maker.rules().spec, 1, 4, 1'000'000);
  CHECK(t.next(c.maker.rules().fixed(), c.ledger).size()
        <= c.maker.rules().fixed().max_txs);
}

TEST_CASE("nobody can pay where no key of the premine is public") {
  const auto spec = chain_spec::embedded("mainnet");
  CHECK(traffic::open(*spec, 1, 10, 1).error() == errc::not_found);
  CHECK(traffic::open(network_with("sim"), 1, 1, 1).error()
        == errc::bad_config);
}
