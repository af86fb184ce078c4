#include "core/crypto/merkle.hpp"

#include "core/crypto/hash.hpp"

namespace spacetime {
bytes32 merkle_root(std::string_view node_tag, std::vector<bytes32> leaves) {
  if (leaves.empty()) return {};
  // Pairing neighbours level by level and carrying the odd one up gives the
  // same tree as RFC 6962's split at the largest power of two.
  while (leaves.size() > 1) {
    std::size_t out = 0;
    for (std::size_t i = 0; i + 1 < leaves.size(); i += 2)
      leaves[out++] = hash(node_tag, {leaves[i], leaves[i + 1]});
    if (leaves.size() % 2 == 1) leaves[out++] = leaves.back();
    leaves.resize(out);
  }
  return leaves.front();
}

void mountain_range::append(std::string_view node_tag, const bytes32& leaf) {
  auto node = leaf;
  for (auto n = count_; n & 1; n >>= 1) {
    node = hash(node_tag, {peaks_.back(), node});
    peaks_.pop_back();
  }
  peaks_.push_back(node);
  ++count_;
}

bytes32 mountain_range::root(std::string_view node_tag) const {
  if (peaks_.empty()) return {};
  auto out = peaks_.back();
  for (auto i = peaks_.size() - 1; i-- > 0;)
    out = hash(node_tag, {peaks_[i], out});
  return out;
}
} // namespace spacetime
