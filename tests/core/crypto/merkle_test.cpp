#include "core/crypto/hash.hpp"
#include "core/crypto/merkle.hpp"
#include "core/crypto/merkle_path.hpp"
#include "tests/core/crypto/vectors.hpp"

#include <doctest/doctest.h>

#include <bit>

using namespace spacetime;

namespace {
constexpr auto tag = "t";
bytes32 leaf(std::uint32_t i) {
  return hash("leaf", {be(i)});
}

// RFC 6962 section 2.1, as written there: split at the largest power of two.
bytes32 by_definition(const std::vector<bytes32>& d) {
  if (d.empty()) return {};
  if (d.size() == 1) return d[0];
  const auto k = std::bit_floor(d.size() - 1);
  return hash(tag, {by_definition({d.begin(), d.begin() + k}),
                    by_definition({d.begin() + k, d.end()})});
}
} // namespace

TEST_CASE("the root equals RFC 6962's recursive definition for every size") {
  std::vector<bytes32> leaves;
  for (std::uint32_t n = 0; n < 70; ++n) {
    CHECK(merkle_root(tag, leaves) == by_definition(leaves));
    leaves.push_back(leaf(n));
  }
}

TEST_CASE("with RFC 6962's hashes the roots are the published ones") {
  const auto v = test::vectors("rfc6962.json");
  const auto node = [](const bytes32& left, const bytes32& right) {
    return sha256({be(std::uint8_t{1}), left, right});
  };
  REQUIRE(v["leaves"].size() == 8);
  REQUIRE(v["roots"].size() == 9);
  std::vector<bytes32> leaves;
  // No leaves are SHA-256 of nothing there; here they are zero bytes.
  CHECK(v["roots"][0] == to_hex(sha256({})));
  CHECK(merkle_root(leaves, node) == bytes32{});
  for (std::size_t n = 1; n <= 8; ++n) {
    leaves.push_back(
        sha256({be(std::uint8_t{0}), test::raw(v["leaves"][n - 1])}));
    CHECK(v["roots"][n] == to_hex(merkle_root(leaves, node)));
  }
}

TEST_CASE("a mountain range has one peak per bit of its count") {
  mountain_range range;
  CHECK(range.root(tag) == bytes32{});
  for (std::uint32_t n = 1; n < 70; ++n) {
    range.append(tag, leaf(n));
    CHECK(range.count() == n);
    CHECK(range.peaks().size() == static_cast<std::size_t>(std::popcount(n)));
    // Bagging right to left is the RFC 6962 tree over the same leaves.
    std::vector<bytes32> leaves;
    for (std::uint32_t i = 1; i <= n; ++i) leaves.push_back(leaf(i));
    CHECK(range.root(tag) == by_definition(leaves));
  }
}

TEST_CASE("a mountain range continues from its peaks") {
  mountain_range a;
  for (std::uint32_t i = 0; i < 13; ++i) a.append(tag, leaf(i));
  mountain_range b{a.count(), a.peaks()};
  a.append(tag, leaf(13));
  b.append(tag, leaf(13));
  CHECK(a == b);
}

namespace {
std::vector<bytes32> leaves_of(std::uint32_t n) {
  std::vector<bytes32> out;
  for (std::uint32_t i = 0; i < n; ++i) out.push_back(leaf(i));
  return out;
}

// RFC 6962 section 2.1.1, as written there.
std::vector<bytes32> path_by_definition(std::size_t m,
                                        const std::vector<bytes32>& d) {
  if (d.size() == 1) return {};
  const auto k = std::bit_floor(d.size() - 1);
  const std::vector<bytes32> left{d.begin(), d.begin() + k},
      right{d.begin() + k, d.end()};
  auto out =
      m < k ? path_by_definition(m, left) : path_by_definition(m - k, right);
  out.push_back(by_definition(m < k ? right : left));
  return out;
}
} // namespace

TEST_CASE("every leaf of every size up to 257 has the path of RFC 6962") {
  for (const std::uint32_t n : {1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 33, 64, 257}) {
    const auto leaves = leaves_of(n);
    for (std::uint32_t i = 0; i < n; ++i)
      REQUIRE(merkle_path(tag, leaves, i) == path_by_definition(i, leaves));
  }
  for (std::uint32_t n = 1; n <= 257; ++n) {
    const auto leaves = leaves_of(n);
    const auto root = merkle_root(tag, leaves);
    for (const std::uint32_t i : {0u, n / 3, n / 2, n - 1}) {
      const auto path = merkle_path(tag, leaves, i);
      REQUIRE(merkle_path_root(tag, leaves[i], i, n, path) == root);
    }
  }
}

TEST_CASE("a path leads to the root from no other leaf, with no other hash and "
          "at no other length") {
  for (std::uint32_t n = 1; n <= 40; ++n) {
    const auto leaves = leaves_of(n);
    const auto root = merkle_root(tag, leaves);
    for (std::uint32_t i = 0; i < n; ++i) {
      const auto path = merkle_path(tag, leaves, i);
      CHECK(merkle_path_root(tag, leaf(n), i, n, path) != root);
      for (std::uint32_t other = 0; other < n; ++other)
        if (other != i)
          CHECK(merkle_path_root(tag, leaves[i], other, n, path) != root);
      for (std::size_t at = 0; at < path.size(); ++at) {
        auto wrong = path;
        wrong[at][at % 32] ^= 1;
        CHECK(merkle_path_root(tag, leaves[i], i, n, wrong) != root);
      }
      auto longer = path;
      longer.push_back(root);
      CHECK_FALSE(merkle_path_root(tag, leaves[i], i, n, longer));
      if (path.empty()) continue;
      auto shorter = path;
      shorter.pop_back();
      CHECK_FALSE(merkle_path_root(tag, leaves[i], i, n, shorter));
    }
  }
}

TEST_CASE("no leaf outside a tree has a path, not even in an empty one") {
  CHECK_FALSE(merkle_path_root(tag, leaf(0), 0, 0, {}));
  CHECK_FALSE(merkle_path_root(tag, leaf(0), 1, 1, {}));
  CHECK(merkle_path_root(tag, leaf(0), 0, 1, {}) == leaf(0));
  const auto most = ~std::uint64_t{0};
  CHECK_FALSE(merkle_path_root(tag, leaf(0), most, most, {}));
  CHECK(merkle_siblings(most, 0).size() == 64);
  CHECK(merkle_siblings(most, most - 1).size() == 63);
}

TEST_CASE("siblings and the leaf itself cover the tree once") {
  for (std::uint64_t n = 1; n <= 257; ++n) {
    const auto i = n * 5 / 7;
    std::uint64_t leaves = 1;
    for (const auto& s : merkle_siblings(n, i)) {
      CHECK((i < s.begin || i >= s.end));
      leaves += s.end - s.begin;
    }
    CHECK(leaves == n);
  }
}
