#include "core/time/simulated.hpp"
#include "tests/core/time/support.hpp"

using namespace spacetime;
using namespace spacetime::vdf;

TEST_CASE("a discriminant is prime, 7 mod 8 and of the size asked for") {
  for (const unsigned bits : {256U, 512U, 1024U}) {
    const auto d = numbered_discriminant(5, bits);
    CHECK(d.bits() == bits);
    CHECK(bit_size(d.magnitude()) == bits);
    CHECK(mpz_fdiv_ui(d.magnitude(), 8) == 7);
    CHECK(mpz_probab_prime_p(d.magnitude(), 40) > 0);
  }
}

TEST_CASE("no discriminant of another size is made") {
  for (const unsigned bits : {0U, 8U, 255U, 257U, 264U, 768U, 2048U, ~0U}) {
    const auto d = discriminant::from_seed({}, bits);
    REQUIRE_FALSE(d);
    CHECK(d.error() == errc::bad_discriminant);
  }
}

TEST_CASE("another seed gives another discriminant, the same the same") {
  CHECK(numbered_discriminant(1, 256) == numbered_discriminant(1, 256));
  CHECK_FALSE(numbered_discriminant(1, 256) == numbered_discriminant(2, 256));
}

TEST_CASE("a counter of all ones wraps") {
  const bytes seed(4, 0xff);
  CHECK(bit_size(hash_prime(seed, 64, {63})) == 64);
}

TEST_CASE("small sizes give small primes") {
  // 8 bits with bits 0 and 7 set: trial division must not refuse the primes
  // it divides by.
  const bytes seed{1, 2};
  const auto p = hash_prime(seed, 8, {7});
  CHECK(bit_size(p) == 8);
  CHECK(mpz_probab_prime_p(p, 25) > 0);
}

TEST_CASE("a simulated tick is a hash of seed and number, then zeros") {
  bytes32 seed{};
  const auto tick = simulated_tick(seed, 3);
  CHECK(tick == simulated_tick(seed, 3));
  CHECK(tick != simulated_tick(seed, 4));
  seed[0] = 1;
  CHECK(tick != simulated_tick(seed, 3));
  CHECK(std::all_of(tick.begin() + 32, tick.end(),
                    [](auto byte) { return byte == 0; }));
  CHECK(to_hex(byte_view{simulated_tick({}, 0)}.first(32))
        == "049477fdfffc4af682e2813e39b12f0b"
           "3bba9a5bbdce9abd5c840e6e79afc727"); // Python's hashlib
}
