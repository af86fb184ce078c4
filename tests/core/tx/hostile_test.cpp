// Hostile transactions against R12 and R13, from bytes.

#include "core/base/u256.hpp"
#include "tests/core/tx/hostile.hpp"
#include "tests/support/resident.hpp"
#include "tests/support/slow_build.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

using namespace spacetime;
using namespace spacetime::test;

namespace {
constexpr auto max = ~std::uint64_t{0};
constexpr std::uint64_t rich = 1'000'000, nonce = 7, at = 10;
// 1 is rich; 2 is there; 3 is as rich as one can be; 4 is not there; 5 has
// sent all that one can.
constexpr std::uint8_t sender = 1, poor = 2, full = 3, absent = 4, worn = 5;

/// At a tip of height 9, so that the next block's is `at`.
struct hostile_node : node {
  hostile_node()
      : node{{{id_of_key(sender), {nonce, {rich}, {}}},
              {id_of_key(poor), {0, {1}, {}}},
              {id_of_key(full), {0, {max - 10}, {}}},
              {id_of_key(worn), {max, {rich}, {}}}}} {
    while (next().value < at) check(connect({}).has_value(), "empty blocks");
  }
};

tx good() {
  return signed_payment(sender, nonce, id_of_key(poor), 5);
}
bytes changed(void (*change)(tx&), std::uint8_t by = sender) {
  auto t = good();
  change(t);
  return codec::encode(sealed(t, key(by)));
}
bytes with_byte(std::size_t where, std::uint8_t value) {
  auto raw = codec::encode(good());
  raw[where] = value;
  return raw;
}
constexpr std::size_t memo_length = 1 + 1 + 32 + 8 + 32 + 8 + 8 + 4;

struct rule {
  const char* what;
  errc code;
  std::string detail; ///< where rules share a code, what tells them apart
  bytes breaks;       ///< breaks this rule alone
};

std::vector<rule> rules_of_transactions() {
  const auto memo_of_81 = [] {
    auto t = good();
    t.memo.resize(81);
    return codec::encode(t);
  };
  return {
      {"its size is 159 bytes and its memo", errc::bad_tx_size,
       "159 bytes with a memo of 1", with_byte(memo_length, 1)},
      {"its memo has at most 80 bytes", errc::bad_tx_size,
       "memo above 80 bytes", memo_of_81()},
      {"its version is 1", errc::bad_tx_version, "2", with_byte(0, 2)},
      {"its type is 1", errc::bad_tx_format, "type 2", with_byte(1, 2)},
      {"it pays something", errc::zero_amount, "",
       changed([](tx& t) { t.value.value = 0; })},
      {"it pays somebody else", errc::self_payment, "",
       changed([](tx& t) { t.recipient = id_of_key(sender); })},
      {"its fee is the least of its size", errc::fee_below_minimum, "",
       changed([](tx& t) { t.fee.value = 158; })},
      {"its fee pays for a new account", errc::fee_below_minimum,
       "the recipient's account is new", changed([](tx& t) {
         t.recipient = id_of_key(absent);
         t.fee.value = 159 + 255;
       })},
      {"its key signed it for this network", errc::bad_signature, "transaction",
       changed([](tx&) {}, poor)},
      {"it has not expired", errc::tx_expired, "",
       changed([](tx& t) { t.expiry.value = at - 1; })},
      {"its nonce is not used", errc::nonce_too_low, "",
       changed([](tx& t) { t.nonce = nonce - 1; })},
      {"its nonce is the next", errc::nonce_too_high, "",
       changed([](tx& t) { t.nonce = nonce + 1; })},
      {"its sender can count one more", errc::amount_overflow, "nonce",
       changed(
           [](tx& t) {
             t.sender = key(worn).public_part();
             t.nonce = max;
           },
           worn)},
      {"amount + fee is a number of 64 bits", errc::amount_overflow,
       "amount + fee", changed([](tx& t) { t.value.value = max; })},
      {"its sender has amount + fee", errc::insufficient_balance, "",
       changed([](tx& t) { t.value.value = rich; })},
      {"what its recipient has then is a number of 64 bits",
       errc::amount_overflow, "balance or fees", changed([](tx& t) {
         t.recipient = id_of_key(full);
         t.value.value = 11;
       })},
  };
}
} // namespace

TEST_CASE_FIXTURE(hostile_node,
                  "each rule of a transaction has a code, or a code and a "
                  "detail, of its own") {
  CHECK(verdict(good()));
  std::set<std::pair<errc, std::string>> answers;
  for (const auto& r : rules_of_transactions()) {
    CAPTURE(r.what);
    const auto v = verdict(r.breaks);
    REQUIRE_FALSE(v);
    CHECK(v.error() == error{r.code, r.detail});
    CHECK(blame_of(r.code) == blame::sender);
    CHECK(answers.emplace(v.error().code, v.error().detail).second);
  }
}

TEST_CASE_FIXTURE(hostile_node, "every truncation of a transaction is "
                                "bad_tx_size, as is every surplus byte") {
  auto t = good();
  t.memo.resize(80);
  for (const auto& raw : {codec::encode(good()), codec::encode(t)}) {
    for (std::size_t n = 0; n < raw.size(); ++n)
      CHECK(code_of(verdict(byte_view{raw}.first(n))) == errc::bad_tx_size);
    auto longer = raw;
    for (int i = 0; i < 100; ++i) {
      longer.push_back(static_cast<std::uint8_t>(i));
      CHECK(code_of(verdict(longer)) == errc::bad_tx_size);
    }
  }
}

