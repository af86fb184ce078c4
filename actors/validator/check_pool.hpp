#pragma once
// The validator's workers: R1 to R12 of one block, or the proof of one tick.

#include "actors/boot.hpp"

namespace spacetime {
/// Checks blocks; blocks its thread while it does.
using check_worker = caf::typed_actor<
    // R1-R12 of a block above a parent, at a time of ours (ms since 1970), and
    // whether the block came late.
    caf::replies_to<context_msg, block_msg, std::uint64_t,
                    bool>::with<checked_block_msg>,
    // The proof of a tick.
    caf::replies_to<tick_msg>::with<void>>;

/// Spawns `n` workers that share what they have proven.
std::vector<check_worker> spawn_check_pool(caf::actor_system& sys,
                                           const boot& from, unsigned n);
} // namespace spacetime
