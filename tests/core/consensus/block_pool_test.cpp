#include "core/consensus/block_pool.hpp"
#include "core/crypto/hash.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace spacetime;
using consensus::block_pool;
using consensus::waiting_block;

namespace {
block_id id_of(std::uint64_t i) {
  return {hash("st/test-block", {be(i)})};
}

waiting_block block_of(std::uint64_t i, std::uint64_t parent,
                       std::uint64_t source = 0, std::uint64_t until = 100,
                       std::size_t size = 100) {
  return {
      id_of(i), id_of(parent), source, bytes(size, std::uint8_t(i)), {until}};
}

std::vector<block_id> ids(const std::vector<waiting_block>& all) {
  std::vector<block_id> out;
  for (const auto& b : all) out.push_back(b.id);
  return out;
}
} // namespace

TEST_CASE("children of a block leave together, in order of arrival") {
  block_pool pool;
  for (const std::uint64_t i : {4, 2, 9, 3}) CHECK(pool.add(block_of(i, 1)));
  CHECK(pool.add(block_of(5, 4)));
  CHECK(pool.take_children(id_of(7)).empty());
  CHECK(ids(pool.take_children(id_of(1)))
        == std::vector{id_of(4), id_of(2), id_of(9), id_of(3)});
  CHECK(pool.take_children(id_of(1)).empty());
  CHECK(pool.size() == 1);
  CHECK(pool.bytes_held() == 100);
}

TEST_CASE("blocks leave when their time has come, the earliest first") {
  block_pool pool;
  CHECK_FALSE(pool.next());
  for (const std::uint64_t i : {3, 1, 2})
    CHECK(pool.add(block_of(i, 0, i, 10 * i)));
  CHECK(pool.next() == timestamp{10});
  CHECK(pool.take_until({9}).empty());
  CHECK(ids(pool.take_until({20})) == std::vector{id_of(1), id_of(2)});
  CHECK(pool.next() == timestamp{30});
}

TEST_CASE("a source has an eighth of the blocks and of the bytes") {
  block_pool pool;
  for (std::uint64_t i = 0; i < 32; ++i) CHECK(pool.add(block_of(i, 1, 5)));
  CHECK_FALSE(pool.add(block_of(32, 1, 5)));
  CHECK(pool.add(block_of(32, 1, 6)));
  CHECK(pool.dropped() == 1);
  const auto large = std::size_t{3} << 20;
  CHECK(pool.add(block_of(40, 1, 7, 100, large)));
  CHECK(pool.add(block_of(41, 1, 7, 100, large)));
  CHECK_FALSE(pool.add(block_of(42, 1, 7, 100, large))); // 9 of 8 MiB
  CHECK(pool.add(block_of(42, 1, 8, 100, large)));
  CHECK(ids(pool.take_children(id_of(1))).size() == 36);
  CHECK(pool.add(block_of(42, 1, 7, 100, large))); // room again
}

TEST_CASE("a garbled copy keeps no good one out, whoever sends it") {
  block_pool pool;
  auto garbled = block_of(1, 0, 5);
  garbled.raw[3] ^= 1;
  CHECK(pool.add(garbled));
  CHECK(pool.add(block_of(1, 0, 6)));
  CHECK(pool.size() == 2); // either may be the good one
  CHECK(pool.add(block_of(1, 0, 5)));
  CHECK(pool.size() == 2);
  const auto both = pool.take_children(id_of(0));
  for (const auto& b : both) CHECK(b.raw == block_of(1, 0).raw);
}

TEST_CASE("a full pool drops the oldest block of the source that holds most") {
  block_pool pool{{16, 1'600, 4}};
  for (std::uint64_t i = 0; i < 16; ++i)
    CHECK(pool.add(block_of(i, 1, i < 4 ? 1 : 2 + i % 4)));
  CHECK(pool.add(block_of(50, 1, 9)));
  CHECK(pool.size() == 16);
  CHECK(pool.dropped() == 1);
  const auto left = ids(pool.take_children(id_of(1)));
  CHECK(std::ranges::find(left, id_of(0)) == left.end());
  CHECK(std::ranges::find(left, id_of(50)) != left.end());
}

TEST_CASE("no order of 20,000 operations leads above a limit, and every block "
          "that a source may still send is taken") {
  std::mt19937_64 random{11};
  const consensus::pool_limits limits{64, 20'000, 8};
  block_pool pool{limits};
  std::uint64_t now = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto size = random() % 3'000;
    const auto source = random() % 20;
    const bool added = pool.add(
        block_of(random() % 500, random() % 60, source, now + 50, size));
    if (size > limits.bytes / limits.shares) CHECK_FALSE(added);
    if (random() % 3 == 0)
      for (const auto& b : pool.take_children(id_of(random() % 60)))
        CHECK(b.until.value > 0);
    if (random() % 4 == 0)
      for (const auto& b : pool.take_until({++now}))
        CHECK(b.until.value == now);
    REQUIRE(pool.size() <= limits.blocks);
    REQUIRE(pool.bytes_held() <= limits.bytes);
  }
  (void)pool.take_until({now + 50});
  CHECK(pool.size() == 0);
  CHECK(pool.bytes_held() == 0);
}
