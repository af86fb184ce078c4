#pragma once
// The threads behind the timelord: one squares, one proves ticks, one proves
// whole eras. No CAF here: finished ticks leave through a callback.

#include "core/consensus/timeline.hpp"
#include "core/time/prover.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
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
  /// Abandons what runs.
  void pause();

  /// Squarings per second of the last tick, without pacing; 0 before it.
  [[nodiscard]] std::uint64_t rate() const { return rate_; }

private:
  using clock = std::chrono::steady_clock;

  /// A proof to make.
  struct proof_job {
    consensus::tick tick; ///< without its proof
    vdf::discriminant group;
    vdf::checkpoints from;
    std::shared_ptr<std::atomic<bool>> cancelled;
  };

  /// Holds one job at most: whoever makes jobs waits for whoever takes them.
  struct mailbox {
    std::optional<proof_job> job;
  };

  void square();
  void square_era(const consensus::time_position& at,
                  const std::shared_ptr<std::atomic<bool>>& cancelled);
  void simulate_era(const consensus::time_position& at,
                    const std::shared_ptr<std::atomic<bool>>& cancelled);
  void prove(mailbox& box, bool paced);
  bool put(mailbox& box, proof_job job);
  bool wait_for_pace(const std::atomic<bool>& cancelled);

  std::shared_ptr<const consensus::protocol> protocol_;
  std::chrono::milliseconds pace_;
  std::function<void(const consensus::tick&)> made_;

  std::mutex mutex_; // guards all below but the threads and rate_
  std::condition_variable changed_;
  bool stopping_ = false;
  std::optional<consensus::time_position> next_;
  bytes32 seed_{}; // of the era that runs or is about to
  std::shared_ptr<std::atomic<bool>> cancelled_; // of what runs
  // Of era proofs: they stay useful after a reorg, only our end stops them.
  std::shared_ptr<std::atomic<bool>> ended_
    = std::make_shared<std::atomic<bool>>(false);
  mailbox ticks_, eras_;
  clock::time_point released_{}; // the last tick
  std::atomic<std::uint64_t> rate_{0};

  std::thread squaring_, tick_proofs_, era_proofs_; // last: they use the rest
};
} // namespace spacetime
