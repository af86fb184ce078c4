#pragma once
// Parameters of a plot and how a match info splits into its bit fields.
// The function is that of pos2-chip v0.6.0 (commit b0da7aa), exactly.

#include "core/base/check.hpp"
#include "core/base/result.hpp"
#include "core/base/strong.hpp"

#include <cstdint>

namespace spacetime::space {
using spacetime::check; // the overload below must not hide it

/// What a plot is made from.
struct plot_params {
  plot_id id;                ///< binds the plot to its owner; see quality.hpp
  std::uint8_t k = 0;        ///< size: about 2^k fragments; even, 18 to 30
  std::uint8_t strength = 2; ///< s: hash work per match; 2 <= s <= k-B-1
  bool testnet = false;      ///< another table 0 for networks without value
  friend bool operator==(const plot_params&, const plot_params&) = default;
};

/// Whether a plot of these parameters can exist; a network allows fewer.
/// Errors: `bad_plot_parameters`.
status check(const plot_params& p);

constexpr unsigned min_k = 18;
constexpr unsigned max_k = 30;        // k=32 has no exact meaning: shifts by 64
constexpr unsigned chain_length = 16; ///< fragments of a chain
constexpr unsigned xs_per_fragment = 8; ///< leaves below one fragment
constexpr unsigned xs_per_proof = chain_length * xs_per_fragment;

/// The `n` low bits set, n <= 64.
constexpr std::uint64_t mask(unsigned n) {
  return n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1;
}

/// Bytes of a full proof: 128 values of k bits.
constexpr std::size_t proof_size(unsigned k) {
  return std::size_t{16} * k;
}

/// B: the top bits of a match info name its section.
constexpr unsigned section_bits(unsigned k) {
  return k < 28 ? 2 : k - 26;
}

/// M(t): bits of the match key of table t = 1, 2, 3.
constexpr unsigned key_bits(const plot_params& p, unsigned table) {
  return table == 1 ? 2 : p.strength;
}

/// T(t): the low bits of a match info, to be met by the target.
constexpr unsigned target_bits(const plot_params& p, unsigned table) {
  return p.k - section_bits(p.k) - key_bits(p, table);
}

/// Left entries of section `sec` match right entries of this section alone;
/// following it visits every section once.
constexpr std::uint32_t matching_section(unsigned k, std::uint32_t sec) {
  const auto bits = section_bits(k);
  const auto all = static_cast<std::uint32_t>(mask(bits));
  const auto left = ((sec << 1) | (sec >> (bits - 1))) & all;
  const auto next = (left + 1) & all;
  return ((next >> 1) | (next << (bits - 1))) & all;
}

/// Number of double rounds of a table's hashes: table 1 pays for strength.
constexpr std::uint32_t hash_rounds(const plot_params& p, unsigned table) {
  return table == 1 ? std::uint32_t{16} << (p.strength - 2) : 16;
}
} // namespace spacetime::space
