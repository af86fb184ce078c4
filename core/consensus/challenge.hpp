#pragma once
// How the time chain turns into seeds and challenges.

#include "core/base/strong.hpp"

namespace spacetime::consensus {
/// c_e = H("st/challenge", S_n, u64 e, enc(y_i)).
challenge challenge_of(const bytes32& era_seed, epoch e, const bytes100& y);
/// I_n = H("st/infusion", plot id, quality blob).
bytes32 infusion_of(const plot_id& plot, byte_view quality_blob);
/// S_(n+1) = H("st/era", S_n, u64 n, enc(y_K), I_n).
bytes32 next_seed(const bytes32& era_seed, std::uint64_t era,
                  const bytes100& y_end, const bytes32& infusion);
/// Leaf of the history range: H("st/hist-leaf", id, chain weight[32]).
bytes32 history_leaf(const block_id& id, const bytes32& chain_weight);
/// Tag of the history range's nodes.
inline constexpr std::string_view history_node = "st/hist-node";
} // namespace spacetime::consensus
