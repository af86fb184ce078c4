#pragma once
// The plot scanner's own thread: reads plots, finds chains, makes the proof.

#include "actors/boot.hpp"

#include <atomic>

namespace spacetime {
/// Looks one challenge up in every plot; blocks its thread while it does.
using disk_worker_actor = caf::typed_actor<
    // The report of a challenge; a winning ticket goes to the farmer by itself.
    caf::replies_to<scan_msg>::with<scan_report_msg>,
    // Look for changed plot files.
    caf::reacts_to<atom::renew>>;

/// Number of the newest challenge: a worker abandons every older one.
using newest_challenge = std::shared_ptr<std::atomic<std::uint64_t>>;

disk_worker_actor spawn_disk_worker(caf::actor_system& sys, const boot& from,
                                    newest_challenge newest);
} // namespace spacetime
