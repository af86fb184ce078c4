#include "core/codec/block.hpp"
#include "core/tx/rules.hpp"
#include "tests/core/mempool/bank.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::mempool;
using namespace spacetime::test;

namespace {
constexpr std::uint64_t rich = 1'000'000;
constexpr std::size_t plenty = 1u << 20;

/// Names 1 to 9 own `rich` motes each.
struct nine_rich : bank {
  mempool::pool pool{limits{}};
  nine_rich() {
    for (std::uint8_t n = 1; n <= 9; ++n) of(n).balance.value = rich;
  }
  errc refusal(const tx& t) {
    const auto added = pool.add(tip(), t);
    REQUIRE_FALSE(added);
    return added.error().code;
  }
  bool add(const tx& t) { return pool.add(tip(), t).has_value(); }
  std::vector<tx> best(std::size_t max_bytes = plenty,
                       std::size_t max_txs = 1000) {
    return pool.best(max_bytes, max_txs, next);
  }
};

tx pay(std::uint8_t from, std::uint64_t nonce, std::uint64_t fee = 1000,
       std::uint64_t value = 10, std::uint8_t to = 9) {
  return payment(name(from), nonce, account_named(from == to ? 8 : to), value,
                 fee);
}

tx expiring(tx t, std::uint32_t at) {
  t.expiry.value = at;
  t.id = codec::id_of(example_network(), t);
  return t;
}
} // namespace

TEST_CASE_FIXTURE(nine_rich, "an offer that keeps the rules waits") {
  const auto t = pay(1, 0);
  CHECK(add(t));
  CHECK(pool.size() == 1);
  CHECK(pool.bytes() == 159);
  REQUIRE(pool.find(t.id));
  CHECK(*pool.find(t.id) == t);
  CHECK(best() == std::vector{t});
  CHECK_FALSE(pool.find(pay(1, 1).id));
}

TEST_CASE_FIXTURE(nine_rich, "each refusal has its code and changes nothing") {
  of(2).nonce = 5;
  REQUIRE(add(pay(1, 0)));
  REQUIRE(add(pay(1, 1)));
  const std::pair<tx, errc> refusals[] = {
      {pay(1, 0), errc::duplicate},
      {expiring(pay(1, 2), 9), errc::tx_expired},
      {pay(2, 4), errc::nonce_too_low},
      {pay(1, 64), errc::nonce_too_high},
      {pay(1, 2, 158), errc::fee_below_minimum},
      {pay(1, 2, 159 + 255, 10, 77), errc::fee_below_minimum},
      {pay(1, 0, 1158), errc::pool_full},
      {pay(3, 0, 1000, rich - 999), errc::insufficient_balance},
      {pay(1, 2, 1000, rich - 2 * 1010 - 999), errc::insufficient_balance},
      {pay(77, 0), errc::insufficient_balance},
      {pay(3, 0, 1000, ~std::uint64_t{0}), errc::amount_overflow},
      {pay(2, ~std::uint64_t{0}), errc::amount_overflow},
  };
  const auto before = best();
  for (const auto& [t, code] : refusals) {
    CAPTURE(name_of(code));
    CHECK(refusal(t) == code);
    CHECK(best() == before);
    CHECK(pool.bytes() == 2 * 159);
  }
}

TEST_CASE_FIXTURE(nine_rich, "each limit of an offer may be reached") {
  of(2).nonce = 5;
  CHECK(add(expiring(pay(1, 0), 10)));
  CHECK(add(pay(2, 5)));
  CHECK(add(pay(1, 1 + 16)));
  CHECK(add(pay(1, 1, 159)));
  CHECK(add(pay(3, 0, 159 + 256, 10, 77)));
  CHECK(add(pay(4, 0, 1000, rich - 1000)));
}

TEST_CASE_FIXTURE(nine_rich, "64 of one sender may wait") {
  of(1).nonce = 3;
  for (std::uint64_t n = 0; n < 64; ++n) CHECK(add(pay(1, 3 + n)));
  CHECK(refusal(pay(1, 3 + 64)) == errc::nonce_too_high);
  CHECK(best().size() == 64);
}

