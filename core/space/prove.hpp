#pragma once
// From a challenge to the chains of a plot: the lookup.

#include "core/space/tables.hpp"

#include <array>
#include <vector>

namespace spacetime::space {
/// Sixteen fragments that a challenge links: one ticket.
struct chain {
  std::array<std::uint64_t, chain_length> fragments{};
  friend bool operator==(const chain&, const chain&) = default;
};

/// What a challenge asks of one plot.
struct challenge_keys {
  /// Chaining sets to read; set i holds the fragments f with
  /// f >> (k+6) == sets[i]. Below 2^(k-6), all different.
  std::array<std::uint64_t, 4> sets{};
  std::array<std::uint64_t, chain_length> round_keys{};
};

/// Expands a space challenge for a plot: four chained BLAKE3 hashes.
challenge_keys derive_keys(const plot_id& id, unsigned k,
                           const bytes32& space_challenge);

/// The set that a fragment belongs to.
constexpr std::uint64_t set_of(unsigned k, std::uint64_t fragment) {
  return fragment >> (k + 6);
}

/// Whether the chain value v of link 0..15 lets a chain go on (or end).
constexpr bool link_passes(unsigned link, std::uint64_t v) {
  // A double-precision result of the original; the exact floor ends in 109.
  constexpr std::uint64_t last_limit = 3'127'297'797'138'110;
  if (link == 0) return (v & 3) == 0;
  if (link + 1 < chain_length) return (v & 63) == 0;
  return (v & 4095) == 0 && (v >> 12) < last_limit;
}

/// Fragments of the four sets in the order of `challenge_keys::sets`.
using set_fragments = std::array<std::span<const std::uint64_t>, 4>;

/// All chains of a plot for a challenge, 1.0 in the mean, found depth first
/// with about 62,000 hashes. A fragment may occur more than once in a chain.
/// Sets that no plot has (too full) end the search after 2^22 hashes.
/// @pre check(p) succeeds
std::vector<chain> find_chains(const plot_params& p,
                               const bytes32& space_challenge,
                               const set_fragments& sets);
std::vector<chain> find_chains(const tables& plot, const challenge_keys& keys,
                               const set_fragments& sets);
} // namespace spacetime::space
