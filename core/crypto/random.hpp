#pragma once

#include "core/base/bytes.hpp"

#include <span>

namespace spacetime {
/// Fills `out` from the operating system's random generator: fit for keys.
/// A machine without one is broken: Botan's exception ends the process.
void fill_random(std::span<std::uint8_t> out);

bytes32 random_bytes32();
} // namespace spacetime
