#include "core/consensus/fork_choice.hpp"

#include <tuple>

namespace spacetime::consensus {
bool better(const tip_candidate& a, const tip_candidate& b) {
  if (a.weight != b.weight) return a.weight > b.weight;
  if (a.parent == b.parent && a.epoch == b.epoch)
    return std::tie(a.score, a.arrival) < std::tie(b.score, b.arrival);
  return std::tie(a.late, a.epoch, a.score, a.arrival)
         < std::tie(b.late, b.epoch, b.score, b.arrival);
}
} // namespace spacetime::consensus
