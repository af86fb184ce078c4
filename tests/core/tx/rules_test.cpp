#include "core/tx/rules.hpp"
#include "tests/core/tx/example.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::test;

namespace {
tx good() {
  auto t = payment(key(1).public_part(), 7, account_named(2), 5, 159);
  return sealed(t, key(1));
}

/// One broken rule and nothing else.
struct breakage {
  const char* what;
  void (*change)(tx&, rule_set&);
  errc error;
  bool seal_again; ///< so that the signature is not what fails
};

const breakage breakages[] = {
    {"no amount", [](tx& t, rule_set&) { t.value.value = 0; },
     errc::zero_amount, true},
    {"a payment to itself",
     [](tx& t, rule_set&) { t.recipient = account_of(t.sender); },
     errc::self_payment, true},
    {"a memo of 81 bytes",
     [](tx& t, rule_set&) {
       t.memo.resize(81);
       t.fee.value = 1000;
     },
     errc::bad_tx_size, true},
    {"a fee one below the least", [](tx& t, rule_set&) { --t.fee.value; },
     errc::fee_below_minimum, true},
    {"a memo byte that is not paid for",
     [](tx& t, rule_set&) { t.memo.resize(1); }, errc::fee_below_minimum, true},
    {"a rate that no fee can reach",
     [](tx& t, rule_set& r) {
       r.min_fee_rate = ~std::uint64_t{0} / 159 + 1;
       t.fee.value = ~std::uint64_t{0};
     },
     errc::fee_below_minimum, true},
    {"one flipped bit of the signature",
     [](tx& t, rule_set&) { t.seal.value[63] ^= 1; }, errc::bad_signature,
     false},
    {"another's signature",
     [](tx& t, rule_set&) { t.seal = key(2).sign(t.id.value); },
     errc::bad_signature, false},
    {"a signature for another network",
     [](tx& t, rule_set&) { t.id = codec::id_of(network_id{{1}}, t); },
     errc::bad_signature, false},
    {"a key that is no point of the curve",
     [](tx& t, rule_set&) {
       t.sender.value.fill(0xff);
       t.id = codec::id_of(example_network(), t);
     },
     errc::bad_signature, false},
};
} // namespace

TEST_CASE("a transaction that keeps every rule of R12 passes") {
  CHECK(check_stateless(example_rules(), good()));
}

TEST_CASE("each rule of R12, broken alone, is refused with its code") {
  for (const auto& b : breakages) {
    CAPTURE(b.what);
    auto t = good();
    auto rules = example_rules();
    b.change(t, rules);
    if (b.seal_again) t = sealed(t, key(1));
    const auto verdict = check_stateless(rules, t);
    REQUIRE_FALSE(verdict);
    CHECK(verdict.error() == b.error);
  }
}

TEST_CASE("skipping the signature skips nothing else") {
  const auto skip = signature_check::skip;
  for (const auto& b : breakages) {
    CAPTURE(b.what);
    auto t = good();
    auto rules = example_rules();
    b.change(t, rules);
    const auto verdict = check_stateless(rules, t, skip);
    CHECK(verdict.has_value() == (b.error == errc::bad_signature));
    if (!verdict) CHECK(verdict.error() == b.error);
  }
}

TEST_CASE("the largest memo passes when it is paid for") {
  auto t = good();
  t.memo.resize(80);
  t.fee.value = 159 + 80;
  CHECK(check_stateless(example_rules(), sealed(t, key(1))));
}

TEST_CASE("the least fee counts the transaction's own canonical bytes") {
  auto rules = example_rules();
  rules.min_fee_rate = 3;
  for (std::size_t memo = 0; memo <= tx::max_memo; ++memo) {
    auto t = good();
    t.memo.resize(memo);
    const auto size = codec::encode(t).size();
    CHECK(least_fee(rules, t, false) == amount{3 * size});
    CHECK(least_fee(rules, t, true) == amount{3 * (size + 256)});
  }
}

TEST_CASE("a free network asks no fee") {
  auto rules = example_rules();
  rules.min_fee_rate = 0;
  auto t = good();
  t.fee.value = 0;
  CHECK(check_stateless(rules, sealed(t, key(1))));
}

TEST_CASE("the sender is the account of the key") {
  CHECK(sender_of(good()) == account_of(key(1).public_part()));
}
