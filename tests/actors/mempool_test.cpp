#include "core/codec/tx.hpp"
#include "tests/actors/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::test;

namespace {
struct with_mempool : actor_fixture {
  with_mempool() {
    options->mempool_expiry = 1h;
    state.balance = 1'000'000'000;
    state.tip = tip_event(chain.genesis.context);
    from.actors.state = fake_state(*this, state);
    pool = keep(spawn_mempool(sys, from));
    run();
  }

  result<std::uint32_t> offer(const tx& t) {
    return ask<std::uint32_t>(pool, message_of(t));
  }
  std::vector<tx> best(std::uint32_t bytes = 100'000,
                       std::uint32_t count = 100) {
    std::vector<tx> out;
    auto m = ask<tx_list_msg>(pool, atom::best_v, bytes, count);
    REQUIRE(m);
    REQUIRE_FALSE(m->try_read([&](schema::TxList::Reader in) {
      for (auto raw : in.getRaws())
        out.push_back(
            *codec::decode_tx(chain.rules->spec.network(), view(raw)));
    }));
    return out;
  }
  std::string fact(const char* key) {
    auto m = ask<status_msg>(pool, atom::status_v);
    REQUIRE(m);
    return entry(*m, key);
  }
  void tell(const tip_change_msg& m) {
    caf::anon_send(pool, m);
    run();
  }

  state_script state;
  mempool_actor pool;
};
} // namespace

TEST_CASE_FIXTURE(with_mempool, "a payment waits, is found by its id and "
                                "comes with the best") {
  const auto t = sim_payment(0);
  CHECK(offer(t) == 1u);
  auto found = ask<tx_msg>(pool, atom::find_v, id_message(t.id.value));
  REQUIRE(found);
  REQUIRE_FALSE(found->try_read([&](schema::Tx::Reader in) {
    CHECK(codec::decode_tx(chain.rules->spec.network(), view(in.getRaw()))
          == t);
  }));
  CHECK(best() == std::vector<tx>{t});
  CHECK(state.accounts.seen.size() == 2); // of the payer and of the payee
}

TEST_CASE_FIXTURE(with_mempool,
                  "a second copy is a duplicate and asks nobody") {
  REQUIRE(offer(sim_payment(0)));
  const auto asked = state.accounts.seen.size();
  CHECK(offer(sim_payment(0)).error() == errc::duplicate);
  CHECK(state.accounts.seen.size() == asked);
}

TEST_CASE_FIXTURE(with_mempool, "an unknown id is not_found, a damaged one "
                                "malformed") {
  CHECK(ask<tx_msg>(pool, atom::find_v, id_message(some_id(1))).error()
        == errc::not_found);
  CHECK(ask<tx_msg>(pool, atom::find_v, id_msg{}).error() == errc::malformed);
  CHECK(ask<std::uint32_t>(pool, tx_msg{}).error() == errc::malformed);
  const auto cut = tx_msg::build([](schema::Tx::Builder out) {
    out.setRaw(blob(byte_view{codec::encode(sim_payment(0))}.first(100)));
  });
  CHECK(ask<std::uint32_t>(pool, cut).error() == errc::malformed);
  CHECK(fact("txs") == "0");
}

TEST_CASE_FIXTURE(with_mempool, "a forged seal is refused before anybody is "
                                "asked") {
  auto t = sim_payment(0);
  t.seal.value[5] ^= 1;
  CHECK(offer(t).error() == errc::bad_signature);
  CHECK(state.accounts.seen.empty());
  CHECK(fact("refused") == "1");
}

TEST_CASE_FIXTURE(with_mempool, "what the account cannot pay is refused with "
                                "the ledger's code") {
  state.balance = 10'004;
  CHECK(offer(sim_payment(0)).error() == errc::insufficient_balance);
  state.balance = 10'005;
  state.nonce = 1;
  CHECK(offer(sim_payment(0)).error() == errc::nonce_too_low);
  CHECK(fact("refused") == "2");
}

TEST_CASE_FIXTURE(with_mempool, "a state that is away is an answer, and the "
                                "same payment works later") {
  state.accounts.refuse = caf::make_error(errc::unavailable);
  CHECK(offer(sim_payment(0)).error() == errc::unavailable);
  state.accounts.refuse.reset();
  CHECK(offer(sim_payment(0)) == 1u);
}