TEST_CASE_FIXTURE(nine_rich, "a sender may have 16 above a missing nonce") {
  for (std::uint64_t n = 0; n < 16; ++n) CHECK(add(pay(1, 2 + 2 * n)));
  CHECK(refusal(pay(1, 40)) == errc::nonce_too_high);
  CHECK(pool.future() == 16);
  CHECK(add(pay(1, 4, 2000))); // a replacement is no further one
  CHECK(add(pay(1, 0)));
  CHECK(add(pay(1, 1))); // 2 follows it now
  CHECK(pool.future() == 15);
  CHECK(add(pay(1, 40)));
  CHECK(best().size() == 3);
}

TEST_CASE_FIXTURE(bank, "no more than so many wait above missing nonces of all "
                        "senders together") {
  for (std::uint8_t n = 1; n <= 9; ++n) of(n).balance.value = rich;
  limits few;
  few.max_future_all = 2;
  mempool::pool pool{few};
  REQUIRE(pool.add(tip(), pay(1, 1)));
  REQUIRE(pool.add(tip(), pay(2, 1)));
  const auto refused = pool.add(tip(), pay(3, 1));
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == errc::pool_full);
  CHECK(pool.add(tip(), pay(3, 0)));
  REQUIRE(pool.add(tip(), pay(1, 0)));
  CHECK(pool.add(tip(), pay(4, 1)));
}

TEST_CASE_FIXTURE(nine_rich, "one above a missing nonce goes after 10 minutes, "
                             "counted from when it began to miss it") {
  REQUIRE(add(pay(1, 1)));
  REQUIRE(add(pay(2, 0)));
  REQUIRE(add(expiring(pay(3, 0), 10)));
  REQUIRE(add(pay(3, 1)));
  now.value += 600'000;
  next.value = 11;
  pool.expire(next, now); // 3's first goes, its second lacks it from now on
  CHECK(pool.size() == 3);
  now.value += 1;
  pool.expire(next, now);
  CHECK_FALSE(pool.find(pay(1, 1).id));
  CHECK(pool.find(pay(2, 0).id));
  now.value += 599'999;
  pool.expire(next, now);
  CHECK(pool.find(pay(3, 1).id));
  now.value += 1;
  pool.expire(next, now);
  CHECK_FALSE(pool.find(pay(3, 1).id));
  CHECK(pool.gone(fate::expired) == 3);
}

TEST_CASE_FIXTURE(nine_rich, "a replacement pays 10 % more, rounded up, and "
                             "the minimum for its size more") {
  REQUIRE(add(pay(1, 0, 1001)));
  CHECK(refusal(pay(1, 0, 1001 + 158)) == errc::pool_full);
  CHECK(add(pay(1, 0, 1001 + 159)));
  REQUIRE(add(pay(2, 0, 5001)));
  CHECK(refusal(pay(2, 0, 5501)) == errc::pool_full);
  CHECK(add(pay(2, 0, 5502)));
  CHECK(pool.size() == 2);
  CHECK(best() == std::vector{pay(2, 0, 5502), pay(1, 0, 1160)});
  CHECK(pool.gone(fate::replaced) == 2);
}

TEST_CASE_FIXTURE(nine_rich,
                  "a replacement does not count what it replaces as spent") {
  REQUIRE(add(pay(1, 0, 1000, rich - 1000)));
  CHECK(add(pay(1, 0, 1200, rich - 1200)));
  CHECK(refusal(pay(1, 0, 1400, rich - 1399)) == errc::insufficient_balance);
}

TEST_CASE_FIXTURE(nine_rich, "an id is known once, whatever its seal") {
  auto t = pay(1, 0);
  REQUIRE(add(t));
  t.seal.value[0] = 1;
  CHECK(refusal(t) == errc::duplicate);
}

TEST_CASE_FIXTURE(nine_rich, "the best come first as far as nonces allow") {
  const std::vector<tx> all{pay(1, 0, 2000), pay(1, 1, 9000), pay(2, 0, 3000),
                            pay(2, 1, 500),  pay(3, 0, 1000), pay(4, 1, 9999)};
  for (const auto& t : all) REQUIRE(add(t));
  // 1's second pulls its first along: 5500 each.
  CHECK(best() == std::vector{all[0], all[1], all[2], all[4], all[3]});
  CHECK(best(plenty, 2) == std::vector{all[0], all[1]});
  CHECK(best(plenty, 1) == std::vector{all[2]}); // half a pair pays less
  CHECK(best(plenty, 0).empty());
}

