#include "core/crypto/derive.hpp"
#include "tests/core/crypto/vectors.hpp"

#include <doctest/doctest.h>

using namespace spacetime;

namespace {
secret_array<64> seed_of(const nlohmann::json& x) {
  secret_array<64> out;
  out.value = test::raw<64>(x["seed"]);
  return out;
}

std::string hex(const derived_key& k) {
  return to_hex(k.key.scalar());
}

const auto group_order = *from_hex<32>(
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
} // namespace

TEST_CASE("derived keys equal the independent computation") {
  const auto people = test::vectors("keys.json")["identities"];
  REQUIRE(people.size() == 3);
  for (const auto& x : people) {
    const auto seed = seed_of(x);
    CHECK(hex(wallet_key(seed, 0)) == test::text(x["wallet_0"]));
    CHECK(hex(wallet_key(seed, 1)) == test::text(x["wallet_1"]));
    const auto last = wallet_key(seed, UINT32_MAX);
    CHECK(hex(last) == test::text(x["wallet_4294967295"]));
    CHECK(last.index == UINT32_MAX);
    CHECK(hex(farmer_key(seed, 0)) == test::text(x["farmer_0"]));
    CHECK(to_hex(farm_secret(seed).value) == test::text(x["farm_secret"]));
    CHECK(to_hex(wallet_key(seed, 0).key.public_part().value)
          == test::text(x["wallet_0_public"]));
  }
}

TEST_CASE("an index whose hash is no scalar is passed over and the next used") {
  const auto scalars = std::array{bytes32{}, group_order, bytes32{1}};
  const auto key =
      first_valid_key(0, [&](std::uint32_t i) { return scalars.at(i); });
  CHECK(key.index == 2);
  CHECK(key.key.scalar() == bytes32{1});
  CHECK(first_valid_key(2, [&](std::uint32_t i) { return scalars.at(i); }).index
        == 2);
}

TEST_CASE("wallet and farmer keys of one index differ, as do two indices") {
  const secret_array<64> seed;
  CHECK(hex(wallet_key(seed, 5)) != hex(farmer_key(seed, 5)));
  CHECK(hex(wallet_key(seed, 5)) != hex(wallet_key(seed, 6)));
}
