#pragma once

#include "core/base/u256.hpp"
#include "core/chain/spec.hpp"

namespace spacetime::state {
/// Premine and subsidies of all blocks up to a height, in motes: what balances
/// and uncredited rewards add up to there.
u256 issued(const chain_spec& spec, height at);
} // namespace spacetime::state
