#pragma once
// The functions behind the three tables of a plot, one by one and in batches.
// Source: pos2-chip v0.6.0 (commit b0da7aa).

#include "core/space/feistel.hpp"
#include "core/space/hash.hpp"

namespace spacetime::space {
/// One entry of table 0, 1 or 2.
struct entry {
  std::uint64_t meta;  ///< x (table 0) or 2k bits
  std::uint32_t info;  ///< match info, k bits: section | key | target
  std::uint32_t xbits; ///< table 2 alone: high halves of x1 and x3
  friend bool operator==(const entry&, const entry&) = default;
};

/// Output of the pairing hash: words r0, r1 and r2, r3.
struct pairing {
  std::uint64_t lo, hi;
};

/// Everything that one plot's tables are computed with. Cheap to make, const
/// and safe to share. All single-value functions are for checks and tests.
class tables {
public:
  /// @pre check(p) succeeds
  explicit tables(const plot_params& p, const kernel& with = fastest_kernel());

  [[nodiscard]] const plot_params& params() const { return params_; }
  [[nodiscard]] const feistel& cipher() const { return cipher_; }
  [[nodiscard]] const aes_keys& keys() const { return keys_; }
  [[nodiscard]] const kernel& with() const { return *kernel_; }
  /// What g turns x by before hashing; zero on mainnet.
  [[nodiscard]] std::uint32_t flip() const { return flip_; }

  /// Match info of x, k bits.
  [[nodiscard]] std::uint32_t g(std::uint32_t x) const;
  /// out[i] = g(first + i).
  void g(std::uint32_t first, std::span<std::uint32_t> out) const;

  /// What the target field of a right entry of this key must be, T(table) bits.
  [[nodiscard]] std::uint32_t target(unsigned table, std::uint32_t key,
                                     std::uint64_t meta) const;
  /// The same for many left metas. @pre out.size() == metas.size()
  void target(unsigned table, std::uint32_t key,
              std::span<const std::uint64_t> metas,
              std::span<std::uint32_t> out) const;

  [[nodiscard]] pairing pair(unsigned table, std::uint64_t left,
                             std::uint64_t right) const;
  /// The same for many, in place: metas become (lo, hi).
  void pair(unsigned table, std::span<std::uint64_t> left,
            std::span<std::uint64_t> right) const;
  /// Whether a pair of this hash survives the filter of the table.
  [[nodiscard]] bool survives(unsigned table, std::uint64_t hi) const {
    return ((hi >> 32) & mask(key_bits(params_, table))) == 0;
  }

  [[nodiscard]] std::uint64_t chain(std::uint64_t v) const;

  /// The surviving entry of table 1 from two x, or of table 2 from two
  /// entries of table 1 (their metas).
  [[nodiscard]] entry merge1(std::uint64_t x_left, std::uint64_t x_right,
                             const pairing& r) const {
    return {x_left << params_.k | x_right, info(r.lo), 0};
  }
  [[nodiscard]] entry merge2(std::uint64_t meta_left, std::uint64_t meta_right,
                             const pairing& r) const {
    const unsigned half = params_.k / 2, x_shift = params_.k + half;
    return {(r.lo >> 32 | r.hi << 32) & mask(2 * params_.k), info(r.lo),
            static_cast<std::uint32_t>(meta_left >> x_shift << half
                                       | meta_right >> x_shift)};
  }
  /// The fragment from the x bits of two entries of table 2.
  [[nodiscard]] std::uint64_t merge3(std::uint32_t left,
                                     std::uint32_t right) const {
    return cipher_.encrypt(std::uint64_t{left} << params_.k | right);
  }

  /// The match info that a right entry must have to meet a left one.
  [[nodiscard]] std::uint32_t wanted(unsigned table, std::uint32_t left_info,
                                     std::uint32_t key,
                                     std::uint32_t target) const {
    const auto k = unsigned{params_.k}, b = section_bits(k);
    return matching_section(k, left_info >> (k - b)) << (k - b)
           | key << target_bits(params_, table) | target;
  }
  /// The match key inside a right entry's match info.
  [[nodiscard]] std::uint32_t key_of(unsigned table, std::uint32_t info) const {
    return static_cast<std::uint32_t>((info >> target_bits(params_, table))
                                      & mask(key_bits(params_, table)));
  }

private:
  [[nodiscard]] std::uint32_t info(std::uint64_t lo) const {
    return static_cast<std::uint32_t>(lo & mask(params_.k));
  }

  plot_params params_;
  feistel cipher_;
  aes_keys keys_;
  const kernel* kernel_;
  std::uint32_t flip_;
};
} // namespace spacetime::space