TEST_CASE_FIXTURE(hostile_node, "no mutated transaction is accepted, none "
                                "crashes, and memory stays flat") {
  random_source random{31};
  std::vector<bytes> originals;
  for (const std::size_t memo : {0u, 1u, 80u}) {
    auto t = good();
    t.memo.resize(memo, 'm');
    t.fee.value = codec::tx_size(memo); // not a mote too much
    originals.push_back(codec::encode(sealed(t, key(sender))));
    REQUIRE(verdict(originals.back()));
  }
  const int rounds = slow_build ? 5'000 : 100'000;
  std::map<errc, int> seen;
  std::uint64_t resident = 0;
  for (int i = 0; i < rounds; ++i) {
    if (i == rounds / 10) resident = resident_bytes();
    const auto& original = originals[random() % originals.size()];
    const auto raw = mutated(original, random);
    if (raw == original) continue;
    const auto v = verdict(raw);
    REQUIRE_FALSE(v);
    CHECK(blame_of(v.error().code) == blame::sender);
    ++seen[v.error().code];
  }
  for (const auto code :
       {errc::bad_tx_size, errc::bad_tx_version, errc::bad_tx_format,
        errc::fee_below_minimum, errc::bad_signature}) {
    CAPTURE(name_of(code));
    CHECK(seen[code] > 0);
  }
  CHECK(seen[errc::bad_signature] > rounds / 4);
  if (!slow_build) CHECK(resident_bytes() < resident + (4u << 20));
}

namespace {
/// R12 and R13 written down a second time, in 256 bits and one rule after the
/// other. `by`: whose signature, 0 for one of another network.
errc expected(const tx& t, std::uint8_t by) {
  using wide = u256;
  const auto value = wide{t.value.value}, fee = wide{t.fee.value};
  const wide size = 159 + t.memo.size();
  if (t.memo.size() > 80) return errc::bad_tx_size;
  if (value == 0) return errc::zero_amount;
  if (fee < size) return errc::fee_below_minimum;
  if (t.recipient == id_of_key(sender)) return errc::self_payment;
  if (by != sender) return errc::bad_signature;
  if (t.expiry.value != 0 && t.expiry.value < at) return errc::tx_expired;
  if (t.nonce < nonce) return errc::nonce_too_low;
  if (t.nonce > nonce) return errc::nonce_too_high;
  if (value + fee > max) return errc::amount_overflow;
  if (t.recipient == id_of_key(absent) && fee < size + 256)
    return errc::fee_below_minimum;
  if (value + fee > rich) return errc::insufficient_balance;
  if (t.recipient == id_of_key(full) && value > 10)
    return errc::amount_overflow;
  return errc::internal; // none
}
} // namespace

TEST_CASE_FIXTURE(hostile_node, "of every combination of hostile fields the "
                                "first rule that it breaks is named") {
  std::map<errc, int> seen;
  int turn = 0;
  const auto judge = [&](tx t, std::uint8_t by) {
    if (slow_build && ++turn % 7 != 0) return; // 7: no loop below divides it
    t.sender = key(sender).public_part();
    t.id = codec::id_of(by == 0 ? network_id{{1}} : network, t);
    t.seal = key(by == 0 ? sender : by).sign(t.id.value);
    const auto wanted = expected(t, by);
    const auto v = verdict(t);
    ++seen[wanted];
    CHECK(code_of(v) == wanted);
    // The pool may hold what the ledger takes later, and nothing else.
    mempool::pool one{mempool::limits{}};
    if (const auto in = opened(codec::encode(t)))
      if (one.add({rules, next(), {}, view}, *in))
        CHECK((v || v.error() == errc::nonce_too_high
               || v.error() == errc::amount_overflow));
      else
        CHECK_FALSE(v);
    else
      CHECK(in.error().code == wanted);
  };
  const account_id recipients[] = {id_of_key(poor), id_of_key(sender),
                                   id_of_key(full), id_of_key(absent)};
  tx t;
  for (const auto n : {std::uint64_t{0}, nonce - 1, nonce, nonce + 1, max})
    for (const auto value : {std::uint64_t{0}, std::uint64_t{1},
                             std::uint64_t{11}, rich - 415, rich - 414, max})
      for (const auto fee : {std::uint64_t{0}, std::uint64_t{158},
                             std::uint64_t{159}, std::uint64_t{415}, max})
        for (const auto& to : recipients)
          for (const auto expiry : {0u, 9u, 10u, 11u})
            for (const std::size_t memo : {0u, 81u})
              for (const std::uint8_t by : {sender, poor, std::uint8_t{0}}) {
                if (memo > 80 && by != sender) continue;
                t.nonce = n;
                t.value.value = value;
                t.fee.value = fee;
                t.recipient = to;
                t.expiry.value = expiry;
                t.memo.resize(memo);
                judge(t, by);
              }
  CHECK(seen.size() == 11); // all codes of the table that fields can reach
}
