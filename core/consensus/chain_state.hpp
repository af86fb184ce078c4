#pragma once
// The chain that a node follows: its tip, the ledger there, and the atomic
// step from one tip to a better one (R13, R14, fork choice, reorganisation).

#include "core/consensus/fork_choice.hpp"
#include "core/state/ledger.hpp"

#include <functional>
#include <unordered_map>

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
  std::vector<block_id> disconnected;     ///< highest first
  std::vector<state::delta> undone;       ///< theirs
  std::vector<connected_block> connected; ///< lowest first; empty: side branch
};

/// Follows the best chain. Not durable by itself: `offer` moves the ledger, the
/// owner makes the step durable, then calls `settle`, or `revert` if it cannot.
/// Steps that extend the tip one after another may be made durable together.
class chain_state {
public:
  chain_state(const protocol& p, archive stored, chain_context tip,
              state::ledger at_tip)
      : protocol_(p), stored_(std::move(stored)), tip_(std::move(tip)),
        ledger_(std::move(at_tip)) {}

  /// Offers a block that has passed R1 to R12. The step may connect it, replace
  /// a branch, or be empty: then the block is to be stored on its side branch.
  /// Errors: R13's and R14's codes, `invalid_ancestor`, `duplicate`,
  /// `unknown_parent`, `stale` if a current tip's fork is deeper than
  /// max_reorg, `corrupt`;
  /// the ledger and the tip are then as before.
  /// @pre no step is unsettled, or the block extends the tip
  result<chain_step> offer(const chain_context& context, byte_view raw,
                           const arrival& seen);

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

private:
  struct seen {
    height last_late; ///< the highest late block up to here; 0: none
    std::uint64_t arrival = 0;
  };
  struct pending {
    chain_context old_tip;
    chain_step step;
  };

  tip_candidate candidate(const chain_context& c, height fork) const;
  result<bool> replaces_tip(const chain_context& c) const;
  status check_new(const chain_context& c) const;
  result<std::vector<chain_context>> branch_of(const chain_context& c) const;
  status check_depth(height fork) const;
  result<connected_block> connect(const chain_context& c, bytes raw);
  status disconnect_to(height fork, chain_step& step);
  void roll_back(chain_step& step);
  result<chain_step> extend(const chain_context& c, byte_view raw);
  result<chain_step> reorganise(const chain_context& c, byte_view raw,
                                bool tip_is_current);

  const protocol& protocol_;
  archive stored_;
  chain_context tip_;
  state::ledger ledger_;
  std::vector<pending> pending_;               // oldest first
  std::unordered_map<block_id, errc> refused_; // R13, R14: never valid
  std::unordered_map<block_id, seen> seen_;    // of this run
  std::uint64_t arrivals_ = 0;
};
} // namespace spacetime::consensus
