#include "core/codec/block.hpp"
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

TEST_CASE("fee rates compare as exact fractions") {
  constexpr auto max = ~std::uint64_t{0};
  CHECK(fee_rate{1, 3} < fee_rate{1, 2});
  CHECK(fee_rate{2, 4} == fee_rate{1, 2});
  CHECK(fee_rate{max, 239} < fee_rate{max, 238});
  CHECK(fee_rate{max - 1, 159} < fee_rate{max, 159});
  CHECK(fee_rate{159, 159} == fee_rate{239, 239});
  CHECK(fee_rate{160, 159} > fee_rate{240, 239});
}

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
      {pay(1, 2 + 17), errc::nonce_too_high},
      {pay(1, 64), errc::nonce_too_high},
      {pay(1, 2, 158), errc::fee_below_minimum},
      {pay(1, 2, 159 + 255, 10, 77), errc::fee_below_minimum},
      {pay(1, 0, 1099), errc::fee_below_minimum},
      {pay(3, 0, 1000, rich - 999), errc::insufficient_balance},
      {pay(1, 2, 1000, rich - 2 * 1010 - 999), errc::insufficient_balance},
      {pay(77, 0), errc::insufficient_balance},
      {pay(3, 0, 1000, ~std::uint64_t{0}), errc::amount_overflow},
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

TEST_CASE_FIXTURE(nine_rich, "a replacement pays 10 % more, rounded up") {
  REQUIRE(add(pay(1, 0, 1001)));
  CHECK(refusal(pay(1, 0, 1101)) == errc::fee_below_minimum);
  CHECK(add(pay(1, 0, 1102)));
  CHECK(pool.size() == 1);
  CHECK(best() == std::vector{pay(1, 0, 1102)});
}

TEST_CASE_FIXTURE(nine_rich,
                  "a replacement does not count what it replaces as spent") {
  REQUIRE(add(pay(1, 0, 1000, rich - 1000)));
  CHECK(add(pay(1, 0, 1100, rich - 1100)));
  CHECK(refusal(pay(1, 0, 1300, rich - 1299)) == errc::insufficient_balance);
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
  CHECK(best() == std::vector{all[2], all[0], all[1], all[4], all[3]});
  CHECK(best(plenty, 2) == std::vector{all[2], all[0]});
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
  pool.on_block(std::vector{rival}, view);
  CHECK_FALSE(pool.find(mine.id));
  CHECK(pool.find(later.id));
  CHECK(pool.size() == 2);
  CHECK(best().size() == 2);
}

TEST_CASE_FIXTURE(nine_rich, "what a block leaves too poor goes, last first") {
  for (std::uint64_t n = 0; n < 5; ++n) REQUIRE(add(pay(1, n, 1000, 1000)));
  of(1) = {1, {2 * 2000 + 1999}, {}};
  pool.on_block(std::vector{pay(1, 0)}, view);
  CHECK(pool.size() == 2);
  CHECK(pool.find(pay(1, 1, 1000, 1000).id));
  CHECK(pool.find(pay(1, 2, 1000, 1000).id));
}

TEST_CASE_FIXTURE(nine_rich, "after a reorg the old ones are added again") {
  const auto first = pay(1, 0), second = pay(1, 1);
  REQUIRE(add(first));
  REQUIRE(add(second));
  of(1).nonce = 1;
  pool.on_block(std::vector{first}, view);
  REQUIRE(best() == std::vector{second});
  of(1).nonce = 0;
  pool.refresh(account_named(1), view);
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
  REQUIRE(pool.add(tip(), pay(4, 0, 450)));
  CHECK_FALSE(pool.find(pay(2, 0, 400).id));
  // 1's first pays least but is not last in line.
  REQUIRE(pool.add(tip(), pay(5, 0, 6000)));
  REQUIRE(pool.add(tip(), pay(6, 0, 6000)));
  CHECK(pool.find(pay(1, 0, 300).id));
  CHECK_FALSE(pool.find(pay(3, 0, 500).id));
  CHECK(pool.bytes() == small.max_bytes);
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
