#pragma once

#include "core/base/bytes.hpp"

namespace spacetime::vdf {
/// What tick `i` of the era of `seed` shows where time is simulated: a hash
/// and 68 zero bytes. It proves nothing; for simulations and tests only.
bytes100 simulated_tick(const bytes32& seed, std::uint64_t i);
} // namespace spacetime::vdf
