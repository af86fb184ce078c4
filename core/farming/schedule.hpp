#pragma once
// When a farmer acts within an epoch; docs/protocol.md, "Window".

#include "core/base/u256.hpp"
#include "core/codec/messages.hpp"

#include <optional>

namespace spacetime::farming {
/// Milliseconds on any monotonic clock.
using moment = std::uint64_t;

/// Moments of a window, counted from the local arrival of the proven tick.
struct window_times {
  std::uint64_t lookups_end_ms{}; ///< 0.3 tau
  std::uint64_t best_ms{};        ///< 0.4 tau: the best announced publishes
  std::uint64_t others_ms{};      ///< 0.7 tau: the others, if nobody did
};
window_times times_of(std::uint64_t tau_ms);

/// One epoch's tickets. Keeps the best and says when to build a block of it.
class window {
public:
  window() = default;
  window(spacetime::epoch e, const spacetime::challenge& c, moment arrival,
         std::uint64_t tau_ms)
      : epoch_(e), challenge_(c), arrival_(arrival), times_(times_of(tau_ms)) {}

  /// Offers a verified ticket. Errors: `stale` for another epoch or challenge,
  /// `duplicate` if a better or equal one is there.
  status offer(const codec::ticket& t, const u256& score);

  /// The moment to build from the best ticket; none without a ticket or after
  /// `published`. May lie in the past: a late ticket publishes at once.
  [[nodiscard]] std::optional<moment> publish_at() const;

  /// Our block of this epoch is out, or a better one came.
  void close() { closed_ = true; }

  [[nodiscard]] spacetime::epoch epoch() const { return epoch_; }
  [[nodiscard]] const spacetime::challenge& challenge() const {
    return challenge_;
  }
  [[nodiscard]] const std::optional<codec::ticket>& best() const {
    return best_;
  }
  [[nodiscard]] const u256& best_score() const { return score_; }
  [[nodiscard]] moment arrival() const { return arrival_; }

private:
  spacetime::epoch epoch_;
  spacetime::challenge challenge_;
  moment arrival_ = 0;
  window_times times_;
  std::optional<codec::ticket> best_;
  u256 score_ = 0;
  bool closed_ = false;
};
} // namespace spacetime::farming