TEST_CASE_FIXTURE(nine_rich, "a template fits the body it was asked for") {
  for (std::uint8_t n = 1; n <= 5; ++n) REQUIRE(add(pay(n, 0)));
  for (std::size_t bytes = 0; bytes < 1000; ++bytes) {
    const auto txs = best(bytes);
    CHECK(txs.size()
          == std::min<std::size_t>(5, bytes < 4 ? 0 : (bytes - 4) / 161));
    if (!txs.empty()) CHECK(codec::body_size(txs) <= bytes);
  }
}

TEST_CASE_FIXTURE(nine_rich, "an expired one blocks its sender's later ones "
                             "until it is dropped or replaced") {
  const auto first = expiring(pay(1, 0), 10);
  const auto second = pay(1, 1);
  REQUIRE(add(first));
  REQUIRE(add(second));
  CHECK(best().size() == 2);
  next.value = 11;
  CHECK(best().empty());
  pool.expire(next, now);
  CHECK(pool.size() == 1);
  CHECK(best().empty());
  REQUIRE(add(pay(1, 0, 1200)));
  CHECK(best().size() == 2);
}

TEST_CASE_FIXTURE(nine_rich, "what is older than a day goes, not before") {
  REQUIRE(add(pay(1, 0)));
  now.value += 86'400'000;
  REQUIRE(add(pay(2, 0)));
  pool.expire(next, now);
  CHECK(pool.size() == 2);
  pool.expire(next, {now.value + 1});
  CHECK(best() == std::vector{pay(2, 0)});
  pool.expire(next, {0}); // a clock that was set back
  CHECK(pool.size() == 1);
}

TEST_CASE_FIXTURE(nine_rich, "a block takes its own, and rivals of its own") {
  const auto mine = pay(1, 0), rival = pay(1, 0, 5000), later = pay(1, 1);
  REQUIRE(add(mine));
  REQUIRE(add(later));
  REQUIRE(add(pay(2, 0)));
  of(1).nonce = 1;
  pool.on_block(std::vector{rival}, view, now);
  CHECK_FALSE(pool.find(mine.id));
  CHECK(pool.find(later.id));
  CHECK(pool.size() == 2);
  CHECK(best().size() == 2);
}

TEST_CASE_FIXTURE(nine_rich, "what a block leaves too poor goes, last first") {
  for (std::uint64_t n = 0; n < 5; ++n) REQUIRE(add(pay(1, n, 1000, 1000)));
  of(1) = {1, {2 * 2000 + 1999}, {}};
  pool.on_block(std::vector{pay(1, 0)}, view, now);
  CHECK(pool.size() == 2);
  CHECK(pool.find(pay(1, 1, 1000, 1000).id));
  CHECK(pool.find(pay(1, 2, 1000, 1000).id));
}

TEST_CASE_FIXTURE(nine_rich, "after a reorg the old ones are added again") {
  const auto first = pay(1, 0), second = pay(1, 1);
  REQUIRE(add(first));
  REQUIRE(add(second));
  of(1).nonce = 1;
  pool.on_block(std::vector{first}, view, now);
  REQUIRE(best() == std::vector{second});
  of(1).nonce = 0;
  pool.refresh(account_named(1), of(1), now);
  CHECK(best().empty());
  REQUIRE(add(first));
  CHECK(best() == std::vector{first, second});
}

