#pragma once
// What lies beside the best chain: stored blocks, what is held against them,
// and the forks that they form.

#include "core/base/result.hpp"
#include "core/consensus/context.hpp"

#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace spacetime::consensus {
/// A stored block that is not on the best chain, as fork choice sees it.
struct side_block {
  block_id id, parent;
  spacetime::height height;
  spacetime::epoch epoch;
  u256 weight, score;
  bool applied = false; ///< it was on the best chain once: R13 and R14 hold
  friend bool operator==(const side_block&, const side_block&) = default;
};
side_block side_of(const chain_context& c, bool applied = false);

/// Why a node does not follow a fork. Values are stable.
enum class standing : std::uint8_t {
  valid = 0,       ///< it was followed once; a better chain came
  unvalidated = 1, ///< lighter, so R13 and R14 were never asked
  invalid = 2,     ///< R13 or R14 refuses a block of it
  invalidated = 3, ///< the operator's mark
  too_deep = 4,    ///< heavier than the best chain, but beyond max_reorg
};
std::string_view name_of(standing s);

/// A tip beside the best chain.
struct fork {
  side_block tip;
  block_id point; ///< the last block that it shares with the best chain
  spacetime::height point_height;
  standing state = standing::unvalidated;
  /// Of `invalid` and `invalidated`: the lowest block to which it applies.
  std::optional<block_id> cause;
  std::optional<errc> code; ///< of `invalid`

  [[nodiscard]] std::uint32_t length() const {
    return tip.height.value - point_height.value;
  }
};

/// Holds at most `limit` blocks; above it, it forgets the lightest forks.
class fork_tree {
public:
  explicit fork_tree(std::size_t limit = 65'536) : limit_(limit) {}

  void add(const side_block& b);
  void remove(const block_id& id);
  [[nodiscard]] const side_block* find(const block_id& id) const;
  [[nodiscard]] std::size_t size() const { return blocks_.size(); }
  /// Blocks on which none of these builds, the heaviest first, by id if equal.
  [[nodiscard]] std::vector<const side_block*> tips() const;
  /// From above the fork point up to `id`; empty if it is not in here.
  [[nodiscard]] std::vector<const side_block*> branch(const block_id& id) const;

  /// The operator's marks.
  void mark(const block_id& id) { marks_.insert(id); }
  void unmark(const block_id& id) { marks_.erase(id); }
  [[nodiscard]] bool marked(const block_id& id) const {
    return marks_.contains(id);
  }
  [[nodiscard]] const std::unordered_set<block_id>& marks() const {
    return marks_;
  }

  /// R13 or R14 refused it. Old refusals are forgotten, and found again.
  void refuse(const block_id& id, errc why);
  void forgive_all() { refused_.clear(); }
  [[nodiscard]] std::optional<errc> refusal(const block_id& id) const;

  /// Whether a mark or a refusal is on it.
  [[nodiscard]] bool blocked(const block_id& id) const {
    return marks_.contains(id) || refused_.contains(id);
  }
  /// The mark that keeps a child of `parent` out, if there is one.
  [[nodiscard]] std::optional<block_id>
  mark_below(const block_id& parent) const;

  /// The heaviest forks, at most so many; `best` is the best chain's weight.
  [[nodiscard]] std::vector<fork> forks(const u256& best,
                                        std::size_t most) const;
  /// The heaviest fork beyond max_reorg, if there is one.
  [[nodiscard]] std::optional<fork> too_deep(const u256& best) const;

private:
  [[nodiscard]] fork describe(const side_block& tip, const u256& best) const;
  void trim();

  std::size_t limit_;
  std::unordered_map<block_id, side_block> blocks_;
  std::unordered_map<block_id, std::size_t> children_; // of blocks in here
  std::unordered_set<block_id> marks_;
  std::unordered_map<block_id, errc> refused_;
};
} // namespace spacetime::consensus
