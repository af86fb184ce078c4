#pragma once

#include "core/time/class_group.hpp"

namespace spacetime::vdf {
/// A reduced form in 100 bytes, one way only; little-endian numbers, the
/// layout of chiavdf's bqfc. docs/protocol.md has it field by field.
bytes100 encode(const discriminant& d, const form& f);

/// The reduced form whose encoding is exactly `raw`; stricter than chiavdf,
/// which takes several encodings of one form.
/// Errors: `bad_proof_of_time` for everything else.
result<form> decode(const discriminant& d, byte_view raw);

/// What `encode` makes of any discriminant's generator: 8, then zeros.
constexpr bytes100 generator_bytes() {
  return {0x08};
}
constexpr bytes100 identity_bytes() {
  return {0x04};
}
} // namespace spacetime::vdf