TEST_CASE_FIXTURE(bank, "a full pool lets the cheapest last-in-line go") {
  for (std::uint8_t n = 1; n <= 9; ++n) of(n).balance.value = rich;
  limits small;
  small.max_bytes = 4 * 159;
  mempool::pool pool{small};
  REQUIRE(pool.add(tip(), pay(1, 0, 300)));
  REQUIRE(pool.add(tip(), pay(1, 1, 5000)));
  REQUIRE(pool.add(tip(), pay(2, 0, 400)));
  REQUIRE(pool.add(tip(), pay(3, 0, 500)));
  // Cheaper than the cheapest tail, and as cheap.
  for (const auto fee : {399, 400}) {
    const auto refused = pool.add(tip(), pay(4, 0, fee));
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::pool_full);
    CHECK(pool.size() == 4);
  }
  CHECK(pool.floor(now) == 0);
  REQUIRE(pool.add(tip(), pay(4, 0, 450)));
  CHECK_FALSE(pool.find(pay(2, 0, 400).id));
  // 1's first pays least, but its second pulls it along.
  REQUIRE(pool.add(tip(), pay(5, 0, 6000)));
  REQUIRE(pool.add(tip(), pay(6, 0, 6000)));
  CHECK(pool.find(pay(1, 0, 300).id));
  CHECK_FALSE(pool.find(pay(3, 0, 500).id));
  CHECK(pool.bytes() == small.max_bytes);
  // They go together.
  REQUIRE(pool.add(tip(), pay(7, 0, 7000)));
  CHECK_FALSE(pool.find(pay(1, 0, 300).id));
  CHECK_FALSE(pool.find(pay(1, 1, 5000).id));
  CHECK(pool.gone(fate::evicted) == 5);
}

