#pragma once

#include <cstdint>

namespace spacetime::sim {
/// Random numbers that follow from a seed alone: splitmix64 (public domain,
/// Steele, Lea, Flood 2014). Fit for simulations, never for secrets.
class dice {
public:
  explicit dice(std::uint64_t seed) : state_(seed) {}

  /// 64 even bits.
  std::uint64_t roll() {
    auto z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// From 0 to `n` - 1, even but for n / 2^64. @pre n > 0
  std::uint64_t below(std::uint64_t n) { return roll() % n; }

private:
  std::uint64_t state_;
};
} // namespace spacetime::sim
