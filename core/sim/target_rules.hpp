#pragma once
// Rules that set the target of the next epoch from the blocks before it.

#include "core/consensus/era.hpp"

#include <deque>

namespace spacetime::sim {
class target_rule {
public:
  virtual ~target_rule() = default;
  /// Of a block in the epoch that is coming.
  [[nodiscard]] virtual const u256& target() const = 0;
  /// That epoch is over; the block in it, if there was one.
  virtual void take(const std::optional<consensus::block_facts>& found) = 0;
};

/// The network's own: core/consensus, era by era, and its T.
class era_rule : public target_rule {
public:
  /// @pre `p` outlives this
  explicit era_rule(const consensus::protocol& p);
  [[nodiscard]] const u256& target() const override { return era_.target; }
  void take(const std::optional<consensus::block_facts>& found) override;
  [[nodiscard]] const consensus::era_state& era() const { return era_; }

private:
  const consensus::protocol& rules_;
  consensus::era_state era_;
  std::uint64_t tick_ = 0;
  std::vector<consensus::block_facts> recent_;
};

/// The mean target of the last `window` blocks times the time they took by the
/// time they should have taken, block by block; that quotient between 1/2 and
/// 2. The manner of Bitcoin Cash from 2017 to 2020, with proven epochs instead
/// of a clock. Starts behind a window of blocks that were all in time.
class average_rule : public target_rule {
public:
  average_rule(const consensus::protocol& p, std::size_t window);
  [[nodiscard]] const u256& target() const override { return target_; }
  void take(const std::optional<consensus::block_facts>& found) override;

private:
  struct past_block {
    std::int64_t epoch;
    u256 target;
  };
  std::size_t window_;
  std::uint64_t numerator_, denominator_; // epochs per block
  std::int64_t epoch_ = 0;
  u256 target_;
  u1024 sum_;                     // of the window's targets
  std::deque<past_block> blocks_; // and the one before them
};
} // namespace spacetime::sim
