#include "core/crypto/sign.hpp"
#include "tests/core/crypto/vectors.hpp"

using namespace spacetime;

namespace {
secret_key key(const char* hex) {
  return *secret_key::from(*from_hex<32>(hex));
}
} // namespace

TEST_CASE("each of BIP-340's signatures verifies exactly if it is valid") {
  const auto v = test::vectors("bip340.json")["vectors"];
  REQUIRE(v.size() == 19);
  for (const auto& x : v) {
    CAPTURE(x["index"].get<int>());
    CHECK(verify({test::raw<32>(x["public_key"])}, test::raw(x["message"]),
                 {test::raw<64>(x["signature"])})
          == x["valid"].get<bool>());
  }
}

TEST_CASE("keys and signatures equal BIP-340's") {
  const auto v = test::vectors("bip340.json")["vectors"];
  int signed_here = 0;
  for (const auto& x : v) {
    if (!x.contains("secret_key")) continue;
    CAPTURE(x["index"].get<int>());
    const auto secret = *secret_key::from(test::raw<32>(x["secret_key"]));
    CHECK(secret.public_part().value == test::raw<32>(x["public_key"]));
    // We sign 32 bytes and nothing else, so not vectors 15 to 18.
    if (test::raw(x["message"]).size() != 32) continue;
    ++signed_here;
    CHECK(secret.sign(test::raw<32>(x["message"]), test::raw<32>(x["aux_rand"]))
              .value
          == test::raw<64>(x["signature"]));
  }
  CHECK(signed_here == 4);
}

TEST_CASE("a signature fails under another key, message or bit") {
  const auto a = key("00000000000000000000000000000000"
                     "00000000000000000000000000000007");
  const bytes32 message{1, 2, 3};
  const auto good = a.sign(message);
  CHECK(verify(a.public_part(), message, good));
  CHECK_FALSE(verify(a.public_part(), bytes32{1, 2, 4}, good));
  auto other = a.public_part();
  other.value[0] ^= 1;
  CHECK_FALSE(verify(other, message, good));
  for (std::size_t bit = 0; bit < 512; ++bit) {
    auto bad = good;
    bad.value[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    CHECK_FALSE(verify(a.public_part(), message, bad));
  }
}

TEST_CASE("zero and the group order are no secret keys") {
  CHECK(secret_key::from({}).error() == errc::bad_encoding);
  CHECK(secret_key::from(*from_hex<32>("fffffffffffffffffffffffffffffffe"
                                       "baaedce6af48a03bbfd25e8cd0364141"))
            .error()
        == errc::bad_encoding);
}
