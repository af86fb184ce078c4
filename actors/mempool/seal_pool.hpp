#pragma once
// The mempool's workers: what a transaction must satisfy by itself, above all
// its signature. Not the validator's, so that a flood of offers delays no
// block.

#include "actors/boot.hpp"

namespace spacetime {
/// Checks offers; blocks its thread while it does.
using seal_worker = caf::typed_actor<
    // R12 of each by the rules of an epoch, in order.
    caf::replies_to<tx_list_msg, std::uint64_t>::with<tx_verdicts_msg>>;

/// Spawns `n` workers that share `from.signatures`: they skip those that are
/// known and add those that verify.
std::vector<seal_worker> spawn_seal_pool(caf::actor_system& sys,
                                         const boot& from, unsigned n);

/// Nothing for code 0.
tx_verdicts_msg to_message(const std::vector<status>& verdicts);
/// Errors: `malformed`.
result<std::vector<status>> open(const tx_verdicts_msg& m);
} // namespace spacetime
