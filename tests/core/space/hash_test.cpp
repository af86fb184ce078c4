#include "core/space/blake3.hpp"
#include "space_fixture.hpp"

#include <random>

using namespace spacetime;
using namespace spacetime::space;
using namespace spacetime::test;

// From the test vectors of the BLAKE3 team: input bytes 0, 1, 2 ... 63.
TEST_CASE("blake3 of 64 bytes agrees with its published vector") {
  std::array<std::uint8_t, 64> input;
  for (std::size_t i = 0; i < 64; ++i) input[i] = static_cast<std::uint8_t>(i);
  CHECK(to_hex(blake3(input))
        == "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98");
}

TEST_CASE("the last kernel is the portable one, the first the fastest") {
  REQUIRE(!kernels().empty());
  CHECK(kernels().back() == portable_kernel());
  CHECK(&fastest_kernel() == kernels().front());
  for (const auto* kernel : kernels())
    MESSAGE("kernel: " << std::string{kernel->name});
}

TEST_CASE("all kernels compute the same for every count of states") {
  std::mt19937_64 next{1};
  aes_keys keys;
  for (auto& byte : keys.value) byte = static_cast<std::uint8_t>(next());
  const auto& plain = *portable_kernel();
  for (const auto* fast : kernels())
    for (std::size_t count = 0; count <= 70; ++count) {
      CAPTURE(std::string{fast->name});
      CAPTURE(count);
      std::vector<std::uint64_t> lo(count), hi(count);
      for (auto& x : lo) x = next();
      for (auto& x : hi) x = next();
      const auto some = next();
      const auto first = static_cast<std::uint32_t>(some >> 32);
      // One more than count, to see that nothing is written past the end.
      std::vector<std::uint32_t> a(count + 1, 7), b(count + 1, 7);
      fast->scan(keys, first, 0xa3b1c4d7, count, a.data());
      plain.scan(keys, first, 0xa3b1c4d7, count, b.data());
      CHECK(a == b);
      fast->target(keys, some, hi.data(), count, 32, a.data());
      plain.target(keys, some, hi.data(), count, 32, b.data());
      CHECK(a == b);
      std::vector<std::uint64_t> c(count + 1, 7), d(count + 1, 7);
      fast->chain(keys, some, lo.data(), count, c.data());
      plain.chain(keys, some, lo.data(), count, d.data());
      CHECK(c == d);
      auto lo2 = lo, hi2 = hi;
      fast->permute(keys, lo.data(), hi.data(), count, 3);
      plain.permute(keys, lo2.data(), hi2.data(), count, 3);
      CHECK(lo == lo2);
      CHECK(hi == hi2);
    }
}

TEST_CASE("a scan passes the end of 32 bits without a carry") {
  const aes_keys keys;
  for (const auto* kernel : kernels()) {
    std::array<std::uint32_t, 16> out, again;
    kernel->scan(keys, 0xfffffffa, 0, 16, out.data());
    for (std::uint32_t i = 0; i < 16; ++i)
      kernel->scan(keys, 0xfffffffa + i, 0, 1, &again[i]);
    CHECK(out == again);
  }
}
