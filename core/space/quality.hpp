#pragma once
// Who a plot belongs to, when it takes part, and what a chain is worth.
// Normative: docs/protocol.md, "Space, score, winning".

#include "core/base/strong.hpp"
#include "core/base/u256.hpp"
#include "core/space/prove.hpp"

namespace spacetime::space {
/// Names a ticket: the strength byte, then 16 fragments, each u64
/// little-endian.
using quality = std::array<std::uint8_t, 129>;

quality quality_blob(std::uint8_t strength, const chain& c);

/// H("st/plot", network, u8 k, u8 s, farmer, payout, seed).
/// `payout`: zero, or the only account this plot can ever pay.
plot_id make_plot_id(const network_id& network, std::uint8_t k,
                     std::uint8_t strength, const public_key& farmer,
                     const bytes32& payout, const bytes32& seed);

/// H("st/plot-seed", farm secret, u64 index): a lost plot can be made again.
bytes32 plot_seed(const bytes32& farm_secret, std::uint64_t index);

/// H("st/space", plot id, c_e): what this plot is asked in an epoch.
bytes32 space_challenge(const plot_id& id, const challenge& c);

/// Whether the plot takes part in the epoch: the first `bits` bits of
/// H("st/filter", plot id, c_e) are zero. @pre bits <= 256
bool passes_filter(const plot_id& id, const challenge& c, unsigned bits);

/// H("st/score", c_e, quality blob) as a number; lower is better.
u256 score(const challenge& c, byte_view quality_blob);

/// Simulated networks alone: H("st/sim-score", c_e, plot id). There the
/// quality blob is the plot id and every plot has exactly one chain.
u256 sim_score(const challenge& c, const plot_id& id);
} // namespace spacetime::space
