#include "core/crypto/merkle_path.hpp"

#include "core/base/check.hpp"
#include "core/crypto/hash.hpp"
#include "core/crypto/merkle.hpp"

#include <algorithm>
#include <bit>

namespace spacetime {
std::vector<leaf_range> merkle_siblings(std::uint64_t size,
                                        std::uint64_t index) {
  check(index < size, "a path starts at a leaf of the tree");
  std::vector<leaf_range> out;
  leaf_range at{0, size};
  while (at.end - at.begin > 1) {
    const auto middle = at.begin + std::bit_floor(at.end - at.begin - 1);
    const bool left = index < middle;
    out.push_back(left ? leaf_range{middle, at.end}
                       : leaf_range{at.begin, middle});
    (left ? at.end : at.begin) = middle;
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::vector<bytes32> merkle_path(std::string_view node_tag,
                                 const std::vector<bytes32>& leaves,
                                 std::uint64_t index) {
  std::vector<bytes32> out;
  for (const auto& s : merkle_siblings(leaves.size(), index))
    out.push_back(merkle_root(
        node_tag, {leaves.begin() + static_cast<std::ptrdiff_t>(s.begin),
                   leaves.begin() + static_cast<std::ptrdiff_t>(s.end)}));
  return out;
}

std::optional<bytes32> merkle_path_root(std::string_view node_tag,
                                        const bytes32& leaf,
                                        std::uint64_t index, std::uint64_t size,
                                        std::span<const bytes32> path) {
  if (index >= size) return std::nullopt;
  const auto siblings = merkle_siblings(size, index);
  if (path.size() != siblings.size()) return std::nullopt;
  auto out = leaf;
  for (std::size_t i = 0; i < path.size(); ++i)
    out = siblings[i].begin > index ? hash(node_tag, {out, path[i]})
                                    : hash(node_tag, {path[i], out});
  return out;
}
} // namespace spacetime
