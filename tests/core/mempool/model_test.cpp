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
    std::optional<timestamp> future{};
    std::uint64_t size = codec::encode(t).size();
  };
  /// Fees and bytes of some of one sender's, by nonce.
  struct run {
    std::uint64_t first{}, last{}, fee{}, size{};
  };
  limits bounds;
  std::vector<item> items;
  std::map<account_id, std::uint64_t> nonces; // of accounts, when last seen
  std::uint64_t floor_set = 0;
  timestamp floor_since;
  std::map<tx_id, fate> gone;

  static wide cost(const tx& t) { return wide{t.value.value} + t.fee.value; }
  static bool pays_less(const run& a, const run& b) {
    return wide{a.fee} * b.size < wide{b.fee} * a.size;
  }

  std::size_t bytes() const {
    std::size_t out = 0;
    for (const auto& i : items) out += i.size;
    return out;
  }
  const item* find(const account_id& sender, std::uint64_t nonce) const {
    for (const auto& i : items)
      if (i.sender == sender && i.t.nonce == nonce) return &i;
    return nullptr;
  }
  void drop(const account_id& sender, std::uint64_t nonce, fate why) {
    gone[find(sender, nonce)->t.id] = why;
    std::erase_if(items, [&](const item& i) {
      return i.sender == sender && i.t.nonce == nonce;
    });
  }
  std::uint64_t highest(const account_id& sender) const {
    std::uint64_t out = 0;
    for (const auto& i : items)
      if (i.sender == sender) out = std::max(out, i.t.nonce);
    return out;
  }
  std::uint64_t missing(const account_id& sender) const {
    const auto next = nonces.find(sender);
    auto out = next == nonces.end() ? 0 : next->second;
    while (find(sender, out)) ++out;
    return out;
  }
  std::size_t futures() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        items, [](const item& i) { return i.future.has_value(); }));
  }
  std::set<account_id> senders() const {
    std::set<account_id> out;
    for (const auto& i : items) out.insert(i.sender);
    return out;
  }
  void mark(timestamp now) {
    for (const auto& s : senders()) {
      const auto gap = missing(s);
      for (auto& i : items)
        if (i.sender == s) {
          if (i.t.nonce < gap)
            i.future.reset();
          else if (!i.future)
            i.future = now;
        }
    }
  }

  /// Of the nonces from `first` to below `end`: the run that pays most.
  std::optional<run> richest(const account_id& sender, std::uint64_t first,
                             std::uint64_t end, height next) const {
    std::optional<run> out;
    run sum{first, first, 0, 0};
    for (auto n = first; n < end; ++n) {
      const auto* i = find(sender, n);
      if (!i || (i->t.expiry.value != 0 && i->t.expiry < next)) break;
      sum.last = n;
      sum.fee += i->t.fee.value;
      sum.size += i->size;
      if (!out || pays_less(*out, sum)) out = sum;
    }
    return out;
  }
  /// The package that holds a nonce.
  run package(const account_id& sender, std::uint64_t nonce) const {
    auto first = nonce;
    while (first > 0 && find(sender, first - 1)) --first;
    for (;;) {
      const auto p = *richest(sender, first, ~std::uint64_t{0}, {0});
      if (nonce <= p.last) return p;
      first = p.last + 1;
    }
  }

  std::uint64_t floor(timestamp now) const {
    auto age = now > floor_since ? now.value - floor_since.value : 0;
    auto from = floor_set;
    for (; age >= bounds.half_life_ms && from; age -= bounds.half_life_ms)
      from /= 2;
    if (from == 0) return 0;
    return static_cast<std::uint64_t>(
        from - wide{from - from / 2} * age / bounds.half_life_ms);
  }

  void settle(const account_id& sender, const state::account& a, timestamp now,
              const std::set<tx_id>& confirmed = {}) {
    nonces[sender] = a.nonce;
    for (auto n = a.nonce; n-- > 0 && a.nonce - n < 200;)
      if (const auto* i = find(sender, n))
        drop(sender, n,
             confirmed.contains(i->t.id) ? fate::confirmed : fate::invalid);
    const auto all = [&] {
      wide out = 0;
      for (const auto& i : items)
        if (i.sender == sender) out += cost(i.t);
      return out;
    };
    while (all() > a.balance.value)
      drop(sender, highest(sender), fate::invalid);
    mark(now);
  }

  std::optional<errc> judge(const bank& b, const item& x) const {
    const auto& t = x.t;
    const auto a = b.view(x.sender);
    if (t.nonce < a.nonce) return errc::nonce_too_low;
    if (t.nonce >= a.nonce + bounds.max_per_sender) return errc::nonce_too_high;
    const auto* old = find(x.sender, t.nonce);
    if (!old && t.nonce > missing(x.sender)) {
      std::size_t of_sender = 0;
      for (const auto& i : items) of_sender += i.sender == x.sender && i.future;
      if (of_sender >= bounds.max_future) return errc::nonce_too_high;
      if (futures() >= bounds.max_future_all) return errc::pool_full;
    }
    const auto least = b.rules.min_fee_rate
                       * (x.size + (exists(b.view(t.recipient)) ? 0 : 256));
    if (t.fee.value < least) return errc::fee_below_minimum;
    if (wide{t.fee.value} * 1000 < wide{floor(b.now)} * x.size)
      return errc::pool_full;
    if (old
        && (wide{t.fee.value} * 10 < wide{old->t.fee.value} * 11
            || t.fee.value < old->t.fee.value + b.rules.min_fee_rate * x.size))
      return errc::pool_full;
    if (cost(t) > ~std::uint64_t{0}) return errc::amount_overflow;
    wide others = 0;
    for (const auto& i : items)
      if (i.sender == x.sender && &i != old) others += cost(i.t);
    if (others + cost(t) > a.balance.value) return errc::insufficient_balance;
    return std::nullopt;
  }

  std::optional<errc> add(const bank& b, const tx& t) {
    for (const auto& i : items)
      if (i.t.id == t.id) return errc::duplicate;
    if (t.expiry.value != 0 && t.expiry < b.next) return errc::tx_expired;
    const item x{t, sender_of(t), b.now};
    settle(x.sender, b.view(x.sender), b.now);
    if (auto e = judge(b, x)) return e;
    const auto before = *this;
    if (find(x.sender, t.nonce)) drop(x.sender, t.nonce, fate::replaced);
    items.push_back(x);
    mark(b.now);
    if (bytes() <= bounds.max_bytes) return std::nullopt;
    if (items.back().future || !make_room(x.sender, t.nonce, b)) {
      *this = before;
      return errc::pool_full;
    }
    return std::nullopt;
  }

  bool make_room(const account_id& sender, std::uint64_t nonce, const bank& b) {
    const auto worth = package(sender, nonce);
    run highest_gone{0, 0, 0, 1};
    while (bytes() > bounds.max_bytes) {
      std::optional<std::pair<run, account_id>> victim;
      for (const auto& s : senders()) {
        if (s == sender) continue;
        const auto p = package(s, highest(s));
        if (!victim || pays_less(p, victim->first)) victim = {p, s};
      }
      if (!victim || !pays_less(victim->first, worth)) return false;
      const auto& p = victim->first;
      if (pays_less(highest_gone, p)) highest_gone = p;
      for (auto n = p.first; n <= p.last; ++n)
        drop(victim->second, n, fate::evicted);
      mark(b.now);
    }
    const auto raised =
        static_cast<std::uint64_t>(
            (wide{highest_gone.fee} * 1000 + highest_gone.size - 1)
            / highest_gone.size)
        + b.rules.min_fee_rate * 1000;
    if (raised > floor(b.now)) {
      floor_set = raised;
      floor_since = b.now;
    }
    return true;
  }

  void expire(height next, timestamp now) {
    const auto sweep = [&](auto&& is_over) {
      const auto all = items;
      for (const auto& i : all)
        if (is_over(i)) drop(i.sender, i.t.nonce, fate::expired);
      mark(now);
    };
    sweep([&](const item& i) {
      return (i.t.expiry.value != 0 && i.t.expiry < next)
             || now.value > i.since.value + bounds.max_age_ms;
    });
    sweep([&](const item& i) {
      return i.future && now.value > i.future->value + bounds.max_future_ms;
    });
  }

  std::vector<tx> best(std::size_t max_bytes, std::size_t max_txs,
                       height next) const {
    std::map<account_id, std::pair<std::uint64_t, std::uint64_t>> spans;
    for (const auto& s : senders())
      spans[s] = {nonces.at(s), ~std::uint64_t{0}};
    std::vector<tx> out;
    std::size_t used = 4;
    for (;;) {
      std::optional<std::pair<run, account_id>> top;
      for (const auto& [s, span] : spans)
        if (auto p = richest(s, span.first, span.second, next))
          if (!top || pays_less(top->first, *p)) top = {*p, s};
      if (!top) return out;
      const auto& [p, s] = *top;
      const auto n = p.last - p.first + 1;
      if (out.size() + n > max_txs || used + 2 * n + p.size > max_bytes) {
        spans[s].second = p.last;
        continue;
      }
      for (auto i = p.first; i <= p.last; ++i) out.push_back(find(s, i)->t);
      used += 2 * n + p.size;
      spans[s].first = p.last + 1;
    }
  }
};

