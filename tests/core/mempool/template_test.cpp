// What a block template earns, against all that a small pool could give.

#include "core/tx/rules.hpp"
#include "tests/core/mempool/bank.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::mempool;
using namespace spacetime::test;

namespace {
constexpr std::size_t count_bytes = 4, length_bytes = 2;

/// Some senders with the first few of their nonces.
struct small_pool : bank {
  mempool::pool pool{limits{}};
  std::vector<std::vector<tx>> lines;
  random_source random;

  explicit small_pool(std::uint64_t seed) : random(seed) {}

  void fill(bool equal_sizes, bool falling_fees) {
    const auto senders = 1 + random() % 4;
    for (std::uint8_t s = 1; s <= senders; ++s) {
      of(s).balance.value = 1'000'000;
      auto& line = lines.emplace_back();
      std::uint64_t fee = 20'000;
      for (auto n = random() % 5; n > 0; --n) {
        fee = falling_fees ? fee - random() % (fee / 3) : 500 + random() % 9500;
        auto t = payment(name(s), line.size(), account_named(200), 5, fee);
        if (!equal_sizes) t.memo.resize(random() % 81);
        t.id = codec::id_of(example_network(), t);
        REQUIRE(pool.add(tip(), t));
        line.push_back(t);
      }
    }
  }

  /// The most that prefixes of the lines from `from` on can earn.
  std::uint64_t most(std::size_t bytes, std::size_t txs,
                     std::size_t from = 0) const {
    if (from == lines.size()) return 0;
    std::uint64_t out = most(bytes, txs, from + 1), fees = 0;
    for (const auto& t : lines[from]) {
      const auto size = codec::tx_size(t.memo.size()) + length_bytes;
      if (txs == 0 || size > bytes) break;
      bytes -= size;
      --txs;
      fees += t.fee.value;
      out = std::max(out, fees + most(bytes, txs, from + 1));
    }
    return out;
  }

  std::uint64_t earned(std::size_t bytes, std::size_t txs) {
    std::uint64_t out = 0;
    std::map<account_id, std::uint64_t> next;
    std::size_t used = count_bytes;
    const auto all = pool.best(bytes, txs, this->next);
    for (const auto& t : all) {
      REQUIRE(t.nonce == next[sender_of(t)]++);
      out += t.fee.value;
      used += codec::tx_size(t.memo.size()) + length_bytes;
    }
    REQUIRE(used <= std::max(bytes, count_bytes));
    REQUIRE(all.size() <= txs);
    return out;
  }

  std::uint64_t fees_of_line(std::size_t i) const {
    std::uint64_t out = 0;
    for (const auto& t : lines[i]) out += t.fee.value;
    return out;
  }
};
} // namespace

TEST_CASE("a high-paying child pulls its cheap parent into a block") {
  bank b;
  mempool::pool pool{limits{}};
  for (std::uint8_t n = 1; n <= 3; ++n) b.of(n).balance.value = 1'000'000;
  const auto pay = [&](std::uint8_t from, std::uint64_t nonce,
                       std::uint64_t fee) {
    const auto t = payment(name(from), nonce, account_named(3), 5, fee);
    REQUIRE(pool.add(b.tip(), t));
    return t;
  };
  const auto parent = pay(1, 0, 500), child = pay(1, 1, 90'000);
  const auto other = pay(2, 0, 5'000), more = pay(2, 1, 5'000);
  const auto room = [](std::size_t n) { return 4 + n * 161; };
  CHECK(pool.best(room(2), 9, b.next) == std::vector{parent, child});
  CHECK(pool.best(room(3), 9, b.next) == std::vector{parent, child, other});
  // Where the pair does not fit, the parent counts for itself.
  CHECK(pool.best(room(1), 9, b.next) == std::vector{other});
  CHECK(pool.best(room(4), 9, b.next)
        == std::vector{parent, child, other, more});
}

TEST_CASE("where no later one pays more and sizes are equal, a template earns "
          "the most that there is") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    small_pool p{seed};
    p.fill(true, true);
    for (std::size_t n = 0; n <= 12; ++n) {
      CHECK(p.earned(4 + n * 161, 99) == p.most(n * 161, 99));
      CHECK(p.earned(1 << 20, n) == p.most(1 << 20, n));
    }
  }
}

TEST_CASE("a template earns the most there is, less at most one package, and "
          "on average 98 % of it") {
  std::uint64_t all_earned = 0, all_most = 0;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    small_pool p{1000 + seed};
    p.fill(false, false);
    std::uint64_t largest = 0;
    for (std::size_t i = 0; i < p.lines.size(); ++i)
      largest = std::max(largest, p.fees_of_line(i));
    for (std::size_t bytes = 0; bytes < 3000; bytes += 100 + seed % 37) {
      const auto earned = p.earned(4 + bytes, 99);
      const auto most = p.most(bytes, 99);
      CHECK(earned <= most);
      // Rates leave out the two bytes of a length: 161 / 159.
      CHECK(most * 159 <= (earned + largest) * 161);
      all_earned += earned;
      all_most += most;
    }
  }
  CHECK(all_earned * 100 >= all_most * 98);
}

TEST_CASE("a limit on the count is kept, at the cost of at most a half") {
  // Rates count bytes: where the count binds, a small one may stand in for a
  // large one that pays more in all, but not more per byte (159 to 239).
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    small_pool p{5000 + seed};
    p.fill(false, true);
    for (std::size_t n = 0; n <= 12; ++n) {
      const auto earned = p.earned(1 << 20, n);
      CHECK(earned * 239 >= p.most(1 << 20, n) * 159);
    }
  }
}
