#pragma once
// BIP-340 Schnorr signatures over secp256k1.

#include "core/base/result.hpp"
#include "core/base/strong.hpp"

namespace spacetime {
/// A secp256k1 scalar, 32 bytes big-endian; wiped when it dies.
class secret_key {
public:
  secret_key() = default;
  /// Errors: `bad_encoding` for zero or a value not below the group order.
  static result<secret_key> from(const bytes32& scalar);
  secret_key(const secret_key&) = default;
  secret_key& operator=(const secret_key&) = default;
  ~secret_key();

  /// The x-only public key of this scalar.
  [[nodiscard]] public_key public_part() const;
  /// Signs a 32-byte message. `aux` is BIP-340's auxiliary randomness.
  [[nodiscard]] signature sign(const bytes32& message,
                               const bytes32& aux = {}) const;
  [[nodiscard]] const bytes32& scalar() const { return scalar_; }

private:
  bytes32 scalar_{};
};

/// True iff `s` is `key`'s signature of the message. Never fails otherwise.
bool verify(const public_key& key, const bytes32& message, const signature& s);
/// BIP-340 allows messages of any length; the protocol signs 32 bytes only.
bool verify(const public_key& key, byte_view message, const signature& s);
} // namespace spacetime
