// The pool against a model that keeps one list and looks at all of it.

#include "core/tx/rules.hpp"
#include "tests/core/mempool/bank.hpp"

#include <boost/multiprecision/cpp_int.hpp>
#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::mempool;
using namespace spacetime::test;

namespace {
using wide = boost::multiprecision::uint128_t;

struct model {
  struct item {
    tx t;
    account_id sender;
    timestamp since;
  };
  limits bounds;
  std::vector<item> items;
  std::map<account_id, std::uint64_t> nonces; // of accounts, when last seen

  static std::size_t size(const tx& t) { return codec::encode(t).size(); }
  static wide cost(const tx& t) { return wide{t.value.value} + t.fee.value; }
  static bool pays_less(const tx& a, const tx& b) {
    return wide{a.fee.value} * size(b) < wide{b.fee.value} * size(a);
  }

  std::size_t bytes() const {
    std::size_t out = 0;
    for (const auto& i : items) out += size(i.t);
    return out;
  }
  const item* find(const account_id& sender, std::uint64_t nonce) const {
    for (const auto& i : items)
      if (i.sender == sender && i.t.nonce == nonce) return &i;
    return nullptr;
  }
  void drop(const account_id& sender, std::uint64_t nonce) {
    std::erase_if(items, [&](const item& i) {
      return i.sender == sender && i.t.nonce == nonce;
    });
  }
  bool is_tail(const item& x) const {
    return std::none_of(items.begin(), items.end(), [&x](const item& i) {
      return i.sender == x.sender && i.t.nonce > x.t.nonce;
    });
  }
  wide costs(const account_id& sender) const {
    wide out = 0;
    for (const auto& i : items)
      if (i.sender == sender) out += cost(i.t);
    return out;
  }

  void settle(const account_id& sender, const state::account& a) {
    nonces[sender] = a.nonce;
    std::erase_if(items, [&](const item& i) {
      return i.sender == sender && i.t.nonce < a.nonce;
    });
    while (costs(sender) > a.balance.value)
      for (const auto& i : items)
        if (i.sender == sender && is_tail(i)) {
          drop(sender, i.t.nonce);
          break;
        }
  }

  std::optional<errc> judge(const bank& b, const tx& t,
                            const account_id& sender) const {
    const auto a = b.view(sender);
    if (t.nonce < a.nonce) return errc::nonce_too_low;
    if (t.nonce >= a.nonce + bounds.max_per_sender) return errc::nonce_too_high;
    auto missing = a.nonce;
    while (find(sender, missing)) ++missing;
    if (t.nonce > missing + bounds.max_gap) return errc::nonce_too_high;
    const auto least = b.rules.min_fee_rate
                       * (size(t) + (exists(b.view(t.recipient)) ? 0 : 256));
    if (t.fee.value < least) return errc::fee_below_minimum;
    const auto* old = find(sender, t.nonce);
    if (old && wide{t.fee.value} * 10 < wide{old->t.fee.value} * 11)
      return errc::fee_below_minimum;
    if (cost(t) > ~std::uint64_t{0}) return errc::amount_overflow;
    if (costs(sender) - (old ? cost(old->t) : wide{0}) + cost(t)
        > a.balance.value)
      return errc::insufficient_balance;
    return std::nullopt;
  }

  std::optional<errc> add(const bank& b, const tx& t) {
    for (const auto& i : items)
      if (i.t.id == t.id) return errc::duplicate;
    if (t.expiry.value != 0 && t.expiry < b.next) return errc::tx_expired;
    const auto sender = sender_of(t);
    settle(sender, b.view(sender));
    if (auto e = judge(b, t, sender)) return e;
    const auto before = items;
    drop(sender, t.nonce);
    while (bytes() + size(t) > bounds.max_bytes) {
      const item* victim = nullptr;
      for (const auto& i : items)
        if (i.sender != sender && is_tail(i)
            && (!victim || pays_less(i.t, victim->t)
                || (!pays_less(victim->t, i.t) && i.sender < victim->sender)))
          victim = &i;
      if (!victim || !pays_less(victim->t, t)) {
        items = before;
        return errc::pool_full;
      }
      drop(account_id{victim->sender}, victim->t.nonce);
    }
    items.push_back({t, sender, b.now});
    return std::nullopt;
  }

  void expire(height next, timestamp now) {
    std::erase_if(items, [&](const item& i) {
      return (i.t.expiry.value != 0 && i.t.expiry < next)
             || now.value > i.since.value + bounds.max_age_ms;
    });
  }

