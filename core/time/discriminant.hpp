#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/time/integer.hpp"

#include <initializer_list>
#include <memory>

namespace spacetime::vdf {
/// The first probable prime of a counter in SHA-256: `bits` bits (a multiple
/// of 8) are drawn, those in `set` and bit 0 are set, until it is prime.
/// `seed` has at least two bytes and is the counter's start, big-endian.
/// Source: chiavdf's HashPrime.
integer hash_prime(byte_view seed, unsigned bits,
                   std::initializer_list<unsigned> set);

/// A negative prime discriminant D, |D| = 7 mod 8. Copies share it.
class discriminant {
public:
  /// `bits` of |D|: 256, 512 or 1024. Takes milliseconds at 1024, more than
  /// verifying a proof does. Errors: `bad_discriminant` for other sizes.
  static result<discriminant> from_seed(const bytes32& seed, unsigned bits);

  [[nodiscard]] unsigned bits() const { return shared_->bits; }
  /// |D|.
  [[nodiscard]] const integer& magnitude() const { return shared_->magnitude; }

  friend bool operator==(const discriminant& a, const discriminant& b) {
    return a.magnitude() == b.magnitude();
  }

private:
  struct data {
    integer magnitude;
    unsigned bits;
  };
  explicit discriminant(std::shared_ptr<const data> shared)
      : shared_(std::move(shared)) {}

  std::shared_ptr<const data> shared_;
};
} // namespace spacetime::vdf
