// Properties of the ledger over random chains.

#include "core/state/ledger.hpp"
#include "tests/core/state/snapshot.hpp"
#include "tests/core/tx/example.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace spacetime;
using namespace spacetime::state;
using namespace spacetime::test;

namespace {
/// A wish; whether it is a valid payment depends on the state.
struct wish {
  std::uint8_t from, to;
  std::uint64_t value, fee;
};

/// A block: who is paid and what is wished for.
struct wishes {
  std::uint8_t payee;
  std::vector<wish> all;
};

rc::Gen<wish> any_wish() {
  return rc::gen::build<wish>(
      rc::gen::set(&wish::from, rc::gen::inRange<std::uint8_t>(0, 6)),
      rc::gen::set(&wish::to, rc::gen::inRange<std::uint8_t>(0, 12)),
      rc::gen::set(&wish::value, rc::gen::inRange<std::uint64_t>(1, 60'000)),
      rc::gen::set(&wish::fee, rc::gen::inRange<std::uint64_t>(300, 600)));
}

rc::Gen<std::vector<wishes>> any_chain() {
  return rc::gen::container<std::vector<wishes>>(rc::gen::build<wishes>(
      rc::gen::set(&wishes::payee, rc::gen::inRange<std::uint8_t>(0, 16)),
      rc::gen::set(&wishes::all,
                   rc::gen::container<std::vector<wish>>(any_wish()))));
}

constexpr std::uint64_t premine = 400'000;

ledger start() {
  std::vector<premine_entry> entries;
  for (std::uint8_t n = 0; n < 4; ++n)
    entries.push_back({account_named(n), {premine / 4}});
  return *ledger::genesis(entries);
}

rule_set rules() {
  auto r = example_rules();
  r.subsidy = 100'000;
  r.halving = 7;
  r.tail = 1'000;
  return r;
}

block_info next_of(const ledger& l, const wishes& w) {
  return {{l.height().value + 1}, account_named(w.payee)};
}

/// What of the wishes can be had, with each sender's nonces in order.
std::vector<tx> granted(const ledger& l, const wishes& w) {
  std::map<std::uint8_t, std::uint64_t> sent;
  std::vector<tx> out;
  for (const auto& x : w.all) {
    const auto from = account_named(x.from);
    const auto nonce = l.find(from).nonce + sent[x.from];
    out.push_back(
        payment(name(x.from), nonce, account_named(x.to), x.value, x.fee));
    const auto good = l.applicable(rules(), next_of(l, w), out);
    if (good.size() == out.size())
      ++sent[x.from];
    else
      out.pop_back();
  }
  return out;
}

delta advance(ledger& l, const wishes& w) {
  auto d = l.apply(rules(), next_of(l, w), granted(l, w));
  RC_ASSERT(d.has_value());
  return *d;
}

u256 minted(const ledger& l) {
  u256 out = premine;
  for (std::uint32_t h = 1; h <= l.height().value; ++h)
    out += subsidy(rules(), height{h}).value;
  return out;
}

ledger restored(const ledger& l) {
  std::vector<account_entry> accounts;
  l.accounts().for_each(
      [&accounts](const account_entry& e) { accounts.push_back(e); });
  return *ledger::restore(l.height(), accounts, l.rewards());
}
} // namespace

TEST_CASE("undo(apply(s)) is s, byte for byte, down to genesis") {
  CHECK(rc::check([] {
    auto l = start();
    std::vector<bytes> states;
    std::vector<delta> deltas;
    for (const auto& w : *any_chain()) {
      states.push_back(snapshot(l));
      deltas.push_back(advance(l, w));
      RC_ASSERT(deltas.back().root_after == l.state_root());
    }
    while (!deltas.empty()) {
      // Through its stored form, as storage would give it back.
      const auto d = decode_delta(encode(deltas.back()));
      RC_ASSERT(d.has_value());
      RC_ASSERT(l.undo(*d).has_value());
      RC_ASSERT(snapshot(l) == states.back());
      RC_ASSERT(l.state_root() == d->root_before);
      deltas.pop_back();
      states.pop_back();
    }
  }));
}

TEST_CASE("balances and waiting rewards are the premine and all subsidies") {
  CHECK(rc::check([] {
    auto l = start();
    RC_ASSERT(l.total_supply() == minted(l));
    for (const auto& w : *any_chain()) {
      advance(l, w);
      RC_ASSERT(l.total_supply() == minted(l));
    }
  }));
}

TEST_CASE("a state restored from its parts goes on as the first does") {
  CHECK(rc::check([] {
    auto l = start();
    for (const auto& w : *any_chain()) {
      auto copy = restored(l);
      RC_ASSERT(snapshot(copy) == snapshot(l));
      advance(l, w);
      advance(copy, w);
      RC_ASSERT(snapshot(copy) == snapshot(l));
    }
  }));
}

TEST_CASE("a block with one bad transaction anywhere changes nothing") {
  CHECK(rc::check([] {
    auto l = start();
    for (const auto& w : *any_chain()) {
      auto txs = granted(l, w);
      const auto before = snapshot(l);
      const auto at = *rc::gen::inRange<std::size_t>(0, txs.size() + 1);
      txs.insert(txs.begin() + static_cast<std::ptrdiff_t>(at),
                 payment(name(1), 1000, account_named(2), 1));
      const auto d = l.apply(rules(), next_of(l, w), txs);
      RC_ASSERT(!d.has_value());
      RC_ASSERT(snapshot(l) == before);
      advance(l, w);
    }
  }));
}

TEST_CASE("a longer run keeps the supply and every root") {
  random_source random{31};
  auto l = start();
  std::vector<delta> deltas;
  const auto genesis = snapshot(l);
  for (int i = 0; i < 300; ++i) {
    wishes w{static_cast<std::uint8_t>(random() % 16), {}};
    for (auto n = random() % 8; n > 0; --n)
      w.all.push_back({static_cast<std::uint8_t>(random() % 16),
                       static_cast<std::uint8_t>(random() % 40),
                       1 + random() % 60'000, 300 + random() % 300});
    deltas.push_back(*l.apply(rules(), next_of(l, w), granted(l, w)));
    REQUIRE(l.total_supply() == minted(l));
    if (i % 50 == 0) REQUIRE(snapshot(restored(l)) == snapshot(l));
  }
  for (; !deltas.empty(); deltas.pop_back()) REQUIRE(l.undo(deltas.back()));
  CHECK(snapshot(l) == genesis);
}
