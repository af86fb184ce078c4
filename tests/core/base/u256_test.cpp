#include "core/base/u256.hpp"

#include <doctest/doctest.h>

using namespace spacetime;

TEST_CASE("a u256 and its 32 big-endian bytes are one value") {
  bytes32 raw{};
  for (std::size_t i = 0; i < 32; ++i)
    raw[i] = static_cast<std::uint8_t>(i * 7 + 1);
  CHECK(to_bytes(to_u256(raw)) == raw);
  CHECK(to_bytes(u256{258})[30] == 1);
  CHECK(to_bytes(u256{258})[31] == 2);
  CHECK(to_u256(to_bytes(max_u256())) == max_u256());
}

TEST_CASE("a saturating sum stops at the largest value") {
  CHECK(saturating_add(1, 2) == 3);
  CHECK(saturating_add(max_u256(), 1) == max_u256());
  CHECK(saturating_add(max_u256() - 1, 1) == max_u256());
}
