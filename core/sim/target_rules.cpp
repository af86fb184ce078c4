#include "core/sim/target_rules.hpp"

#include <algorithm>

namespace spacetime::sim {
namespace {
constexpr std::size_t recent_blocks = 11;
}

era_rule::era_rule(const consensus::protocol& p)
    : rules_(p), era_(consensus::first_era(p, {{}, {}, p.spec.genesis.time})),
      recent_{{{}, {}, p.spec.genesis.time}} {}

void era_rule::take(const std::optional<consensus::block_facts>& found) {
  if (found) {
    ++era_.blocks;
    recent_.push_back(*found);
    if (recent_.size() > recent_blocks) recent_.erase(recent_.begin());
  }
  if (++tick_ < rules_.fixed().ticks_per_era) return;
  tick_ = 0;
  era_ = consensus::next_era(rules_, era_, {}, recent_);
}

average_rule::average_rule(const consensus::protocol& p, std::size_t window)
    : window_(window), numerator_(p.fixed().spacing_numerator),
      denominator_(p.fixed().spacing_denominator),
      target_(p.spec.genesis.target), sum_(u1024{target_} * window) {
  for (auto i = static_cast<std::int64_t>(window); i >= 0; --i)
    blocks_.push_back({-i * static_cast<std::int64_t>(numerator_)
                           / static_cast<std::int64_t>(denominator_),
                       target_});
}

void average_rule::take(const std::optional<consensus::block_facts>& found) {
  ++epoch_;
  if (!found) return;
  sum_ += target_;
  blocks_.push_back({epoch_, target_});
  blocks_.pop_front();
  sum_ -= blocks_.front().target;             // now the one before the window
  const auto intended = window_ * numerator_; // times the denominator
  const auto elapsed = std::clamp(
      static_cast<std::uint64_t>(epoch_ - blocks_.front().epoch) * denominator_,
      intended / 2, intended * 2);
  const u1024 next = sum_ / window_ * elapsed / intended;
  target_ = next > max_u256() ? max_u256() : next == 0 ? u256{1} : u256{next};
}
} // namespace spacetime::sim
