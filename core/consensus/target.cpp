#include "core/consensus/target.hpp"

#include "core/base/checked.hpp"

#include <algorithm>

namespace spacetime::consensus {
namespace {
/// The least x in (low, high] with `holds(x)`. @pre not holds(low), holds(high)
template <class F>
std::int64_t first_true(std::int64_t low, std::int64_t high, F&& holds) {
  while (high - low > 1) {
    const auto middle = low + (high - low) / 2;
    (holds(middle) ? high : low) = middle;
  }
  return high;
}
} // namespace

std::uint64_t exponential_factor(std::uint64_t f) {
  return 65536
         + ((195766423245049ull * f + 971821376ull * f * f + 5127ull * f * f * f
             + (1ull << 47))
            >> 48);
}

u256 weight_of(const u256& target) {
  return u256{(u1024{1} << 256) / (u1024{target} + 1)};
}

difficulty::difficulty(const chain_spec& spec)
    : genesis_target_(spec.genesis.target),
      numerator_(static_cast<std::int64_t>(spec.fixed().spacing_numerator)),
      denominator_(static_cast<std::int64_t>(spec.fixed().spacing_denominator)),
      half_life_(static_cast<std::int64_t>(spec.fixed().half_life)) {
  // 257 doublings or halvings reach both ends from any genesis target.
  const auto far = 257 * denominator_ * half_life_;
  highest_ =
      first_true(-far, far, [&](auto z) { return target(z) == max_u256(); });
  lowest_ = first_true(-far, far, [&](auto z) { return target(z) > 1; }) - 1;
}

u256 difficulty::target(std::int64_t z) const {
  const int128 unit = int128{denominator_} * half_life_;
  const int128 scaled = int128{z} * 65536;
  auto x = scaled / unit;
  if (scaled % unit < 0) --x; // toward minus infinity
  const auto doublings = static_cast<std::int64_t>(x >> 16);
  const auto fraction = static_cast<std::uint64_t>(x & 65535);
  if (doublings > 256) return max_u256(); // the target is at least 1
  if (doublings < -257) return 1;
  u1024 out = u1024{genesis_target_} * exponential_factor(fraction);
  if (doublings >= 0)
    out <<= static_cast<unsigned>(doublings);
  else
    out >>= static_cast<unsigned>(-doublings);
  out >>= 16;
  if (out == 0) return 1;
  return out > max_u256() ? max_u256() : u256{out};
}

std::int64_t difficulty::next(std::int64_t z, std::uint64_t epochs,
                              std::uint64_t blocks) const {
  const auto sum =
      int128{z} + int128{epochs} * denominator_ - int128{blocks} * numerator_;
  return static_cast<std::int64_t>(
      std::clamp(sum, int128{lowest_}, int128{highest_}));
}
} // namespace spacetime::consensus
