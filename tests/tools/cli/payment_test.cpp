#include "core/codec/tx.hpp"
#include "core/crypto/account.hpp"
#include "core/tx/rules.hpp"
#include "tools/spacetime/payment.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using cli::make_payment;
using cli::payment_facts;
using cli::payment_wish;

namespace {
struct regtest {
  chain_spec spec = *chain_spec::embedded("regtest");
  rule_set rules = spec.at(epoch{0});
  secret_key key = *secret_key::from(hash("test/payer", {}));
  payment_wish wish{{hash("test/payee", {})}, {5'000'000'000}, {}, "rent", 0};
  payment_facts facts{{100}, {6'000'000'000}, {7}, 3, false, {}};

  [[nodiscard]] auto make() const {
    return make_payment(spec, rules, key, wish, facts);
  }
  void refuses(errc code, std::string_view why) const {
    const auto p = make();
    REQUIRE_FALSE(p.has_value());
    CHECK(p.error().code == code);
    CHECK_MESSAGE(p.error().detail.find(why) != std::string::npos,
                  p.error().detail);
  }
};
} // namespace

TEST_CASE("a payment says what was wished for, and is valid by itself") {
  const regtest r;
  const auto p = r.make();
  REQUIRE(p.has_value());
  const auto& t = p->signed_tx;
  CHECK(t.recipient == r.wish.to);
  CHECK(t.value == r.wish.value);
  CHECK(t.nonce == 3);
  CHECK(t.expiry == height{0});
  CHECK(t.fee == *least_fee(r.rules, t, false));
  CHECK(p->surcharge == amount{0});
  CHECK(p->remains.value
        == r.facts.spendable.value - t.value.value - t.fee.value);
  CHECK(t.id == codec::id_of(r.spec.network(), t));
  CHECK(check_stateless(r.rules, t).has_value());
  CHECK(codec::decode_tx(r.spec.network(), codec::encode(t)) == t);
}

TEST_CASE("a recipient's new account costs its surcharge, which is named") {
  regtest r;
  r.facts.creates_account = true;
  const auto p = r.make();
  REQUIRE(p.has_value());
  CHECK(p->signed_tx.fee == *least_fee(r.rules, p->signed_tx, true));
  CHECK(p->surcharge.value == new_account_bytes * r.rules.min_fee_rate);
  r.wish.fee = amount{p->signed_tx.fee.value - 1};
  r.refuses(errc::fee_below_minimum, "the recipient's account is new");
}

TEST_CASE("the usual fee is paid if no other is wished for, within reason") {
  regtest r;
  const auto least = r.make()->signed_tx.fee;
  r.facts.usual_fee = {least.value + 1};
  CHECK(r.make()->signed_tx.fee == r.facts.usual_fee);
  r.wish.fee = least;
  CHECK(r.make()->signed_tx.fee == least);
  r.wish.fee.reset();
  r.facts.usual_fee = {least.value - 1};
  CHECK(r.make()->signed_tx.fee == least);
  r.facts.usual_fee = {100 * least.value - 1};
  CHECK(r.make()->signed_tx.fee == r.facts.usual_fee);
  r.facts.usual_fee = {1'000'000'000};
  r.refuses(errc::fee_below_minimum, "--fee 1");
  r.wish.fee = r.facts.usual_fee;
  CHECK(r.make()->signed_tx.fee == amount{1'000'000'000});
}

TEST_CASE("an expiry counts blocks from the tip") {
  regtest r;
  r.wish.expiry_blocks = 10;
  CHECK(r.make()->signed_tx.expiry == height{110});
  r.wish.expiry_blocks = UINT32_MAX;
  r.refuses(errc::amount_overflow, "no block");
}

TEST_CASE("what cannot be paid is refused with what would do") {
  regtest r;
  r.wish.value = {0};
  r.refuses(errc::zero_amount, "amount of 0");
  r.wish.value = {6'000'000'000}; // all of it, and nothing for the fee
  r.refuses(errc::insufficient_balance, "6 ST can be spent");
  r.refuses(errc::insufficient_balance, "0.000000007 ST of rewards");
  r.wish.value = {~std::uint64_t{0}};
  r.refuses(errc::amount_overflow, "more than there can be");
  r.wish.value = {1};
  r.wish.memo.assign(81, 'x');
  r.refuses(errc::bad_tx_size, "81 bytes");
  r.wish.memo.clear();
  r.wish.to = account_of(r.key.public_part());
  r.refuses(errc::self_payment, "recipient is the sender");
}

TEST_CASE("the last mote can be spent") {
  regtest r;
  const auto fee = r.make()->signed_tx.fee;
  r.wish.value.value = r.facts.spendable.value - fee.value;
  const auto p = r.make();
  REQUIRE(p.has_value());
  CHECK(p->remains == amount{0});
  r.wish.value.value += 1;
  r.refuses(errc::insufficient_balance, "can be spent");
}

TEST_CASE("a memo is shown without control bytes, and without doubt") {
  CHECK(cli::memo_text(view("rent May")) == "rent May");
  CHECK(cli::memo_text(view("\x1b[2J\n")) == "\\x1b[2J\\x0a");
  CHECK(cli::memo_text(view("\\x41")) == "\\x5cx41");
  CHECK(cli::memo_text(view("\xc3\xa9")) == "\\xc3\\xa9");
}
