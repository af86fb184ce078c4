#pragma once
// The commitment to all accounts; docs/protocol.md, "State commitment".

#include "core/state/account.hpp"

#include <optional>
#include <span>
#include <vector>

namespace spacetime::state {
/// Shows what a root says about one id: the path to its leaf, or to where its
/// leaf would be.
struct trie_proof {
  /// Hashes beside the path, the root's child first; at most 256.
  std::vector<bytes32> siblings;
  /// Absence only: the leaf that the path ends at instead; none: an empty end.
  std::optional<account_entry> other;
  friend bool operator==(const trie_proof&, const trie_proof&) = default;
};

/// True iff `proof` shows that under `root` the account of `id` is `value`;
/// none: that there is no such account. For any bytes of a stranger.
bool verify_proof(const bytes32& root, const account_id& id,
                  const std::optional<account>& value, const trie_proof& proof);

/// Binary sparse Merkle trie over account ids, bit 0 = most significant bit of
/// byte 0. Hash of a subtree: of no leaf 32 zero bytes; of one leaf
/// H("st/leaf", id, account); of more H("st/node", left, right).
///
/// Recipients choose ids freely, so two may share 255 bits. Chains of nodes
/// with one empty child are therefore never stored: n accounts take n leaves
/// and n - 1 branches, whatever their ids.
class trie {
public:
  /// 32 zero bytes without accounts. O(1).
  [[nodiscard]] bytes32 root() const { return hash_of(root_); }
  /// Number of accounts.
  [[nodiscard]] std::size_t size() const { return leaves_.used(); }
  /// The account of `id`, all zeros if there is none.
  [[nodiscard]] account find(const account_id& id) const;

  /// Sets accounts; one that does not exist erases. Setting the earlier values
  /// again restores the earlier root: a root depends on the accounts alone.
  /// @pre ids are strictly ascending
  void update(std::span<const account_entry> changes);

  [[nodiscard]] trie_proof prove(const account_id& id) const;

  /// Calls `f(const account_entry&)` for every account, ids ascending.
  template <class F>
  void for_each(F f) const {
    std::vector<ref> todo;
    if (root_ != none) todo.push_back(root_);
    while (!todo.empty()) {
      const auto at = todo.back();
      todo.pop_back();
      if (is_leaf(at)) {
        f(leaf_at(at).entry);
      } else {
        todo.push_back(branches_[at].right);
        todo.push_back(branches_[at].left);
      }
    }
  }

private:
  /// A branch's slot, or a leaf's with the top bit set.
  using ref = std::uint32_t;
  static constexpr ref none = ~ref{0};
  static constexpr ref leaf_bit = ref{1} << 31;

  struct leaf {
    account_entry entry;
    bytes32 hash;
  };
  struct branch {
    bytes32 hash;        ///< of the subtree seen from depth `top`
    ref left, right;     ///< never none
    ref sample;          ///< any leaf below: its id has the subtree's prefix
    std::uint16_t split; ///< the bit that tells left from right
    std::uint16_t top;   ///< parent's split + 1: where the subtree begins
  };

  /// A vector whose slots are used again.
  template <class T>
  class slots {
  public:
    ref make(const T& x);
    void drop(ref at) { free_.push_back(at); }
    T& operator[](ref at) { return items_[at]; }
    const T& operator[](ref at) const { return items_[at]; }
    [[nodiscard]] std::size_t used() const {
      return items_.size() - free_.size();
    }

  private:
    std::vector<T> items_;
    std::vector<ref> free_;
  };

  static bool is_leaf(ref at) { return (at & leaf_bit) != 0; }
  [[nodiscard]] const leaf& leaf_at(ref at) const {
    return leaves_[at & ~leaf_bit];
  }
  [[nodiscard]] const account_id& id_below(ref at) const;
  [[nodiscard]] bytes32 hash_of(ref at) const;
  [[nodiscard]] bytes32 hash_from(const branch& b, unsigned top) const;
  [[nodiscard]] unsigned split_of(ref at, unsigned top,
                                  std::span<const account_entry> set) const;

  ref change(ref at, unsigned top, std::span<const account_entry> changes);
  ref set_leaf(ref at, const account_entry& entry);
  ref join(ref reuse, unsigned top, unsigned split, ref left, ref right);
  ref place(ref at, unsigned top);

  slots<leaf> leaves_;
  slots<branch> branches_;
  ref root_ = none;
};
} // namespace spacetime::state
