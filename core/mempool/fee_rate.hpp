#pragma once
// What transactions pay per byte, exactly; and how many pay how much.

#include "core/base/strong.hpp"
#include "core/tx/tx.hpp"

#include <array>
#include <optional>

namespace spacetime::mempool {
/// Fee per byte as an exact fraction; higher pays better.
struct fee_rate {
  std::uint64_t fee;
  std::uint64_t size; ///< canonical bytes, above 0, below 2^32
  friend std::strong_ordering operator<=>(const fee_rate& a, const fee_rate& b);
  friend bool operator==(const fee_rate& a, const fee_rate& b) {
    return (a <=> b) == 0;
  }
  /// Of both together.
  friend fee_rate operator+(const fee_rate& a, const fee_rate& b) {
    return {a.fee + b.fee, a.size + b.size};
  }
};
fee_rate rate_of(const tx& t);

/// Motes per 1,000 bytes, rounded down or up; 2^64 - 1 for what is above it.
std::uint64_t per_kilobyte(const fee_rate& r);
std::uint64_t per_kilobyte_up(const fee_rate& r);
/// Least fee of `size` bytes at so many motes per 1,000 bytes, rounded up;
/// nothing if it exceeds 64 bits.
std::optional<std::uint64_t> fee_at(std::uint64_t per_kilobyte,
                                    std::uint64_t size);

/// The rate that a pool asks for on top of the rules: it rises when something
/// is evicted, and halves every `half_life`.
class rolling_floor {
public:
  explicit rolling_floor(std::uint64_t half_life_ms)
      : half_life_ms_(half_life_ms) {}

  /// Motes per 1,000 bytes. Within a half-life it falls in a straight line; a
  /// clock that goes back does not raise it above where it was set.
  [[nodiscard]] std::uint64_t at(timestamp now) const;
  /// To this, if it is more than the present one.
  void raise(std::uint64_t per_kilobyte, timestamp now);

private:
  std::uint64_t half_life_ms_;
  std::uint64_t set_to_ = 0;
  timestamp since_;
};

/// Waiting transactions by what they pay: buckets of motes per 1,000 bytes,
/// eight to each doubling. Each operation takes constant time.
class rate_histogram {
public:
  static constexpr std::size_t buckets = 496;
  struct cell {
    std::uint64_t count{}, bytes{};
  };

  void add(const fee_rate& r);
  void remove(const fee_rate& r);
  [[nodiscard]] const cell& at(std::size_t bucket) const {
    return cells_[bucket];
  }
  /// What a bucket starts at; one further than the last: 2^64 - 1.
  static std::uint64_t lower_bound(std::size_t bucket);
  static std::size_t bucket_of(std::uint64_t per_kilobyte);
  /// A rate in motes per 1,000 bytes above which less than `bytes` wait; 0 if
  /// all that waits is less.
  [[nodiscard]] std::uint64_t rate_within(std::uint64_t bytes) const;

private:
  std::array<cell, buckets> cells_{};
};
} // namespace spacetime::mempool
