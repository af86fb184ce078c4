#include "core/consensus/timeline.hpp"

#include <algorithm>

namespace spacetime::consensus {
void timeline::add(const tick& t) {
  auto& all = steps_[{t.step.seed, t.step.from}];
  // Ticks with another start or T, true as they may be, lead elsewhere: they
  // must not keep out those that a chain needs.
  const auto same = [&](const tick& x) {
    return x.step.ticks == t.step.ticks && x.step.start == t.step.start
           && x.step.squarings == t.step.squarings;
  };
  if (std::any_of(all.begin(), all.end(), same)) return;
  all.push_back(t);
  std::sort(all.begin(), all.end(), [](const tick& a, const tick& b) {
    return a.step.ticks < b.step.ticks;
  });
}

const tick* timeline::next(const time_position& at, std::uint64_t most) const {
  const auto found = steps_.find({at.era.seed, at.tick});
  if (found == steps_.end()) return nullptr;
  const tick* longest = nullptr;
  for (const auto& t : found->second)
    if (t.step.ticks <= most && t.step.start == at.y
        && t.step.squarings == at.era.squarings)
      longest = &t;
  return longest;
}

time_position timeline::furthest(const chain_context& from) const {
  auto at = position_of(protocol_, from);
  const auto k = protocol_.fixed().ticks_per_era;
  while (const auto* t = next(at, k - at.tick))
    if (!advance(protocol_, at, t->step.ticks, t->step.end, from.recent)) break;
  return at;
}

result<std::vector<time_entry>> timeline::entries(const chain_context& from,
                                                  epoch to) const {
  std::vector<time_entry> out;
  auto at = position_of(protocol_, from);
  const auto k = protocol_.fixed().ticks_per_era;
  while (at.at(protocol_) < to) {
    const auto left = to.value - at.at(protocol_).value;
    const auto* t = next(at, std::min(k - at.tick, left));
    if (t == nullptr) return fail(errc::not_found, "a tick is missing");
    out.push_back({static_cast<std::uint16_t>(t->step.ticks), t->step.end,
                   t->step.proof});
    if (auto ok =
            advance(protocol_, at, t->step.ticks, t->step.end, from.recent);
        !ok)
      return fail(ok.error());
  }
  return out;
}

result<time_position> timeline::at(const chain_context& from, epoch to) const {
  auto steps = entries(from, to);
  if (!steps) return fail(steps.error());
  auto out = position_of(protocol_, from);
  for (const auto& e : *steps)
    if (auto ok = advance(protocol_, out, e.ticks, e.y, from.recent); !ok)
      return fail(ok.error());
  return out;
}

std::optional<era_span>
timeline::unproven_era(const chain_context& from) const {
  auto at = position_of(protocol_, from);
  const auto k = protocol_.fixed().ticks_per_era;
  bool from_start = false, whole = false; // of the era that is walked
  while (const auto* t = next(at, k - at.tick)) {
    if (at.tick == 0) {
      from_start = true;
      whole = t->step.ticks == k;
    }
    const auto era = at.era;
    const auto end = t->step.end;
    if (!advance(protocol_, at, t->step.ticks, end, from.recent)) break;
    if (at.tick == 0 && from_start && !whole)
      return era_span{era.number, era.seed, era.squarings, end};
  }
  return std::nullopt;
}

std::vector<tick> timeline::all() const {
  std::vector<tick> out;
  for (const auto& [place, known] : steps_)
    out.insert(out.end(), known.begin(), known.end());
  return out;
}

void timeline::forget_before(std::uint64_t era) {
  std::erase_if(steps_, [&](const auto& x) {
    return x.second.empty() || x.second.front().era < era;
  });
}
} // namespace spacetime::consensus
