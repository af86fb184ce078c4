#include "core/farming/schedule.hpp"

namespace spacetime::farming {
window_times times_of(std::uint64_t tau_ms) {
  return {tau_ms * 3 / 10, tau_ms * 4 / 10, tau_ms * 7 / 10};
}

status window::offer(const codec::ticket& t, const u256& score) {
  if (t.epoch != epoch_ || t.challenge != challenge_ || closed_)
    return fail(errc::stale, "the window of this ticket has passed");
  if (best_ && score >= score_) return fail(errc::duplicate);
  best_ = t;
  score_ = score;
  return {};
}

std::optional<moment> window::publish_at() const {
  if (closed_ || !best_) return std::nullopt;
  return arrival_ + times_.best_ms;
}
} // namespace spacetime::farming
