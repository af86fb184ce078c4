#include "core/tx/signatures.hpp"
#include "tests/core/tx/example.hpp"

#include <doctest/doctest.h>

#include <thread>

using namespace spacetime;
using namespace spacetime::test;

namespace {
tx good(std::uint64_t nonce = 7) {
  return sealed(payment(key(1).public_part(), nonce, account_named(2), 5, 159),
                key(1));
}

std::vector<tx> many(std::uint64_t n) {
  std::vector<tx> out;
  for (std::uint64_t i = 0; i < n; ++i) out.push_back(good(i));
  return out;
}

const std::vector<tx>& two_hundred() {
  static const auto made = many(200);
  return made;
}
} // namespace

TEST_CASE("a remembered signature is known by id and seal together") {
  verified_signatures cache{8};
  const auto t = good();
  CHECK_FALSE(cache.knows(t));
  cache.remember(t);
  CHECK(cache.knows(t));
  auto other_seal = t;
  other_seal.seal.value[0] ^= 1;
  CHECK_FALSE(cache.knows(other_seal));
  auto other_id = t;
  other_id.id.value[0] ^= 1;
  CHECK_FALSE(cache.knows(other_id));
}

TEST_CASE("at least the last `capacity` signatures are remembered, at most "
          "twice as many") {
  constexpr std::size_t capacity = 5;
  verified_signatures cache{capacity};
  std::vector<tx> seen;
  for (std::uint64_t i = 0; i < 40; ++i) {
    seen.push_back(payment(name(1), i, account_named(2), 1));
    cache.remember(seen.back());
    std::size_t known = 0;
    for (const auto& t : seen) known += cache.knows(t);
    CHECK(known <= 2 * capacity);
    for (std::size_t j = seen.size() - std::min(seen.size(), capacity);
         j < seen.size(); ++j)
      CHECK(cache.knows(seen[j]));
  }
}

TEST_CASE("a cache of no signatures knows none") {
  verified_signatures cache{0};
  cache.remember(good());
  CHECK_FALSE(cache.knows(good()));
}

TEST_CASE("threads that remember at once lose nothing") {
  verified_signatures cache{1000};
  const auto& txs = two_hundred();
  const auto part = [&](std::size_t from) {
    for (auto i = from; i < txs.size(); i += 2) {
      cache.remember(txs[i]);
      (void)cache.knows(txs[txs.size() - 1 - i]);
    }
  };
  std::thread other{part, 1};
  part(0);
  other.join();
  for (const auto& t : txs) CHECK(cache.knows(t));
}

TEST_CASE("no bad signature gives the number of transactions") {
  for (const unsigned threads : {1u, 4u}) {
    CHECK(first_bad_signature({}, {nullptr, threads}) == 0);
    CHECK(first_bad_signature(two_hundred(), {nullptr, threads}) == 200);
  }
}

TEST_CASE("the first of several bad signatures is found, on one thread and on "
          "many") {
  using places = std::vector<std::size_t>;
  for (const auto& bad : {places{0}, places{100}, places{199}, places{31, 32},
                          places{199, 64, 63}, places{0, 199}}) {
    auto txs = two_hundred();
    for (const auto i : bad) txs[i].seal.value[40] ^= 1;
    const auto first = *std::min_element(bad.begin(), bad.end());
    for (const unsigned threads : {1u, 2u, 3u, 8u})
      CHECK(first_bad_signature(txs, {nullptr, threads}) == first);
  }
}

TEST_CASE("good signatures are remembered, bad ones are not") {
  verified_signatures cache{1000};
  auto txs = two_hundred();
  txs[150].seal.value[0] ^= 1;
  CHECK(first_bad_signature(txs, {&cache, 2}) == 150);
  CHECK_FALSE(cache.knows(txs[150]));
  for (std::size_t i = 0; i < 150; ++i) CHECK(cache.knows(txs[i]));
  CHECK(first_bad_signature(txs, {&cache, 2}) == 150);
}

TEST_CASE("a known id under another seal is verified") {
  verified_signatures cache{1000};
  auto txs = two_hundred();
  for (const auto& t : txs) cache.remember(t);
  CHECK(first_bad_signature(txs, {&cache, 2}) == 200);
  txs[77].seal = txs[78].seal;
  CHECK(first_bad_signature(txs, {&cache, 2}) == 77);
}
