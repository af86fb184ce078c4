#include "actors/mempool/seal_pool.hpp"
#include "core/codec/tx.hpp"
#include "core/mempool/saved.hpp"
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
  static tx_list_msg list_of(const std::vector<tx>& txs) {
    return tx_list_msg::build([&](schema::TxList::Builder out) {
      auto raws = out.initRaws(static_cast<unsigned>(txs.size()));
      for (unsigned i = 0; i < raws.size(); ++i)
        raws.set(i, blob(codec::encode(txs[i])));
    });
  }
  static std::vector<std::optional<errc>> codes(const tx_verdicts_msg& m) {
    std::vector<std::optional<errc>> out;
    const auto all = open(m);
    REQUIRE(all);
    for (const auto& v : *all)
      out.push_back(v ? std::optional<errc>{} : v.error().code);
    return out;
  }
  std::vector<std::optional<errc>> offer(const std::vector<tx>& txs) {
    auto m = ask<tx_verdicts_msg>(pool, list_of(txs));
    REQUIRE(m);
    return codes(*m);
  }
  answer<tx_fate_msg> wait(const tx& t, std::uint64_t ms = 30'000) {
    return request<tx_fate_msg>(pool, atom::wait_v, id_message(t.id.value), ms);
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
  CHECK(state.lists.seen.size() == 1); // for payer and payee
}

TEST_CASE_FIXTURE(with_mempool,
                  "a second copy is a duplicate and asks nobody") {
  REQUIRE(offer(sim_payment(0)));
  const auto asked = state.lists.seen.size();
  CHECK(offer(sim_payment(0)).error() == errc::duplicate);
  CHECK(state.lists.seen.size() == asked);
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
  CHECK(ask<std::uint32_t>(pool, cut).error() == errc::bad_tx_size);
  CHECK(fact("txs") == "0");
}

TEST_CASE_FIXTURE(with_mempool, "a forged seal is refused before anybody is "
                                "asked") {
  auto t = sim_payment(0);
  t.seal.value[5] ^= 1;
  CHECK(offer(t).error() == errc::bad_signature);
  CHECK(state.lists.seen.empty());
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
  state.lists.refuse = caf::make_error(errc::unavailable);
  CHECK(offer(sim_payment(0)).error() == errc::unavailable);
  state.lists.refuse.reset();
  CHECK(offer(sim_payment(0)) == 1u);
}

TEST_CASE_FIXTURE(with_mempool, "a state that never answers is timed_out after "
                                "10 s") {
  state.lists.hold = true;
  const auto a = request<std::uint32_t>(pool, message_of(sim_payment(0)));
  advance(9s);
  CHECK_FALSE(*a);
  advance(2s);
  REQUIRE(*a);
  CHECK(opened(a).error() == errc::timed_out);
}

TEST_CASE_FIXTURE(with_mempool, "20,000 may be on their way; the next is busy, "
                                "and all are answered") {
  state.lists.hold = true;
  std::vector<answer<tx_verdicts_msg>> all;
  const auto many = list_of(std::vector<tx>(500, sim_payment(0)));
  for (int i = 0; i < 40; ++i)
    all.push_back(request<tx_verdicts_msg>(pool, many));
  CHECK(offer(sim_payment(0)).error() == errc::busy);
  CHECK(ask<tx_verdicts_msg>(pool, many).error() == errc::busy);
  CHECK(fact("checking") == "20000");
  advance(11s);
  for (const auto& a : all) CHECK(*a);
  state.lists.hold = false;
  CHECK(offer(sim_payment(0)) == 1u);
}