/// A bank, a pool and its model, and random things that happen to them.
struct trial {
  random_source random;
  bank b;
  limits bounds = small();
  mempool::pool pool{bounds};
  model naive;
  /// Blocks of the last while, and the accounts before each.
  std::vector<std::pair<std::vector<tx>, decltype(bank::accounts)>> blocks;

  explicit trial(std::uint64_t seed) : random(seed) {
    naive.bounds = bounds;
    for (std::uint8_t n = 0; n < 8; ++n) b.of(n).balance.value = 30'000;
  }
  static limits small() {
    limits l;
    l.max_bytes = 5'000;
    l.max_per_sender = 12;
    l.max_future = 3;
    l.max_future_all = 8;
    l.max_age_ms = 700;
    l.max_future_ms = 150;
    l.half_life_ms = 60;
    return l;
  }

  std::uint64_t below(std::uint64_t n) { return random() % n; }

  tx any_tx() {
    const auto from = static_cast<std::uint8_t>(below(9));
    const auto to = static_cast<std::uint8_t>(9 + below(4));
    const auto& a = b.of(from);
    auto nonce = a.nonce + below(16);
    if (below(3) != 0) nonce = pool.outlook_of(account_named(from), a).nonce;
    if (below(20) == 0 && nonce > 0) --nonce;
    auto t = payment(name(from), nonce, account_named(to), 1 + below(3000),
                     100 + below(4) * below(900));
    if (below(200) == 0) t.value.value = ~std::uint64_t{0};
    if (below(4) == 0) t.memo.resize(below(81));
    if (below(6) == 0)
      t.expiry.value = static_cast<std::uint32_t>(b.next.value + below(6) - 1);
    t.id = codec::id_of(example_network(), t);
    return t;
  }