  std::vector<tx> best(std::size_t max_bytes, std::size_t max_txs,
                       height next) const {
    auto wanted = nonces;
    std::set<account_id> passed_over;
    std::vector<tx> out;
    std::size_t used = 4;
    while (out.size() < max_txs) {
      const item* top = nullptr;
      for (const auto& i : items)
        if (!passed_over.contains(i.sender) && i.t.nonce == wanted.at(i.sender)
            && (!top || pays_less(top->t, i.t)
                || (!pays_less(i.t, top->t) && i.sender < top->sender)))
          top = &i;
      if (!top) break;
      if ((top->t.expiry.value != 0 && top->t.expiry < next)
          || used + 2 + size(top->t) > max_bytes) {
        passed_over.insert(top->sender);
        continue;
      }
      used += 2 + size(top->t);
      ++wanted[top->sender];
      out.push_back(top->t);
    }
    return out;
  }
};

/// A bank, a pool and its model, and random things that happen to them.
struct trial {
  random_source random;
  bank b;
  limits bounds;
  mempool::pool pool;
  model naive;

  explicit trial(std::uint64_t seed) : random(seed), pool(small()) {
    naive.bounds = bounds = small();
    for (std::uint8_t n = 0; n < 8; ++n) b.of(n).balance.value = 30'000;
  }
  static limits small() {
    limits l;
    l.max_bytes = 5'000;
    l.max_per_sender = 12;
    l.max_gap = 3;
    l.max_age_ms = 500;
    return l;
  }

  std::uint64_t below(std::uint64_t n) { return random() % n; }

  tx any_tx() {
    const auto from = static_cast<std::uint8_t>(below(9));
    const auto to = static_cast<std::uint8_t>(9 + below(4));
    const auto nonce = b.of(from).nonce + below(16);
    auto t = payment(
        name(from), nonce > 0 && below(20) == 0 ? nonce - 1 : nonce,
        account_named(to), 1 + below(3000), 100 + below(4) * below(700));
    if (below(200) == 0) t.value.value = ~std::uint64_t{0};
    if (below(4) == 0) t.memo.resize(below(81));
    if (below(4) == 0)
      t.expiry.value = static_cast<std::uint32_t>(b.next.value + below(6) - 1);
    t.id = codec::id_of(example_network(), t);
    return t;
  }

  void offer() {
    auto t = any_tx();
    if (below(10) == 0 && !naive.items.empty())
      t = naive.items[below(naive.items.size())].t;
    const auto expected = naive.add(b, t);
    const auto got = pool.add(b.tip(), t);
    REQUIRE(got.has_value() == !expected.has_value());
    if (expected) REQUIRE(got.error() == *expected);
  }

  /// A block of the best, or of one that the pool never saw.
  void connect() {
    auto txs = pool.best(600 + below(2000), 1 + below(8), b.next);
    if (below(4) == 0) {
      const auto from = static_cast<std::uint8_t>(below(8));
      txs = {payment(name(from), b.of(from).nonce, account_named(9), 1, 999)};
    }
    for (const auto& t : txs) {
      auto& a = b.accounts[sender_of(t)];
      a.nonce = t.nonce + 1;
      a.balance.value -= std::min(a.balance.value, t.value.value + t.fee.value);
      b.accounts[t.recipient].balance.value += t.value.value;
    }
    ++b.next.value;
    pool.on_block(txs, b.view);
    for (const auto& t : txs) naive.settle(sender_of(t), b.view(sender_of(t)));
  }

  /// An account changes, as in a reorg, and the pool may hear of it or not.
  void disturb() {
    const auto n = static_cast<std::uint8_t>(below(8));
    auto& a = b.of(n);
    a.balance.value = below(40'000);
    if (below(2) == 0 && a.nonce > 0) --a.nonce;
    if (below(2) == 0) return;
    pool.refresh(account_named(n), b.view);
    naive.settle(account_named(n), b.view(account_named(n)));
  }

  void step() {
    b.now.value += below(10);
    switch (below(40)) {
    case 0: connect(); break;
    case 1: disturb(); break;
    case 2:
      pool.expire(b.next, b.now);
      naive.expire(b.next, b.now);
      break;
    default: offer(); break;
    }
  }

  void compare() {
    REQUIRE(pool.size() == naive.items.size());
    REQUIRE(pool.bytes() == naive.bytes());
    REQUIRE(pool.bytes() <= bounds.max_bytes);
    for (const auto& i : naive.items) {
      const auto* t = pool.find(i.t.id);
      REQUIRE(t);
      REQUIRE(*t == i.t);
    }
    const auto bytes = below(6000);
    const auto txs = below(40);
    REQUIRE(pool.best(bytes, txs, b.next) == naive.best(bytes, txs, b.next));
  }
};
} // namespace

TEST_CASE("20,000 random operations do to the pool what they do to a model") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    trial t{seed};
    for (int i = 0; i < 5'000; ++i) {
      t.step();
      if (i % 10 == 0) t.compare();
    }
    t.compare();
  }
}
