#pragma once

#include "core/base/bytes.hpp"

#include <string_view>
#include <vector>

namespace spacetime {
/// The root of RFC 6962's tree over leaf hashes, in order, with
/// `join(left, right)` as the hash of a node: split at the largest power of two
/// below n; one leaf is its own root; no leaf gives 32 zero bytes.
template <class Join>
bytes32 merkle_root(std::vector<bytes32> leaves, Join join) {
  if (leaves.empty()) return {};
  // Pairing neighbours level by level and carrying the odd one up gives the
  // same tree as RFC 6962's split.
  while (leaves.size() > 1) {
    std::size_t out = 0;
    for (std::size_t i = 0; i + 1 < leaves.size(); i += 2)
      leaves[out++] = join(leaves[i], leaves[i + 1]);
    if (leaves.size() % 2 == 1) leaves[out++] = leaves.back();
    leaves.resize(out);
  }
  return leaves.front();
}

/// The same with node = H(node_tag, left, right). O(n) hashes.
bytes32 merkle_root(std::string_view node_tag, std::vector<bytes32> leaves);

/// A Merkle mountain range: appends in O(log n), keeps only the peaks.
/// Node = H(node_tag, left, right); the root bags the peaks right to left:
/// root = H(node_tag, p0, H(node_tag, p1, ... pn)).
class mountain_range {
public:
  mountain_range() = default;
  /// A range of `count` leaves from its peaks, highest first.
  /// @pre peaks.size() == popcount(count)
  mountain_range(std::uint64_t count, std::vector<bytes32> peaks)
      : count_(count), peaks_(std::move(peaks)) {}

  void append(std::string_view node_tag, const bytes32& leaf);
  /// 32 zero bytes for an empty range.
  [[nodiscard]] bytes32 root(std::string_view node_tag) const;
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] const std::vector<bytes32>& peaks() const { return peaks_; }
  friend bool operator==(const mountain_range&,
                         const mountain_range&) = default;

private:
  std::uint64_t count_ = 0;
  std::vector<bytes32> peaks_;
};
} // namespace spacetime
