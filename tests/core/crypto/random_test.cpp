#include "core/crypto/random.hpp"
#include "core/crypto/secret.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace spacetime;

TEST_CASE("random bytes do not repeat and fill the whole span") {
  std::set<bytes32> seen;
  for (int i = 0; i < 1000; ++i) CHECK(seen.insert(random_bytes32()).second);
  // Each of 1000 bytes stays zero in 8 tries with a chance of 2^-64.
  bytes touched(1000);
  for (int i = 0; i < 8; ++i) {
    bytes raw(touched.size());
    fill_random(raw);
    for (std::size_t k = 0; k < raw.size(); ++k) touched[k] |= raw[k];
  }
  CHECK(std::find(touched.begin(), touched.end(), 0) == touched.end());
  fill_random({});
}

TEST_CASE("wiping leaves zeros, and a secret array wipes itself") {
  bytes raw{1, 2, 3};
  wipe(raw);
  CHECK(raw == bytes{0, 0, 0});
  wipe({});
  alignas(secret_array<32>) std::uint8_t place[sizeof(secret_array<32>)];
  auto* secret = new (place) secret_array<32>;
  secret->value.fill(0xaa);
  secret->~secret_array();
  CHECK(std::all_of(std::begin(place), std::end(place),
                    [](auto byte) { return byte == 0; }));
}
