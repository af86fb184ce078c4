#include "core/crypto/hash.hpp"
#include "core/crypto/merkle.hpp"
#include "tests/core/crypto/vectors.hpp"

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
