#include "core/base/hex.hpp"

#include <doctest/doctest.h>

using namespace spacetime;

TEST_CASE("hex goes both ways, in either case, with and without 0x") {
  const bytes raw{0x00, 0x7f, 0xab, 0xff};
  CHECK(to_hex(raw) == "007fabff");
  CHECK(from_hex("007FabFF") == raw);
  CHECK(from_hex("0x007fabff") == raw);
  CHECK(from_hex("")->empty());
}

TEST_CASE("odd, foreign and wrongly long hex is refused") {
  CHECK(from_hex("abc").error() == errc::bad_encoding);
  CHECK(from_hex("zz").error() == errc::bad_encoding);
  CHECK(from_hex<2>("abcd") == std::array<std::uint8_t, 2>{0xab, 0xcd});
  CHECK(from_hex<2>("abcdef").error()
        == error{errc::bad_encoding, "expected 4 hex digits, got 6"});
}