TEST_CASE_FIXTURE(bank, "what was evicted sets the minimum, which halves every "
                        "10 minutes") {
  for (std::uint8_t n = 1; n <= 9; ++n) of(n).balance.value = rich;
  limits small;
  small.max_bytes = 159;
  mempool::pool pool{small};
  REQUIRE(pool.add(tip(), pay(1, 0, 1590)));
  REQUIRE(pool.add(tip(), pay(2, 0, 15'900)));
  CHECK(pool.floor(now) == 11'000); // 10 motes a byte, and one
  of(2).nonce = 1;
  pool.on_block(std::vector{pay(2, 0, 15'900)}, view, now);
  REQUIRE(pool.size() == 0);
  const auto refused = pool.add(tip(), pay(3, 0, 1748));
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == errc::pool_full);
  CHECK(refused.error().detail == "the pool asks for at least 1749 motes");
  now.value += 300'000;
  CHECK(pool.floor(now) == 8'250);
  now.value += 300'000;
  CHECK(pool.floor(now) == 5'500);
  now.value += 600'000;
  CHECK(pool.floor(now) == 2'750);
  CHECK(pool.add(tip(), pay(3, 0, 438))); // 2.75 * 159, rounded up
  now.value += 40 * 600'000;
  CHECK(pool.floor(now) == 0);
}

TEST_CASE_FIXTURE(bank, "one that cannot be mined yet evicts nothing") {
  for (std::uint8_t n = 1; n <= 9; ++n) of(n).balance.value = rich;
  limits small;
  small.max_bytes = 159;
  mempool::pool pool{small};
  REQUIRE(pool.add(tip(), pay(1, 0, 200)));
  const auto refused = pool.add(tip(), pay(2, 1, 90'000));
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == errc::pool_full);
  CHECK(pool.find(pay(1, 0, 200).id));
}

TEST_CASE_FIXTURE(bank, "an expensive last one does not protect cheap ones "
                        "that it cannot pay for") {
  for (std::uint8_t n = 1; n <= 9; ++n) of(n).balance.value = rich;
  limits small;
  small.max_bytes = 10 * 159;
  mempool::pool pool{small};
  for (std::uint64_t n = 0; n < 9; ++n)
    REQUIRE(pool.add(tip(), pay(1, n, 160)));
  REQUIRE(pool.add(tip(), pay(1, 9, 3000))); // 444 each
  const auto refused = pool.add(tip(), pay(2, 0, 444));
  REQUIRE_FALSE(refused);
  CHECK(pool.size() == 10);
  CHECK(pool.add(tip(), pay(2, 0, 445)));
  CHECK(pool.size() == 1);
}

TEST_CASE_FIXTURE(nine_rich, "an account's outlook counts what waits") {
  CHECK(pool.outlook_of(account_named(1), of(1)).nonce == 0);
  REQUIRE(add(pay(1, 0, 1000, 500)));
  REQUIRE(add(pay(1, 1, 1000, 500)));
  REQUIRE(add(pay(1, 3, 1000, 500)));
  auto seen = pool.outlook_of(account_named(1), of(1));
  CHECK(seen.nonce == 2);
  CHECK(seen.balance.value == rich - 4500);
  // The account has gone on and the pool has not heard of it.
  seen = pool.outlook_of(account_named(1), {1, {2000}, {}});
  CHECK(seen.nonce == 2);
  CHECK(seen.balance.value == 0);
}

TEST_CASE_FIXTURE(nine_rich, "the list goes by rate, page by page, each once") {
  std::vector<tx> all;
  for (std::uint8_t n = 1; n <= 8; ++n)
    for (std::uint64_t k = 0; k < 3; ++k) {
      all.push_back(pay(n, k, 1000 + 100 * (n % 4)));
      REQUIRE(add(all.back()));
    }
  for (std::size_t page = 1; page < 30; ++page) {
    std::optional<place> after;
    std::vector<tx> seen;
    for (;;) {
      const auto some = pool.list(after, page);
      if (some.empty()) break;
      for (const auto& e : some) seen.push_back(*e.t);
      after = place{rate_of(*some.back().t), some.back().t->id};
    }
    REQUIRE(seen.size() == all.size());
    for (std::size_t i = 1; i < seen.size(); ++i)
      CHECK(place{rate_of(seen[i - 1]), seen[i - 1].id}
            < place{rate_of(seen[i]), seen[i].id});
  }
}

TEST_CASE_FIXTURE(nine_rich, "a visit sees whole senders, nonces ascending") {
  for (std::uint8_t n = 1; n <= 8; ++n)
    for (std::uint64_t k = 0; k < n; ++k) REQUIRE(add(pay(n, k)));
  for (std::size_t step = 1; step < 40; ++step) {
    std::optional<account_id> last;
    std::map<account_id, std::uint64_t> seen;
    do
      last = pool.visit(last, step, [&](const entry& e) {
        CHECK(e.t->nonce == seen[sender_of(*e.t)]++);
      });
    while (last);
    CHECK(seen.size() == 8);
  }
}

TEST_CASE_FIXTURE(nine_rich, "whoever goes is told once, with the reason") {
  REQUIRE(add(pay(1, 0)));
  REQUIRE(add(pay(1, 1)));
  REQUIRE(add(pay(2, 0)));
  REQUIRE(add(pay(2, 0, 3000)));
  of(1).nonce = 2;
  pool.on_block(std::vector{pay(1, 0), pay(1, 1, 7000)}, view, now);
  std::map<tx_id, fate> told;
  for (const auto& d : pool.take_departures()) told[d.id] = d.why;
  CHECK(told
        == std::map<tx_id, fate>{{pay(2, 0).id, fate::replaced},
                                 {pay(1, 0).id, fate::confirmed},
                                 {pay(1, 1).id, fate::invalid}});
  CHECK(pool.take_departures().empty());
}

TEST_CASE_FIXTURE(bank, "no sender evicts its own line") {
  of(1).balance.value = rich;
  limits small;
  small.max_bytes = 2 * 159;
  mempool::pool pool{small};
  REQUIRE(pool.add(tip(), pay(1, 0, 600, 10, 2)));
  REQUIRE(pool.add(tip(), pay(1, 1, 600, 10, 2)));
  const auto refused = pool.add(tip(), pay(1, 2, 9000, 10, 2));
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == errc::pool_full);
  CHECK(pool.add(tip(), pay(1, 1, 9000, 10, 2)));
  CHECK(pool.size() == 2);
}

TEST_CASE_FIXTURE(bank, "a refused offer puts back all that it would evict") {
  for (std::uint8_t n = 1; n <= 9; ++n) of(n).balance.value = rich;
  limits small;
  small.max_bytes = 2 * 159 + 10;
  mempool::pool pool{small};
  REQUIRE(pool.add(tip(), pay(1, 0, 600)));
  REQUIRE(pool.add(tip(), pay(2, 0, 900)));
  const auto before = pool.best(plenty, 9, next);
  auto big = pay(3, 0, 1200); // needs two places, pays more than one of them
  big.memo.resize(80);
  const auto refused = pool.add(tip(), big);
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == errc::pool_full);
  CHECK(pool.best(plenty, 9, next) == before);
  CHECK(pool.bytes() == 2 * 159);
}
