#pragma once

#include "core/base/bytes.hpp"

#include <span>

namespace spacetime::space {
/// Unkeyed BLAKE3 of one 64-byte message, 32 bytes out: one compression.
/// Source: the BLAKE3 paper, 2.2 and 2.4; the only place it serves here is
/// the expansion of a challenge.
bytes32 blake3(std::span<const std::uint8_t, 64> message);
} // namespace spacetime::space
