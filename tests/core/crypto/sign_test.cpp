#include "core/base/hex.hpp"
#include "core/crypto/sign.hpp"

#include <doctest/doctest.h>

using namespace spacetime;

namespace {
secret_key key(const char* hex) {
  return *secret_key::from(*from_hex<32>(hex));
}
} // namespace

// Test vectors 0 and 1 of BIP-340 (bip-0340/test-vectors.csv).
TEST_CASE("keys and signatures equal BIP-340's vectors") {
  const auto zero = key("00000000000000000000000000000000"
                        "00000000000000000000000000000003");
  CHECK(to_hex(zero.public_part().value)
        == "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9");
  CHECK(to_hex(zero.sign({}).value)
        == "e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca8215"
           "25f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0");
  const auto one = key("b7e151628aed2a6abf7158809cf4f3c7"
                       "62e7160f38b4da56a784d9045190cfef");
  const auto message = *from_hex<32>(
      "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89");
  bytes32 aux{};
  aux[31] = 1;
  CHECK(to_hex(one.sign(message, aux).value)
        == "6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de3341"
           "8906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a");
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
