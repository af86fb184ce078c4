#pragma once
// The chain that a node follows: its tip, the ledger there, and the atomic
// step from one tip to a better one (R13, R14, fork choice, reorganisation).

#include "core/consensus/fork_choice.hpp"
#include "core/consensus/fork_tree.hpp"
#include "core/state/ledger.hpp"

#include <functional>

namespace spacetime::consensus {
/// What is stored of earlier blocks. Errors of each: `not_found`, `corrupt`.
struct archive {
  std::function<result<chain_context>(const block_id&)> context;
  std::function<result<bytes>(const block_id&)> raw;  ///< the whole block
  std::function<result<bytes>(const block_id&)> undo; ///< encoded delta
  /// The id at a height of the chain whose tip is stored.
  std::function<result<block_id>(height)> id_at;
};

/// A block that joins the chain.
struct connected_block {
  chain_context context;
  bytes raw;
  state::delta change;
  bool stored = false; ///< its body is stored already, from a side branch
};

/// What this node saw of a block when it came; never part of validity.
struct arrival {
  bool late = false; ///< after 0.3 tau of the epoch that follows its own
  /// Our tip was current then: only a current tip is worth defending against a
  /// deep fork (max_reorg).
  bool tip_is_current = false;
};

/// One step of the chain, to be made durable as a whole.
struct chain_step {
  height fork;                            ///< the last block both chains share
  block_id tip;                           ///< behind it
  std::vector<block_id> disconnected;     ///< highest first
  std::vector<state::delta> undone;       ///< theirs
  std::vector<connected_block> connected; ///< lowest first
  std::vector<block_id> invalidated;      ///< the operator's marks
  std::vector<block_id> reconsidered;     ///< marks that go

  /// Whether it leads to another tip; a block that came with a step that does
  /// not is stored on its side branch.
  [[nodiscard]] bool moves() const {
    return !connected.empty() || !disconnected.empty();
  }
  /// Whether there is anything to commit besides such a block.
  [[nodiscard]] bool changes() const {
    return moves() || !invalidated.empty() || !reconsidered.empty();
  }
};

/// Side blocks and marks that are stored when a node starts.
struct stored_forks {
  std::vector<side_block> blocks;
  std::vector<block_id> invalidated;
};

/// An operator takes at most so many blocks off the chain at once, and has at
/// most so many marks.
inline constexpr std::uint32_t most_invalidated = 10'000;
inline constexpr std::size_t most_marks = 1'000;

/// Follows the best chain. Not durable by itself: `offer` moves the ledger, the
/// owner makes the step durable, then calls `settle`, or `revert` if it cannot.
/// Steps that extend the tip one after another may be made durable together.
/// On an error of any function the ledger, the tip and the marks are as before.
/// @pre of each that gives a step: no step is unsettled; `offer` takes a block
/// that extends the tip all the same
class chain_state {
public:
  chain_state(const protocol& p, archive stored, chain_context tip,
              state::ledger at_tip, const stored_forks& beside = {});

  /// Offers a block that has passed R1 to R12. The step may connect it, replace
  /// a branch, or be empty: then the block is to be stored on its side branch,
  /// also one that is heavier, but beyond max_reorg below a current tip.
  /// Errors: R13's and R14's codes, `invalid_ancestor`, `cancelled`
  /// (the operator has invalidated a block below it),
  /// `duplicate`, `unknown_parent`, `corrupt`, the archive's.
  result<chain_step> offer(const chain_context& context, byte_view raw,
                           const arrival& seen);

  /// The operator's no to a stored block and what builds on it: if it is on the
  /// chain, the step leads below it and to the best of the other branches.
  /// Errors: `not_found`, `malformed` (genesis), `too_large` (too far below the
  /// tip, or too many marks), `corrupt`, the archive's.
  result<chain_step> invalidate(const block_id& id);

  /// Takes marks and refusals back from a block, its ancestors and what builds
  /// on it, and lets max_reorg not stand in its way; the step leads to the best
  /// chain then. A step without marks that does not move asks for no commit.
  /// Errors: `not_found`, `corrupt`, the archive's.
  result<chain_step> reconsider(const block_id& id);

  /// At a start: to a stored branch that is heavier, but was not followed. The
  /// step may be empty.
  result<chain_step> resume();

  /// All steps so far are durable.
  void settle();
  /// None of those unsettled is durable: back to the tip before the first.
  void revert();

  [[nodiscard]] bool extends_tip(const chain_context& c) const {
    return c.parent == tip_.id;
  }

  [[nodiscard]] const chain_context& tip() const { return tip_; }
  [[nodiscard]] const state::ledger& ledger() const { return ledger_; }
  [[nodiscard]] state::ledger& ledger() { return ledger_; }
  [[nodiscard]] bool unsettled() const { return !pending_.empty(); }
  /// Settled side branches, and what is held against them.
  [[nodiscard]] const fork_tree& beside() const { return beside_; }

private:
  struct seen {
    height last_late; ///< the highest late block up to here; 0: none
    std::uint64_t arrival = 0;
  };
  /// What `settle` and `revert` need of a step; neither can fail.
  struct pending {
    chain_context old_tip;
    std::vector<state::delta> undone, applied;
    std::vector<block_id> connected;
    std::vector<side_block> leaves; ///< the best chain, highest first
    std::optional<side_block> joins;
    std::vector<block_id> marked, unmarked;
  };
  /// A step in the making.
  struct draft {
    chain_step step;
    chain_context end; ///< the tip behind it
    std::vector<side_block> leaves;
  };
  /// A tip that could be followed, and its blocks above the best chain.
  struct option {
    side_block tip;
    height fork;
    std::vector<side_block> branch; ///< empty: a block of the best chain
  };
  /// Which branches an operator's step may choose.
  struct choice {
    chain_context fallback; ///< of the best chain; it stays or becomes the tip
    std::optional<block_id>
        overrule;              ///< max_reorg does not bind these branches
    bool heavier_only = false; ///< no branch of equal weight
  };

  tip_candidate candidate(const side_block& b, height fork) const;
  result<bool> replaces_tip(const chain_context& c) const;
  status check_new(const chain_context& c) const;
  result<std::vector<chain_context>> branch_of(const chain_context& c) const;
  result<bool> is_too_deep(height fork, const chain_context& below) const;
  void note(const chain_context& c, const arrival& how);

  result<connected_block> connect(const chain_context& c, bytes raw);
  status disconnect_to(height fork, draft& d);
  result<draft> move(height fork, const std::vector<chain_context>& branch,
                     const bytes* last);
  chain_step take(draft d, std::optional<side_block> joins = {});
  [[nodiscard]] draft stay() const;
  void roll_back(const std::vector<state::delta>& undone,
                 const std::vector<state::delta>& applied);
  result<chain_step> reorganise(const chain_context& c, byte_view raw,
                                bool tip_is_current);

  bool beats(const option& a, const option& b) const;
  result<std::optional<option>> option_of(const side_block& tip,
                                          const choice& how) const;
  result<option> best(const choice& how) const;
  result<chain_step> follow_best(const choice& how);
  result<chain_step> leave(const chain_context& c);
  [[nodiscard]] std::vector<block_id> marks_around(const block_id& id) const;

  const protocol& protocol_;
  archive stored_;
  chain_context tip_;
  state::ledger ledger_;
  fork_tree beside_;
  std::vector<pending> pending_;            // oldest first
  std::unordered_map<block_id, seen> seen_; // of this run
  std::uint64_t arrivals_ = 0;
};
} // namespace spacetime::consensus
