// Old frauds, each through the ledger and through the pool.

#include "tests/core/tx/hostile.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::test;

namespace {
constexpr std::uint64_t rich = 1'000'000;

state::account_entry owner(std::uint8_t n, std::uint64_t nonce = 0) {
  return {id_of_key(n), {nonce, {rich}, {}}};
}
} // namespace

TEST_CASE("an account that was drained and paid again takes no old payment") {
  node n{{owner(1), owner(2)}};
  std::vector<tx> old;
  for (std::uint64_t i = 0; i < 3; ++i)
    old.push_back(signed_payment(1, i, id_of_key(2), 1'000));
  old.push_back(signed_payment(1, 3, id_of_key(2), rich - 3 * 2'000 - 1'000));
  REQUIRE(n.connect(old));
  CHECK(n.ledger.find(id_of_key(1)) == state::account{4, {0}, {}});
  // Empty, but there: a payment to it is none to a new account.
  REQUIRE(n.connect({signed_payment(2, 0, id_of_key(1), rich, 159)}));
  CHECK(n.ledger.find(id_of_key(1)) == state::account{4, {rich}, {}});
  for (const auto& t : old) {
    CHECK(code_of(n.verdict(t)) == errc::nonce_too_low);
    CHECK(code_of(n.connect({t})) == errc::nonce_too_low);
    CHECK(code_of(n.offer(t)) == errc::nonce_too_low);
  }
  CHECK(n.connect({signed_payment(1, 4, id_of_key(2), 1)}));
}

TEST_CASE("two payments of one nonce never share a block, nor a chain") {
  node n{{owner(1), owner(2)}};
  const auto to_two = signed_payment(1, 0, id_of_key(2), rich - 1'000);
  const auto to_three = signed_payment(1, 0, account_named(3), rich - 1'000);
  const auto before = n.ledger.state_root();
  CHECK(code_of(n.connect({to_two, to_three})) == errc::nonce_too_low);
  CHECK(code_of(n.connect({to_two, to_two})) == errc::nonce_too_low);
  CHECK(n.ledger.state_root() == before);
  REQUIRE(n.offer(to_two));
  // Neither in the pool: the second is a replacement that pays too little.
  CHECK(code_of(n.offer(to_two)) == errc::duplicate);
  CHECK_FALSE(n.offer(to_three));
  CHECK(n.pool.size() == 1);
  REQUIRE(n.connect({to_two}));
  CHECK(n.pool.size() == 0);
  CHECK(code_of(n.connect({to_three})) == errc::nonce_too_low);
  CHECK(code_of(n.offer(to_three)) == errc::nonce_too_low);
}

TEST_CASE("nobody spends the same coins under two nonces") {
  node n{{owner(1), owner(2)}};
  const auto all = signed_payment(1, 0, id_of_key(2), rich - 1'000);
  const auto again = signed_payment(1, 1, account_named(3), rich - 1'000);
  CHECK(code_of(n.connect({all, again})) == errc::insufficient_balance);
  REQUIRE(n.offer(all));
  CHECK(code_of(n.offer(again)) == errc::insufficient_balance);
  REQUIRE(n.connect({all}));
  CHECK(code_of(n.connect({again})) == errc::insufficient_balance);
  CHECK(code_of(n.offer(again)) == errc::insufficient_balance);
}

TEST_CASE("a payment of one network is another's bad signature") {
  node here{{owner(1)}}, there{{owner(1)}};
  there.network = {hash("st/network", {view("another")})};
  const auto t = signed_payment(1, 0, id_of_key(2), 5);
  CHECK(here.verdict(t));
  CHECK(code_of(there.verdict(t)) == errc::bad_signature);
  CHECK(code_of(there.offer(t)) == errc::bad_signature);
  CHECK(code_of(there.connect({t})) == errc::bad_signature);
  // The same bytes have another id there, so no cache knows them either.
  CHECK(codec::decode_tx(there.network, codec::encode(t))->id != t.id);
}

TEST_CASE("a payment that a reorganisation took back is spent once") {
  node n{{owner(1), owner(2)}};
  const auto t = signed_payment(1, 0, id_of_key(2), rich - 1'000);
  const auto first = n.connect({t});
  REQUIRE(first);
  REQUIRE(n.ledger.undo(*first));
  REQUIRE(n.offer(t));
  REQUIRE(n.connect({t}));
  CHECK(code_of(n.connect({t})) == errc::nonce_too_low);
  CHECK(n.ledger.find(id_of_key(2)).balance.value == 2 * rich - 1'000);
}

TEST_CASE("one changed seal of a known payment does not pass") {
  // The id covers no seal: a node that knows the id must still look.
  node n{{owner(1)}};
  auto t = signed_payment(1, 0, id_of_key(2), 5);
  REQUIRE(n.verdict(t));
  for (std::size_t bit = 0; bit < 512; ++bit) {
    auto other = t;
    other.seal.value[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    CHECK(code_of(n.verdict(other)) == errc::bad_signature);
  }
}
