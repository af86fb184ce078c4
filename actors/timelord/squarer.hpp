#pragma once
// The threads behind the timelord: one squares, one proves ticks, one proves
// whole eras. No CAF here: finished ticks leave through a callback.

#include "core/consensus/timeline.hpp"
#include "core/time/prover.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <thread>

namespace spacetime {
/// Runs the time chain forward from a point. One instance, three threads.
class squarer {
public:
  /// `made` gets every proven tick, on a thread of this object; ticks of one
  /// era come in order, and no sooner than `pace` after one another. Time that
  /// was lost is never caught up.
  squarer(std::shared_ptr<const consensus::protocol> p,
          std::chrono::milliseconds pace,
          std::function<void(const consensus::tick&)> made);
  /// Stops and joins; takes 10 ms at most.
  ~squarer();
  squarer(const squarer&) = delete;
  squarer& operator=(const squarer&) = delete;

  /// Squares from `at` to the end of its era, then waits. What ran before is
  /// abandoned, unless it is this very era.
  void run_from(const consensus::time_position& at);
  /// Makes one proof for a whole era that was not squared here from its start
  /// to its end; for that it squares the era again. One that is under way, or
  /// a fourth one, is not taken.
  void prove_era(const consensus::era_span& era);
  /// Abandons what runs.
  void pause();

  /// Squarings per second of the last tick, without pacing; 0 before it.
  [[nodiscard]] std::uint64_t rate() const { return rate_; }

private:
  using clock = std::chrono::steady_clock;

  using flag = std::shared_ptr<std::atomic<bool>>;
  static constexpr std::size_t era_limit = 4; ///< jobs that wait

  /// A proof to make.
  struct proof_job {
    consensus::tick tick; ///< without its proof
    vdf::discriminant group;
    std::optional<vdf::checkpoints> from; ///< none: square the era again
    flag cancelled;
  };

  void square();
  void square_era(const consensus::time_position& at, const flag& cancelled);
  void simulate_era(const consensus::time_position& at, const flag& cancelled);
  void prove_ticks();
  void prove_eras();
  bool prove(proof_job& job);
  bool put_tick(proof_job job);
  void put_era(proof_job job);
  bool wait_for_pace(const std::atomic<bool>& cancelled);

  std::shared_ptr<const consensus::protocol> protocol_;
  std::chrono::milliseconds pace_;
  std::function<void(const consensus::tick&)> made_;

  std::mutex mutex_; // guards all below but the threads and rate_
  std::condition_variable changed_;
  bool stopping_ = false;
  std::optional<consensus::time_position> next_;
  bytes32 seed_{}; // of the era that runs or is about to
  flag cancelled_; // of what runs
  // An era's proof stays useful after a reorg; only our end stops it.
  flag ended_ = std::make_shared<std::atomic<bool>>(false);
  // One at most: the squaring waits for its proofs, never runs ahead of them.
  std::optional<proof_job> tick_;
  std::deque<proof_job> eras_;
  // Seed of the last era job, under way or done: its owner may not have taken
  // the proof yet. A pause forgets it.
  bytes32 proving_{};
  clock::time_point released_{}; // the last tick
  std::atomic<std::uint64_t> rate_{0};

  std::thread squaring_, tick_proofs_, era_proofs_; // last: they use the rest
};
} // namespace spacetime
