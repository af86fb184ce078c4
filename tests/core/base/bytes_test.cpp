#include "core/base/bytes.hpp"

#include <doctest/doctest.h>

using namespace spacetime;

TEST_CASE("integers are written big-endian and read back") {
  writer out;
  out.put(std::uint8_t{1}).put(std::uint16_t{0x0203}).put(0x04050607u);
  out.put(std::uint64_t{0x08090a0b0c0d0e0f});
  for (std::size_t i = 0; i < 15; ++i) CHECK(out.view()[i] == i + 1);
  reader in{out.view()};
  CHECK(in.take<std::uint8_t>() == 1);
  CHECK(in.take<std::uint16_t>() == 0x0203);
  CHECK(in.take<std::uint32_t>() == 0x04050607u);
  CHECK(in.take<std::uint64_t>() == 0x08090a0b0c0d0e0f);
  CHECK(in.done());
}

TEST_CASE("reading past the end yields zeros and is remembered") {
  const bytes three{1, 2, 3};
  reader in{three};
  CHECK(in.take<std::uint16_t>() == 0x0102);
  CHECK(in.take<std::uint64_t>() == 0);
  CHECK_FALSE(in.ok());
  CHECK(in.take<std::uint8_t>() == 0);
  CHECK_FALSE(in.done());
  CHECK(in.take<4>() == std::array<std::uint8_t, 4>{});
}

TEST_CASE("a reader is not done while bytes are left") {
  const bytes two{1, 2};
  reader in{two};
  in.take<std::uint8_t>();
  CHECK(in.ok());
  CHECK_FALSE(in.done());
  CHECK(in.remaining() == 1);
}