TEST_CASE_FIXTURE(with_mempool, "an offer of many has a verdict for each, in "
                                "order, and asks for accounts once") {
  auto forged = sim_payment(1);
  forged.seal.value[9] ^= 1;
  const auto verdicts =
      offer({sim_payment(0), forged, sim_payment(1), sim_payment(0, 9'000),
             sim_payment(2), sim_payment(64)});
  const std::vector<std::optional<errc>> expected{
      {}, errc::bad_signature, {}, errc::pool_full, {}, errc::nonce_too_high};
  CHECK(verdicts == expected);
  CHECK(state.lists.seen.size() == 1);
  CHECK(fact("txs") == "3");
  CHECK(fact("added") == "3");
  CHECK(fact("refused") == "3");
  CHECK(offer(std::vector<tx>{}).empty());
}

TEST_CASE_FIXTURE(with_mempool, "more than 500 at once is too_large, garbage "
                                "malformed, and neither stays in the queue") {
  const auto many = list_of(std::vector<tx>(501, sim_payment(0)));
  CHECK(ask<tx_verdicts_msg>(pool, many).error() == errc::too_large);
  CHECK(ask<tx_verdicts_msg>(pool, tx_list_msg{}).error() == errc::malformed);
  const auto odd = tx_list_msg::build([](schema::TxList::Builder out) {
    auto raws = out.initRaws(3);
    raws.init(1, 7);
    raws.set(2, blob(codec::encode(sim_payment(0))));
  });
  auto m = ask<tx_verdicts_msg>(pool, odd);
  REQUIRE(m);
  const auto verdicts = codes(*m);
  REQUIRE(verdicts.size() == 3);
  CHECK(verdicts[0] == errc::bad_tx_size);
  CHECK(verdicts[1] == errc::bad_tx_size);
  CHECK_FALSE(verdicts[2]);
  CHECK(fact("checking") == "0");
}

TEST_CASE_FIXTURE(with_mempool, "each refusal has a code or a detail of its "
                                "own") {
  struct refusal {
    tx t;
    errc code;
    const char* detail;
  };
  const auto key = *public_test_key("sim", 0);
  const auto network = chain.rules->spec.network();
  const auto changed = [&](auto&& change) {
    auto t = sim_payment(0);
    change(t);
    t.id = codec::id_of(network, t);
    t.seal = key.sign(t.id.value);
    return t;
  };
  state.nonce = 3;
  state.balance = 1'000'000;
  auto abroad = sim_payment(3);
  abroad.seal = key.sign(codec::id_of({some_id(1)}, abroad).value);
  const refusal all[] = {
      {abroad, errc::bad_signature, "transaction"},
      {changed([](tx& t) { t.nonce = 2; }), errc::nonce_too_low,
       "the next is 3"},
      {changed([](tx& t) { t.nonce = 67; }), errc::nonce_too_high,
       "only 64 may wait, from 3 on"},
      {changed([](tx& t) { t.fee.value = 158; }), errc::fee_below_minimum, ""},
      {changed([](tx& t) { t.nonce = 3, t.value.value = ~std::uint64_t{0}; }),
       errc::amount_overflow, "amount + fee"},
      {changed([](tx& t) { t.nonce = 3, t.value.value = 1'000'000; }),
       errc::insufficient_balance, ""},
      {changed([](tx& t) { t.value.value = 0; }), errc::zero_amount, ""},
      {changed([&](tx& t) { t.recipient = sim_payer(); }), errc::self_payment,
       ""},
  };
  for (const auto& r : all) {
    const auto got = offer(r.t);
    REQUIRE_FALSE(got);
    CAPTURE(to_string(got.error()));
    CHECK(got.error() == r.code);
    CHECK(got.error().detail == r.detail);
  }
  // Versions, types and lengths that the codec refuses.
  const auto raw = codec::encode(sim_payment(3));
  const auto with = [&](auto&& change) {
    auto bytes = raw;
    change(bytes);
    return ask<std::uint32_t>(pool, tx_msg::build([&](schema::Tx::Builder out) {
                                out.setRaw(blob(bytes));
                              }))
        .error();
  };
  CHECK(with([](bytes& b) { b[0] = 2; }) == errc::bad_tx_version);
  CHECK(with([](bytes& b) { b[1] = 2; }) == errc::bad_tx_format);
  CHECK(with([](bytes& b) { b.push_back(0); }) == errc::bad_tx_size);
  CHECK(with([](bytes& b) { b.pop_back(); }) == errc::bad_tx_size);
  CHECK(fact("txs") == "0");
}

TEST_CASE_FIXTURE(with_mempool, "a signature that was verified is known to the "
                                "validator, and not verified again") {
  const auto t = sim_payment(0);
  REQUIRE(from.signatures);
  CHECK_FALSE(from.signatures->knows(t));
  state.balance = 1;
  CHECK(offer(t).error() == errc::insufficient_balance);
  CHECK(from.signatures->knows(t));
}

TEST_CASE_FIXTURE(with_mempool, "a block takes its payments along, and those "
                                "that can no longer follow") {
  for (std::uint64_t n = 0; n < 4; ++n) REQUIRE(offer(sim_payment(n)));
  const auto b = chain.next(chain.genesis.context,
                            {.txs = {sim_payment(0), sim_payment(1)}});
  state.nonce = 2;
  tell(tip_event(b.context, {b.raw}));
  CHECK(best() == std::vector<tx>{sim_payment(2), sim_payment(3)});
  // The other chain's payment of nonce 2 makes ours impossible.
  const auto c = chain.next(b.context, {.txs = {sim_payment(2, 20'000)}});
  state.nonce = 3;
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
    const auto key = some_key(1000 + n);
    t.sender = key.public_part();
    t.id = codec::id_of(chain.rules->spec.network(), t);
    t.seal = key.sign(t.id.value);
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

namespace {
schema::TxFate::What what(const answer<tx_fate_msg>& a) {
  auto out = schema::TxFate::What::INVALID;
  const auto m = deterministic::opened(a);
  REQUIRE(m);
  REQUIRE_FALSE(
      m->try_read([&](schema::TxFate::Reader in) { out = in.getWhat(); }));
  return out;
}
} // namespace

TEST_CASE_FIXTURE(with_mempool, "whoever waits for a payment hears which block "
                                "took it, also afterwards") {
  REQUIRE(offer(sim_payment(0)));
  const auto waits = wait(sim_payment(0));
  CHECK_FALSE(*waits);
  const auto b = chain.next(chain.genesis.context, {.txs = {sim_payment(0)}});
  state.nonce = 1;
  tell(tip_event(b.context, {b.raw}));
  for (const auto& a : {waits, wait(sim_payment(0))}) {
    CHECK(what(a) == schema::TxFate::What::CONFIRMED);
    REQUIRE_FALSE((**a)->try_read([&](schema::TxFate::Reader in) {
      bool ok = true;
      CHECK(fixed<32>(in.getBlock(), ok) == b.context.id.value);
      CHECK(in.getHeight() == 1);
    }));
  }
  // When the block leaves the chain, it waits again.
  const auto other = chain.next(chain.genesis.context, {.farmer = 2});
  state.nonce = 0;
  tell(tip_event(other.context, {other.raw}, {b.raw}));
  CHECK_FALSE(*wait(sim_payment(0)));
}

TEST_CASE_FIXTURE(with_mempool, "whoever waits hears of a replacement; an "
                                "unknown id is not_found; 64 may wait") {
  REQUIRE(offer(sim_payment(0)));
  const auto waits = wait(sim_payment(0));
  REQUIRE(offer(sim_payment(0, 20'000)));
  CHECK(what(waits) == schema::TxFate::What::REPLACED);
  CHECK(opened(wait(sim_payment(9))).error() == errc::not_found);
  for (int i = 0; i < 64; ++i)
    CHECK_FALSE(*wait(sim_payment(0, 20'000), 5'000));
  CHECK(opened(wait(sim_payment(0, 20'000))).error() == errc::busy);
  advance(6s); // those have given up
  CHECK_FALSE(*wait(sim_payment(0, 20'000)));
}

TEST_CASE_FIXTURE(with_mempool, "after a block a sender's balance is asked for "
                                "again, and what it cannot pay goes") {
  for (std::uint64_t n = 0; n < 4; ++n) REQUIRE(offer(sim_payment(n)));
  const auto b = chain.next(chain.genesis.context, {.txs = {sim_payment(0)}});
  state.nonce = 1;
  state.balance = 2 * 10'005;
  tell(tip_event(b.context, {b.raw}));
  CHECK(best() == std::vector<tx>{sim_payment(1), sim_payment(2)});
}

TEST_CASE_FIXTURE(with_mempool, "after a reorganisation every sender is looked "
                                "at again") {
  for (std::uint64_t n = 0; n < 3; ++n) REQUIRE(offer(sim_payment(n)));
  const auto b = chain.next(chain.genesis.context);
  tell(tip_event(b.context, {b.raw}));
  CHECK(best().size() == 3);
  state.balance = 10'005; // a reward that paid for them was of the lost block
  const auto other = chain.next(chain.genesis.context, {.farmer = 2});
  tell(tip_event(other.context, {other.raw}, {b.raw}));
  CHECK(best() == std::vector<tx>{sim_payment(0)});
}

TEST_CASE_FIXTURE(with_mempool, "an account's outlook, the page, the counters "
                                "and the fee tell the same pool") {
  REQUIRE(offer(sim_payment(0, 10'000)));
  REQUIRE(offer(sim_payment(1, 20'000)));
  REQUIRE(offer(sim_payment(3, 30'000)));
  auto left =
      ask<account_msg>(pool, atom::account_v, id_message(sim_payer().value),
                       std::uint64_t{0}, std::uint64_t{100'000});
  REQUIRE(left);
  REQUIRE_FALSE(left->try_read([](schema::Account::Reader in) {
    CHECK(in.getNonce() == 2);
    CHECK(in.getBalance() == 100'000 - 60'015);
  }));
  auto page = ask<pool_page_msg>(
      pool, atom::list_v,
      pool_query_msg::build([](auto out) { out.setLimit(2); }));
  REQUIRE(page);
  REQUIRE_FALSE(page->try_read([&](schema::PoolPage::Reader in) {
    REQUIRE(in.getEntries().size() == 2);
    CHECK(in.getEntries()[0].getFuture());
    CHECK_FALSE(in.getEntries()[1].getFuture());
    CHECK(in.getEntries()[1].getSince() == options->now().value);
  }));
  auto stats = ask<pool_stats_msg>(pool, atom::stats_v);
  REQUIRE(stats);
  REQUIRE_FALSE(stats->try_read([](schema::PoolStats::Reader in) {
    CHECK(in.getTxs() == 3);
    CHECK(in.getBytes() == 3 * 159);
    CHECK(in.getFuture() == 1);
    CHECK(in.getSenders() == 1);
    CHECK(in.getMinRate() == 1000);
    CHECK(in.getRates().size() == 3);
  }));
  CHECK(ask<std::uint64_t>(pool, atom::fee_v, std::uint64_t{1 << 20}) == 1000u);
  const auto first = ask<std::uint64_t>(pool, atom::fee_v, std::uint64_t{1});
  REQUIRE(first);
  CHECK(*first > 30'000 * 1000 / 159);
}

namespace {
struct with_file : with_mempool {
  with_file() {
    options->mempool_file = *home / "mempool.dat";
    options->mempool_expiry = 24h;
    restart();
  }
  void stop() {
    caf::anon_send_exit(pool, caf::exit_reason::user_shutdown);
    run();
  }
  void restart() {
    pool = keep(spawn_mempool(sys, from));
    run();
  }
  bool exists(const char* name) { return std::filesystem::exists(home / name); }
};
} // namespace

TEST_CASE_FIXTURE(with_file, "what waits is there again after a stop, with its "
                             "age, by the ordinary door") {
  for (std::uint64_t n = 0; n < 40; ++n) REQUIRE(offer(sim_payment(n)));
  stop();
  CHECK(exists("mempool.dat"));
  clock_offset += 3'600'000;
  state.nonce = 2;
  restart();
  CHECK(fact("txs") == "38");
  CHECK(best().front() == sim_payment(2));
  clock_offset += 23 * 3'600'000 + 1;
  tell(state.tip);
  CHECK(fact("txs") == "0");
}

TEST_CASE_FIXTURE(with_file, "what waits is written every minute, if it has "
                             "changed, and read after a crash") {
  REQUIRE(offer(sim_payment(0)));
  advance(50s);
  CHECK_FALSE(exists("mempool.dat"));
  advance(20s);
  REQUIRE(exists("mempool.dat"));
  std::filesystem::remove(home / "mempool.dat");
  advance(120s);
  CHECK_FALSE(exists("mempool.dat"));
  REQUIRE(offer(sim_payment(1)));
  advance(61s);
  REQUIRE(exists("mempool.dat"));
  caf::anon_send_exit(pool, caf::exit_reason::kill);
  run();
  restart();
  CHECK(fact("txs") == "2");
}

TEST_CASE_FIXTURE(with_file,
                  "a damaged file is set aside, and the mempool goes "
                  "on without") {
  for (std::uint64_t n = 0; n < 3; ++n) REQUIRE(offer(sim_payment(n)));
  stop();
  auto raw = read_whole(home / "mempool.dat");
  raw[raw.size() / 2] ^= 1;
  write_whole(home / "mempool.dat", raw);
  restart();
  CHECK(fact("txs") == "0");
  CHECK_FALSE(exists("mempool.dat"));
  CHECK(read_whole(home / "mempool.dat.bad") == raw);
  REQUIRE(offer(sim_payment(0)));
  stop();
  restart();
  CHECK(fact("txs") == "1");
}

TEST_CASE_FIXTURE(with_file, "a saved payment that is forged or spent does not "
                             "come back") {
  REQUIRE(offer(sim_payment(0)));
  REQUIRE(offer(sim_payment(1)));
  stop();
  auto forged = sim_payment(2);
  forged.seal.value[0] ^= 1;
  mempool::saved_writer w{chain.rules->spec.network()};
  for (const auto& t : {sim_payment(0), sim_payment(1), forged})
    w.add(t, options->now());
  auto raw = std::move(w).take();
  mempool::seal(raw, 3);
  write_whole(home / "mempool.dat", raw);
  state.nonce = 1;
  restart();
  CHECK(best() == std::vector<tx>{sim_payment(1)});
  CHECK(fact("refused") == "2");
}

TEST_CASE_FIXTURE(with_file,
                  "while state is away nothing of the file is lost") {
  for (std::uint64_t n = 0; n < 3; ++n) REQUIRE(offer(sim_payment(n)));
  stop();
  state.lists.refuse = caf::make_error(errc::unavailable);
  restart();
  CHECK(fact("txs") == "0");
  stop(); // and not by a stop meanwhile
  restart();
  advance(10s);
  CHECK(fact("txs") == "0");
  state.lists.refuse.reset();
  advance(10s);
  CHECK(fact("txs") == "3");
}
