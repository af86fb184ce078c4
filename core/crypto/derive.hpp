#pragma once
// All keys of a person, from one seed; docs/protocol.md, "Keys".

#include "core/base/check.hpp"
#include "core/crypto/secret.hpp"
#include "core/crypto/sign.hpp"

namespace spacetime {
/// A key and the index it was found at.
struct derived_key {
  secret_key key;
  std::uint32_t index = 0; ///< the index asked for, or the first valid after it
};

/// The key of the first index, from `index` on, whose `scalar_at(index)` is a
/// secp256k1 scalar: neither 0 nor >= the group order. For hashes the chance
/// that an index is passed over is 2^-128.
template <class ScalarAt>
derived_key first_valid_key(std::uint32_t index, ScalarAt scalar_at) {
  for (;; ++index) {
    bytes32 scalar = scalar_at(index);
    const auto key = secret_key::from(scalar);
    wipe(scalar);
    if (key) return {*key, index};
    check(index != UINT32_MAX, "a key index below 2^32 is valid");
  }
}

/// Wallet key i: H("st/wallet-key", seed, u32 i) as a scalar.
derived_key wallet_key(const secret_array<64>& seed, std::uint32_t index);
/// Farmer key i: H("st/farmer-key", seed, u32 i) as a scalar.
derived_key farmer_key(const secret_array<64>& seed, std::uint32_t index);
/// H("st/farm-secret", seed): what plot seeds are made from.
secret_array<32> farm_secret(const secret_array<64>& seed);
} // namespace spacetime
