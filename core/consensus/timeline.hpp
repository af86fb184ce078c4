#pragma once
// Proven ticks, and the way they continue a chain's time.

#include "core/consensus/time_proofs.hpp"

#include <map>

namespace spacetime::consensus {
/// A proven step as the timelord publishes it; docs/protocol.md, "Tick".
struct tick {
  std::uint64_t era{};
  time_step step;
  friend bool operator==(const tick& a, const tick& b) {
    return a.era == b.era && a.step.seed == b.step.seed
           && a.step.from == b.step.from && a.step.ticks == b.step.ticks
           && a.step.start == b.step.start && a.step.end == b.step.end
           && a.step.proof == b.step.proof;
  }
};

/// A whole era of the time chain.
struct era_span {
  std::uint64_t number{};
  bytes32 seed{};
  std::uint64_t squarings{}; ///< T: per tick
  bytes100 end{};            ///< y_K
};

/// The ticks a node knows. Holds proven ones only; the owner proves them.
class timeline {
public:
  explicit timeline(const protocol& p) : protocol_(p) {}

  /// Remembers a proven tick. One that covers a whole era is kept beside the
  /// single ones. Later copies of a step change nothing.
  void add(const tick& t);

  /// The furthest point that known ticks reach from a block.
  [[nodiscard]] time_position furthest(const chain_context& from) const;

  /// The entries that lead from a block to `to`, a whole era in one entry
  /// where its proof is known. Errors: `not_found` if a tick is missing.
  [[nodiscard]] result<std::vector<time_entry>>
  entries(const chain_context& from, epoch to) const;

  /// Where the time chain stands at epoch `to` above a block.
  /// Errors: `not_found` if a tick is missing.
  [[nodiscard]] result<time_position> at(const chain_context& from,
                                         epoch to) const;

  /// The first era that known ticks cross from its start to its end, above a
  /// block, without one proof for all of it. A block that crosses it has no
  /// room for its single ticks (R10).
  [[nodiscard]] std::optional<era_span>
  unproven_era(const chain_context& from) const;

  /// Every known tick, by seed and place.
  [[nodiscard]] std::vector<tick> all() const;

  /// Forgets ticks of eras before `era`.
  void forget_before(std::uint64_t era);

  [[nodiscard]] std::size_t size() const { return steps_.size(); }

private:
  struct key {
    bytes32 seed;
    std::uint64_t from;
    friend auto operator<=>(const key&, const key&) = default;
  };
  /// Steps from a place on, the longest last; usually one.
  using known = std::vector<tick>;
  const tick* next(const time_position& at, std::uint64_t most) const;

  const protocol& protocol_;
  std::map<key, known> steps_;
};
} // namespace spacetime::consensus