  void offer(const tx& t) {
    const auto expected = naive.add(b, t);
    const auto got = pool.add(b.tip(), t);
    REQUIRE(got.has_value() == !expected.has_value());
    if (expected) REQUIRE(name_of(got.error().code) == name_of(*expected));
  }
  void offer() {
    if (below(10) == 0 && !naive.items.empty())
      offer(tx{naive.items[below(naive.items.size())].t});
    else
      offer(any_tx());
  }

  /// A block of the best, or of one that the pool never saw.
  void connect() {
    auto txs = pool.best(600 + below(2000), 1 + below(8), b.next);
    if (below(4) == 0) {
      const auto from = static_cast<std::uint8_t>(below(8));
      txs = {payment(name(from), b.of(from).nonce, account_named(9), 1, 999)};
    }
    blocks.emplace_back(txs, b.accounts);
    std::set<tx_id> ids;
    for (const auto& t : txs) {
      auto& a = b.accounts[sender_of(t)];
      a.nonce = t.nonce + 1;
      a.balance.value -= std::min(a.balance.value, t.value.value + t.fee.value);
      b.accounts[t.recipient].balance.value += t.value.value;
      ids.insert(t.id);
    }
    ++b.next.value;
    pool.on_block(txs, b.view, b.now);
    for (const auto& t : txs)
      naive.settle(sender_of(t), b.view(sender_of(t)), b.now, ids);
  }

  /// Blocks leave; their accounts are seen again, their transactions offered.
  void reorganise() {
    std::vector<tx> back;
    for (auto n = 1 + below(3); n > 0 && !blocks.empty(); --n) {
      b.accounts = blocks.back().second;
      const auto& txs = blocks.back().first;
      back.insert(back.begin(), txs.begin(), txs.end());
      blocks.pop_back();
      --b.next.value;
    }
    for (const auto& t : back) offer(t);
    for (const auto& t : back) refresh(sender_of(t));
  }

  void refresh(const account_id& id) {
    pool.refresh(id, b.view(id), b.now);
    naive.settle(id, b.view(id), b.now);
  }

  /// An account changes, and the pool may hear of it or not.
  void disturb() {
    const auto n = static_cast<std::uint8_t>(below(8));
    auto& a = b.of(n);
    a.balance.value = below(40'000);
    if (below(2) == 0 && a.nonce > 0) --a.nonce;
    if (below(2) == 0) refresh(account_named(n));
  }

  void step() {
    b.now.value += below(10);
    switch (below(40)) {
    case 0: connect(); break;
    case 1: disturb(); break;
    case 2: reorganise(); break;
    case 3:
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
    REQUIRE(pool.future() == naive.futures());
    REQUIRE(pool.senders() == naive.senders().size());
    REQUIRE(pool.floor(b.now) == naive.floor(b.now));
    for (const auto& i : naive.items) {
      const auto found = pool.look_up(i.t.id);
      REQUIRE(found);
      REQUIRE(*found->t == i.t);
      REQUIRE(found->since == i.since);
      REQUIRE(found->future == i.future.has_value());
    }
    const auto bytes = below(6000);
    const auto txs = below(40);
    REQUIRE(pool.best(bytes, txs, b.next) == naive.best(bytes, txs, b.next));
    REQUIRE(pool.list({}, 1000).size() == naive.items.size());
    std::map<tx_id, fate> gone;
    for (const auto& d : pool.take_departures()) gone[d.id] = d.why;
    REQUIRE(gone == naive.gone);
    naive.gone.clear();
  }
};
} // namespace

TEST_CASE("100,000 random operations do to the pool what they do to a model") {
  std::map<fate, std::uint64_t> seen;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    trial t{seed};
    for (int i = 0; i < 10'000; ++i) {
      t.step();
      if (i % 10 == 0) t.compare();
    }
    t.compare();
    for (std::size_t i = 0; i < fates; ++i)
      seen[static_cast<fate>(i)] += t.pool.gone(static_cast<fate>(i));
  }
  // It was about something: each fate has befallen many.
  for (const auto& [why, n] : seen) CHECK(n > 500);
}
