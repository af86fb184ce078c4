#include "core/crypto/sign.hpp"

#include "core/base/check.hpp"

#include <botan/mem_ops.h>
#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

namespace spacetime {
namespace {
const secp256k1_context* context() {
  // Read-only after this, so threads share it; it lives as long as the process.
  static const secp256k1_context* const object = secp256k1_context_create(
      SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
  return object;
}

struct keypair {
  secp256k1_keypair pair{};
  explicit keypair(const bytes32& scalar) {
    check(secp256k1_keypair_create(context(), &pair, scalar.data()) == 1,
          "a secret key is a valid scalar");
  }
  keypair(const keypair&) = delete;
  keypair& operator=(const keypair&) = delete;
  ~keypair() { Botan::secure_scrub_memory(&pair, sizeof pair); }
};
} // namespace

result<secret_key> secret_key::from(const bytes32& scalar) {
  if (secp256k1_ec_seckey_verify(context(), scalar.data()) != 1)
    return fail(errc::bad_encoding, "not a secp256k1 scalar");
  secret_key out;
  out.scalar_ = scalar;
  return out;
}

secret_key::~secret_key() {
  Botan::secure_scrub_memory(scalar_.data(), scalar_.size());
}

public_key secret_key::public_part() const {
  const keypair keys{scalar_};
  secp256k1_xonly_pubkey point;
  public_key out;
  check(secp256k1_keypair_xonly_pub(context(), &point, nullptr, &keys.pair) == 1
            && secp256k1_xonly_pubkey_serialize(context(), out.value.data(),
                                                &point)
                   == 1,
        "a key pair has a public key");
  return out;
}

signature secret_key::sign(const bytes32& message, const bytes32& aux) const {
  const keypair keys{scalar_};
  signature out;
  check(secp256k1_schnorrsig_sign32(context(), out.value.data(), message.data(),
                                    &keys.pair, aux.data())
            == 1,
        "signing with a valid key succeeds");
  return out;
}

bool verify(const public_key& key, byte_view message, const signature& s) {
  secp256k1_xonly_pubkey point;
  return secp256k1_xonly_pubkey_parse(context(), &point, key.value.data()) == 1
         && secp256k1_schnorrsig_verify(context(), s.value.data(),
                                        message.data(), message.size(), &point)
                == 1;
}

bool verify(const public_key& key, const bytes32& message, const signature& s) {
  return verify(key, byte_view{message}, s);
}
} // namespace spacetime
