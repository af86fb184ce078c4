#pragma once
// Forgetting old bodies and undo records.

#include "core/consensus/era.hpp"
#include "core/disk/store.hpp"

#include <string_view>

namespace spacetime::disk {
/// How much of the past is kept; nothing set: all.
struct prune_policy {
  std::uint64_t blocks = 0; ///< at least so many below the tip, if above 0
  std::uint64_t eras = 0;   ///< at least so many before the tip's, if above 0
  friend bool operator==(const prune_policy&, const prune_policy&) = default;
};

/// "off", "5000 blocks" or "60 eras". Errors: `bad_encoding`.
result<prune_policy> parse_prune(std::string_view text);

/// Whether a network can live with it: a reorganisation of max_reorg eras must
/// stay possible, so max_reorg + 1 eras are the least. A number of blocks is
/// judged by the eras that so many blocks usually take. Errors: `bad_config`.
status check_prune(const prune_policy& policy, const rule_set& rules);

/// The lowest height whose body and undo record stay, by the tip that is
/// stored. However few blocks the policy keeps, the last max_reorg + 1 eras
/// stay. Errors: `not_found` before genesis, `corrupt`.
result<height> kept_from(const consensus::protocol& p, const reader& s,
                         const prune_policy& policy);

/// One small step: forgets whole segment files with only lower blocks, and some
/// undo records. Called after each commit it catches up by itself. Errors:
/// those of `store::apply`.
status prune(const consensus::protocol& p, store& s,
             const prune_policy& policy);
} // namespace spacetime::disk
