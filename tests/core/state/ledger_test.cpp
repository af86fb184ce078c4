#include "core/state/ledger.hpp"
#include "core/tx/rules.hpp"
#include "tests/core/crypto/vectors.hpp"
#include "tests/core/state/snapshot.hpp"
#include "tests/core/tx/example.hpp"

using namespace spacetime;
using namespace spacetime::state;
using namespace spacetime::test;

namespace {
constexpr std::uint64_t rich = 1'000'000;
constexpr auto max = ~std::uint64_t{0};

/// Names 1 to 3 own `rich` motes each.
ledger three_rich() {
  const premine_entry premine[] = {{account_named(1), {rich}},
                                   {account_named(2), {rich}},
                                   {account_named(3), {rich}}};
  return *ledger::genesis(premine);
}

block_info next_of(const ledger& l, std::uint8_t payee = 9) {
  return {{l.height().value + 1}, account_named(payee)};
}

tx pay(std::uint8_t from, std::uint64_t nonce, std::uint8_t to,
       std::uint64_t value, std::uint64_t fee = 1000) {
  return payment(name(from), nonce, account_named(to), value, fee);
}

ledger with(std::vector<account_entry> accounts) {
  std::sort(accounts.begin(), accounts.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  return *ledger::restore({}, accounts, {});
}

/// Applies blocks without transactions.
void grow(ledger& l, const rule_set& rules, int blocks) {
  for (int i = 0; i < blocks; ++i) REQUIRE(l.apply(rules, next_of(l), {}));
}

tx expiring(tx t, std::uint32_t at) {
  t.expiry.value = at;
  return t;
}

struct breakage {
  const char* what;
  std::vector<tx> txs;
  errc error;
};
} // namespace

TEST_CASE("state roots are those of the known answers") {
  const auto file = vectors("state.json");
  for (const auto& x : file["cases"]) {
    CAPTURE(text(x["name"]));
    std::vector<account_entry> accounts;
    for (const auto& a : x["accounts"])
      accounts.push_back(
          {{raw<32>(a["id"])}, *decode_account(raw(a["account"]))});
    std::vector<reward> rewards;
    for (const auto& r : x["rewards"])
      rewards.push_back({{r["height"].get<std::uint32_t>()},
                         {raw<32>(r["payee"])},
                         {r["amount"].get<std::uint64_t>()}});
    const height at = rewards.empty() ? height{} : rewards.back().height;
    const auto l = ledger::restore(at, accounts, rewards);
    REQUIRE(l);
    CHECK(to_hex(rewards_root(rewards)) == text(x["rewards_root"]));
    CHECK(to_hex(l->state_root()) == text(x["state_root"]));
  }
}

TEST_CASE("the premine of one account adds up and nothing makes no account") {
  const premine_entry premine[] = {{account_named(1), {5}},
                                   {account_named(1), {6}},
                                   {account_named(2), {0}}};
  const auto l = ledger::genesis(premine);
  REQUIRE(l);
  CHECK(l->find(account_named(1)) == account{0, {11}, {}});
  CHECK(l->accounts().size() == 1);
  const premine_entry too_much[] = {{account_named(1), {max}},
                                    {account_named(2), {1}}};
  CHECK(ledger::genesis(too_much).error() == errc::amount_overflow);
}

TEST_CASE("a payment moves its amount, its fee joins the block's reward") {
  auto l = three_rich();
  const tx txs[] = {pay(1, 0, 2, 300, 1000), pay(2, 0, 4, 7, 500)};
  const auto rules = example_rules();
  const auto d = l.apply(rules, next_of(l), txs);
  REQUIRE(d);
  CHECK(l.find(account_named(1)) == account{1, {rich - 1300}, {}});
  CHECK(l.find(account_named(2)) == account{1, {rich + 300 - 507}, {}});
  CHECK(l.find(account_named(4)) == account{0, {7}, {}});
  CHECK(
      l.rewards()
      == std::vector<reward>{{{1}, account_named(9), {rules.subsidy + 1500}}});
  CHECK(d->root_after == l.state_root());
  CHECK(well_formed(*d));
}

TEST_CASE("each rule of R13, broken alone, is refused with its code and "
          "changes nothing") {
  const auto rules = example_rules();
  const breakage breakages[] = {
      {"a nonce used already",
       {pay(1, 0, 2, 1), pay(1, 0, 3, 1)},
       errc::nonce_too_low},
      {"a nonce ahead", {pay(1, 1, 2, 1)}, errc::nonce_too_high},
      {"nonces in the wrong order",
       {pay(1, 1, 2, 1), pay(1, 0, 2, 1)},
       errc::nonce_too_high},
      {"expired one block ago",
       {expiring(pay(1, 0, 2, 1), 9)},
       errc::tx_expired},
      {"one mote short",
       {pay(1, 0, 2, rich - 999)},
       errc::insufficient_balance},
      {"spent in the same block",
       {pay(1, 0, 2, rich - 1000), pay(1, 1, 2, 1)},
       errc::insufficient_balance},
      {"paid before it is received",
       {pay(7, 0, 2, 1), pay(1, 0, 7, 5000)},
       errc::insufficient_balance},
      {"amount and fee exceed 64 bits",
       {pay(1, 0, 2, max, 1000)},
       errc::amount_overflow},
      {"a new account for the fee of an old one",
       {pay(1, 0, 50, 1, 159 + 255)},
       errc::fee_below_minimum},
      {"a payment to itself", {pay(1, 0, 1, 1)}, errc::self_payment},
      {"the last of many",
       {pay(1, 0, 2, 1), pay(2, 0, 60, 9), pay(3, 5, 1, 1)},
       errc::nonce_too_high},
  };
  auto l = three_rich();
  grow(l, rules, 9);
  const auto before = snapshot(l);
  for (const auto& b : breakages) {
    CAPTURE(b.what);
    const auto d = l.apply(rules, next_of(l), b.txs);
    REQUIRE_FALSE(d);
    CHECK(d.error() == b.error);
    CHECK(snapshot(l) == before);
    const auto root = l.root_after(rules, next_of(l), b.txs);
    REQUIRE_FALSE(root);
    CHECK(root.error() == b.error);
    CHECK(snapshot(l) == before);
  }
}

TEST_CASE("each limit of R13 may be reached") {
  const auto rules = example_rules();
  auto l = three_rich();
  grow(l, rules, 9);
  const std::vector<tx> good[] = {
      {expiring(pay(1, 0, 2, 1), 10)},
      {pay(1, 0, 2, rich - 1000)},
      {pay(1, 0, 50, 1, 159 + 256)},
      // Only the first payment creates the account.
      {pay(1, 0, 50, 1, 159 + 256), pay(1, 1, 50, 1, 159)},
      {pay(1, 0, 7, 5000), pay(7, 0, 2, 1)},
  };
  for (const auto& txs : good) {
    auto copy = l;
    CHECK(copy.apply(rules, next_of(copy), txs));
  }
}

TEST_CASE("sums above 64 bits are refused, at the limit they pass") {
  const auto rules = example_rules();
  for (const std::uint64_t room : {0, 1}) {
    auto full = with({{account_named(1), {0, {rich}, {}}},
                      {account_named(2), {0, {max - room}, {}}}});
    const tx one[] = {pay(1, 0, 2, 1)};
    const auto d = full.apply(rules, next_of(full), one);
    CHECK(d.has_value() == (room == 1));
    if (!d) CHECK(d.error() == errc::amount_overflow);
  }
  auto last = with({{account_named(1), {max, {rich}, {}}}});
  const tx no_nonce_after[] = {pay(1, max, 2, 1)};
  CHECK(last.apply(rules, next_of(last), no_nonce_after).error()
        == errc::amount_overflow);
  auto fees = with({{account_named(1), {0, {max}, {}}}});
  const tx all_fee[] = {pay(1, 0, 2, 1, max - 1)};
  CHECK(fees.apply(rules, next_of(fees), all_fee).error()
        == errc::amount_overflow);
}

TEST_CASE("a reward that overflows its payee makes the block invalid") {
  auto rules = example_rules();
  rules.maturity = 1;
  auto l = with({{account_named(9), {0, {max}, {}}}});
  grow(l, rules, 1);
  const auto before = snapshot(l);
  const auto d = l.apply(rules, next_of(l), {});
  REQUIRE_FALSE(d);
  CHECK(d.error() == errc::amount_overflow);
  CHECK(snapshot(l) == before);
}

TEST_CASE("a reward is credited maturity blocks later, before transactions") {
  const auto rules = example_rules();
  auto l = three_rich();
  REQUIRE(l.apply(rules, next_of(l, 8), {}));
  grow(l, rules, 3);
  CHECK(l.find(account_named(8)) == account{});
  const tx spend[] = {pay(8, 0, 1, rules.subsidy - 1000)};
  auto d = l.apply(rules, next_of(l), spend);
  REQUIRE(d);
  CHECK(d->credited == reward{{1}, account_named(8), {rules.subsidy}});
  CHECK(l.find(account_named(8)) == account{1, {0}, {}});
  CHECK(l.rewards().size() == 4);
  CHECK(l.rewards().front().height == height{2});
}

TEST_CASE("a reward of nothing creates no account") {
  auto rules = example_rules();
  rules.subsidy = rules.tail = 0;
  auto l = three_rich();
  grow(l, rules, 6);
  CHECK(l.accounts().size() == 3);
  CHECK(l.rewards().size() == 4);
}

TEST_CASE("only the next height applies") {
  const auto rules = example_rules();
  auto l = three_rich();
  for (const std::uint32_t h : {0u, 2u, ~0u})
    CHECK(l.apply(rules, {{h}, account_named(9)}, {}).error()
          == errc::bad_height);
  CHECK(l.apply(rules, {{1}, account_named(9)}, {}));
  CHECK(l.height() == height{1});
}

TEST_CASE("the subsidy halves, down to its tail, and genesis has none") {
  auto rules = example_rules();
  const auto at = [&rules](std::uint32_t h) {
    return subsidy(rules, height{h}).value;
  };
  CHECK(at(0) == 0);
  CHECK(at(1) == 50'000'000'000);
  CHECK(at(100) == 50'000'000'000);
  CHECK(at(101) == 25'000'000'000);
  CHECK(at(200) == 25'000'000'000);
  CHECK(at(201) == 12'500'000'000);
  CHECK(at(601) == 781'250'000);
  CHECK(at(701) == rules.tail);
  CHECK(at(~0u) == rules.tail);
  rules.tail = 0;
  CHECK(at(3501) == 1);
  CHECK(at(3601) == 0);
  rules.subsidy = max;
  CHECK(at(6201) == 3);
  CHECK(at(6301) == 1);
  CHECK(at(6401) == 1); // 64 halvings shift by 63, not by 0
  CHECK(at(~0u) == 1);
  rules.halving = max;
  CHECK(at(~0u) == max);
}

TEST_CASE("undo refuses another block's delta and changes nothing") {
  const auto rules = example_rules();
  auto l = three_rich();
  const tx txs[] = {pay(1, 0, 2, 300), pay(2, 0, 4, 7)};
  grow(l, rules, 5);
  const auto good = *l.apply(rules, next_of(l), txs);
  const std::pair<const char*, void (*)(delta&)> breakages[] = {
      {"height", [](delta& d) { ++d.height.value; }},
      {"an account before",
       [](delta& d) { ++d.accounts[0].before.balance.value; }},
      {"an account after",
       [](delta& d) { ++d.accounts[0].after.balance.value; }},
      {"an account missing", [](delta& d) { d.accounts.pop_back(); }},
      {"order", [](delta& d) { std::swap(d.accounts[0], d.accounts[1]); }},
      {"another reward", [](delta& d) { ++d.earned.value.value; }},
      {"another credited reward", [](delta& d) { ++d.credited->value.value; }},
      {"no credited reward", [](delta& d) { d.credited.reset(); }},
      {"root before", [](delta& d) { d.root_before[0] ^= 1; }},
      {"root after", [](delta& d) { d.root_after[0] ^= 1; }},
  };
  const auto before = snapshot(l);
  for (const auto& [what, change] : breakages) {
    CAPTURE(what);
    auto d = good;
    change(d);
    const auto undone = l.undo(d);
    REQUIRE_FALSE(undone);
    CHECK(undone.error() == errc::corrupt);
    CHECK(snapshot(l) == before);
  }
  CHECK(l.undo(good));
  CHECK_FALSE(l.undo(good));
}

TEST_CASE("genesis cannot be undone") {
  auto l = three_rich();
  CHECK_FALSE(l.undo({}));
  CHECK(snapshot(l) == snapshot(three_rich()));
}

TEST_CASE("what a block cannot hold is left out of its candidates") {
  const auto rules = example_rules();
  auto l = three_rich();
  grow(l, rules, 4);
  const std::vector<tx> all{
      pay(1, 1, 2, 1),              // too high, for now
      pay(1, 0, 2, 1),              // holds
      pay(1, 1, 2, 1),              // holds now
      pay(2, 0, 70, 1, 200),        // new account, low fee
      pay(2, 0, 3, rich),           // above the balance
      pay(2, 0, 3, 5),              // holds
      expiring(pay(3, 0, 1, 1), 4), // expired
      pay(9, 0, 1, 1),              // spends the reward of this very block
  };
  const std::vector<tx> expected{all[1], all[2], all[5], all[7]};
  const auto before = snapshot(l);
  const auto chosen = l.applicable(rules, next_of(l), all);
  CHECK(chosen == expected);
  CHECK(snapshot(l) == before);
  CHECK(l.apply(rules, next_of(l), chosen));
}

TEST_CASE("the root foretold is the root that comes") {
  const auto rules = example_rules();
  auto l = three_rich();
  const tx txs[] = {pay(1, 0, 2, 300), pay(2, 0, 4, 7)};
  const auto before = snapshot(l);
  const auto root = l.root_after(rules, next_of(l), txs);
  REQUIRE(root);
  CHECK(snapshot(l) == before);
  REQUIRE(l.apply(rules, next_of(l), txs));
  CHECK(l.state_root() == *root);
}

TEST_CASE("a stored state that contradicts itself is refused") {
  const account_entry a{{bytes32{1}}, {1, {}, {}}};
  const account_entry b{{bytes32{2}}, {1, {}, {}}};
  const reward r{{5}, account_named(1), {1}};
  using accounts = std::vector<account_entry>;
  CHECK(ledger::restore({5}, accounts{a, b}, {r}));
  const accounts bad[] = {{b, a}, {a, a}, {{a.id, {}}}};
  for (const auto& list : bad)
    CHECK(ledger::restore({5}, list, {r}).error() == errc::malformed);
  CHECK(ledger::restore({4}, accounts{a}, {r}).error() == errc::malformed);
  CHECK(ledger::restore({5}, accounts{a}, {}).error() == errc::malformed);
  CHECK(ledger::restore({5}, accounts{a}, {r, r}).error() == errc::malformed);
}
