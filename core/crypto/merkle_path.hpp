#pragma once
// Inclusion proofs of RFC 6962-style trees; merkle.hpp has the trees.

#include "core/base/bytes.hpp"

#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace spacetime {
/// Neighbouring leaves [begin, end) of a tree.
struct leaf_range {
  std::uint64_t begin, end;
  friend bool operator==(const leaf_range&, const leaf_range&) = default;
};

/// The subtrees beside the path from leaf `index` of a tree of `size` leaves up
/// to its root, the lowest first: whose roots are an inclusion proof (RFC 6962
/// section 2.1.1), at most 64. The same for a mountain range, whose root is
/// that of the tree over its leaves. @pre index < size
std::vector<leaf_range> merkle_siblings(std::uint64_t size,
                                        std::uint64_t index);

/// Inclusion proof of leaf `index`: the roots of its siblings. O(n) hashes.
/// @pre index < leaves.size()
std::vector<bytes32> merkle_path(std::string_view node_tag,
                                 const std::vector<bytes32>& leaves,
                                 std::uint64_t index);

/// The root that `path` leads to from leaf `index` of `size`; none unless the
/// path is exactly as long as that place asks for. For any bytes of a stranger.
/// Where nothing else commits to `size`, neither it nor `index` is proven: that
/// the leaf is in the tree is.
std::optional<bytes32> merkle_path_root(std::string_view node_tag,
                                        const bytes32& leaf,
                                        std::uint64_t index, std::uint64_t size,
                                        std::span<const bytes32> path);
} // namespace spacetime