TEST_CASE_FIXTURE(with_mempool, "a state that never answers is timed_out after "
                                "10 s") {
  state.accounts.hold = true;
  const auto a = request<std::uint32_t>(pool, message_of(sim_payment(0)));
  advance(9s);
  CHECK_FALSE(*a);
  advance(2s);
  REQUIRE(*a);
  CHECK(opened(a).error() == errc::timed_out);
}

TEST_CASE_FIXTURE(with_mempool, "1000 offers may wait for an account; the next "
                                "is busy, and all are answered") {
  state.accounts.hold = true;
  std::vector<answer<std::uint32_t>> all;
  const auto one = message_of(sim_payment(0));
  for (int i = 0; i < 1000; ++i)
    all.push_back(request<std::uint32_t>(pool, one));
  CHECK(ask<std::uint32_t>(pool, one).error() == errc::busy);
  advance(11s);
  for (const auto& a : all) CHECK(*a);
  state.accounts.hold = false;
  CHECK(offer(sim_payment(0)) == 1u);
}

TEST_CASE_FIXTURE(with_mempool, "a block takes its payments along, and those "
                                "that can no longer follow") {
  for (std::uint64_t n = 0; n < 4; ++n) REQUIRE(offer(sim_payment(n)));
  const auto b = chain.next(chain.genesis.context,
                            {.txs = {sim_payment(0), sim_payment(1)}});
  tell(tip_event(b.context, {b.raw}));
  CHECK(best() == std::vector<tx>{sim_payment(2), sim_payment(3)});
  // The other chain's payment of nonce 2 makes ours impossible.
  const auto c = chain.next(b.context, {.txs = {sim_payment(2, 20'000)}});
  tell(tip_event(c.context, {c.raw}));
  CHECK(best() == std::vector<tx>{sim_payment(3)});
}

TEST_CASE_FIXTURE(with_mempool, "payments of blocks that left the chain wait "
                                "again, in the order of their nonces") {
  // More than the pool takes ahead of an account's nonce.
  std::vector<tx> low, high;
  for (std::uint64_t n = 0; n < 20; ++n) low.push_back(sim_payment(n));
  for (std::uint64_t n = 20; n < 40; ++n) high.push_back(sim_payment(n));
  const auto one = chain.next(chain.genesis.context, {.txs = low});
  const auto two = chain.next(one.context, {.txs = high});
  tell(tip_event(two.context, {one.raw, two.raw}));
  const auto other = chain.next(chain.genesis.context, {.farmer = 2});
  tell(tip_event(other.context, {other.raw}, {two.raw, one.raw}));
  CHECK(best().size() == 40);
  CHECK(best().front() == low.front());
}

TEST_CASE_FIXTURE(with_mempool,
                  "all of a large block that left the chain wait again, also "
                  "those beyond the queue for accounts") {
  auto large = chain.next(chain.genesis.context);
  for (std::uint64_t n = 0; n < 1500; ++n) {
    auto t = sim_payment(0);
    t.sender.value = hash("test/sender", {be(n)});
    t.id = codec::id_of(chain.rules->spec.network(), t);
    large.value.txs.push_back(t);
  }
  large.raw = codec::encode(large.value);
  tell(tip_event(chain.genesis.context, {}, {large.raw}));
  CHECK(fact("txs") == "1500");
}

TEST_CASE_FIXTURE(with_mempool, "a payment that waits too long goes with the "
                                "next tip") {
  REQUIRE(offer(sim_payment(0)));
  clock_offset += 3'599'000;
  tell(state.tip);
  CHECK(fact("txs") == "1");
  clock_offset += 2'000;
  tell(state.tip);
  CHECK(fact("txs") == "0");
}

TEST_CASE_FIXTURE(with_mempool, "a damaged tip event changes nothing") {
  REQUIRE(offer(sim_payment(0)));
  tell(tip_change_msg{});
  tell(tip_change_msg::build([](schema::TipChange::Builder out) {
    out.initTip(3);
    out.initConnected(1).init(0, 7);
    out.initDisconnected(1).init(0, 7);
  }));
  CHECK(best().size() == 1);
}
