#include "core/crypto/merkle.hpp"

#include "core/crypto/hash.hpp"

namespace spacetime {
bytes32 merkle_root(std::string_view node_tag, std::vector<bytes32> leaves) {
  return merkle_root(std::move(leaves),
                     [node_tag](const bytes32& left, const bytes32& right) {
                       return hash(node_tag, {left, right});
                     });
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
