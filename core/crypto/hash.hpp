#pragma once

#include "core/base/bytes.hpp"

#include <initializer_list>
#include <string_view>

namespace spacetime {
/// SHA-256 (FIPS 180-4) of the tag's length, the tag, then all `parts` in
/// order. The tag separates domains: equal bytes under two tags never collide.
/// Every part must have a fixed width or carry its length.
bytes32 hash(std::string_view tag, std::initializer_list<byte_view> parts);

/// Plain SHA-256 of `parts` in order.
bytes32 sha256(std::initializer_list<byte_view> parts);
} // namespace spacetime
