// A reorganisation through storage, state, mempool and validator together.

#include "core/codec/context.hpp"
#include "core/codec/tx.hpp"
#include "tests/actors/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::test;

namespace {
struct whole_node : actor_fixture {
  whole_node() {
    open_store();
    clock_offset += 3'600'000; // every block of these tests lies behind us
    from.actors.storage = keep(spawn_storage(sys, from));
    from.actors.state = keep(spawn_state(sys, from));
    from.actors.mempool = keep(spawn_mempool(sys, from));
    validator = keep(spawn_validator(sys, from));
    run();
  }

  void offer(const made_block& b) {
    const auto v = ask<verdict_msg>(validator, message_of(b.raw));
    CAPTURE(v ? "" : to_string(v.error()));
    REQUIRE(v);
    run();
  }
  void pay(const tx& t) {
    REQUIRE(ask<std::uint32_t>(from.actors.mempool, message_of(t)));
  }
  std::vector<tx> waiting() {
    auto m = ask<tx_list_msg>(from.actors.mempool, atom::best_v,
                              std::uint32_t{1} << 20, std::uint32_t{1'000});
    REQUIRE(m);
    std::vector<tx> out;
    REQUIRE_FALSE(m->try_read([&](schema::TxList::Reader in) {
      for (auto raw : in.getRaws())
        out.push_back(
            *codec::decode_tx(chain.rules->spec.network(), view(raw)));
    }));
    return out;
  }
  state::account payer() {
    auto m = ask<account_msg>(from.actors.state, atom::account_v,
                              id_message(sim_payer().value));
    REQUIRE(m);
    state::account out;
    REQUIRE_FALSE(m->try_read([&](schema::Account::Reader in) {
      out.nonce = in.getNonce();
      out.balance.value = in.getBalance();
    }));
    return out;
  }
  void order(bool invalidate, const made_block& b) {
    const auto id = id_message(b.context.id.value);
    REQUIRE(
        (invalidate
             ? ask<verdict_msg>(from.actors.state, atom::invalidate_v, id)
             : ask<verdict_msg>(from.actors.state, atom::reconsider_v, id)));
    run();
  }

  validator_actor validator;
};
} // namespace

TEST_CASE_FIXTURE(whole_node, "a payment of the losing branch alone waits "
                              "again and is mined again; one that is in both "
                              "is not") {
  const auto both = sim_payment(0), lost = sim_payment(1);
  pay(both);
  pay(lost);
  CHECK(waiting().size() == 2);
  const auto losing =
      chain.next(chain.genesis.context, {.epochs = 2, .txs = {both, lost}});
  offer(losing);
  CHECK(waiting().empty());
  CHECK(payer().nonce == 2);
  const auto first =
      chain.next(chain.genesis.context, {.txs = {both}, .farmer = 2});
  offer(first); // of one weight, and in an earlier epoch; or else the next one
  const auto second = chain.next(first.context, {.farmer = 2});
  offer(second);
  CHECK(from.store->tip() == second.context.id);
  CHECK(payer().nonce == 1);
  CHECK(waiting() == std::vector{lost});
  const auto again = chain.next(second.context, {.txs = waiting()});
  offer(again);
  CHECK(from.store->tip() == again.context.id);
  CHECK(payer().nonce == 2);
  CHECK(waiting().empty());
}

TEST_CASE_FIXTURE(whole_node, "payments of invalidated blocks wait again, in "
                              "the order of their nonces, and leave when the "
                              "blocks are back") {
  const auto before = payer();
  auto tip = chain.genesis;
  std::vector<made_block> all;
  std::vector<tx> paid;
  for (std::uint64_t i = 0; i < 4; ++i) {
    paid.push_back(sim_payment(i));
    all.push_back(tip = chain.next(tip.context, {.txs = {paid.back()}}));
    offer(tip);
  }
  order(true, all[1]);
  CHECK(from.store->tip() == all[0].context.id);
  CHECK(payer().nonce == 1);
  CHECK(waiting() == std::vector(paid.begin() + 1, paid.end()));
  order(false, all[3]);
  CHECK(from.store->tip() == all[3].context.id);
  CHECK(payer().nonce == 4);
  CHECK(waiting().empty());
  order(true, all[0]);
  CHECK(payer() == before);
  CHECK(waiting() == paid);
}
