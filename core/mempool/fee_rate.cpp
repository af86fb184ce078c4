#include "core/mempool/fee_rate.hpp"

#include "core/base/checked.hpp"
#include "core/codec/tx.hpp"

#include <bit>

namespace spacetime::mempool {
namespace {
constexpr std::uint64_t most = ~std::uint64_t{0};
constexpr std::uint64_t kilobyte = 1000;
constexpr std::size_t steps = 8; // of a doubling

std::uint64_t saturated(uint128 x) {
  return x > most ? most : static_cast<std::uint64_t>(x);
}
} // namespace

std::strong_ordering operator<=>(const fee_rate& a, const fee_rate& b) {
  const auto left = uint128{a.fee} * b.size;
  const auto right = uint128{b.fee} * a.size;
  return left < right   ? std::strong_ordering::less
         : left > right ? std::strong_ordering::greater
                        : std::strong_ordering::equal;
}

fee_rate rate_of(const tx& t) {
  return {t.fee.value, codec::tx_size(t.memo.size())};
}

std::uint64_t per_kilobyte(const fee_rate& r) {
  return saturated(uint128{r.fee} * kilobyte / r.size);
}

std::uint64_t per_kilobyte_up(const fee_rate& r) {
  return saturated((uint128{r.fee} * kilobyte + r.size - 1) / r.size);
}

std::optional<std::uint64_t> fee_at(std::uint64_t per_kilobyte,
                                    std::uint64_t size) {
  const auto fee = (uint128{per_kilobyte} * size + kilobyte - 1) / kilobyte;
  if (fee > most) return std::nullopt;
  return static_cast<std::uint64_t>(fee);
}

std::uint64_t rolling_floor::at(timestamp now) const {
  const auto age = now > since_ ? now.value - since_.value : 0;
  const auto halvings = age / half_life_ms_;
  if (halvings >= 64) return 0;
  const auto start = set_to_ >> halvings;
  const auto end = start / 2;
  const auto part = uint128{start - end} * (age % half_life_ms_);
  return start - static_cast<std::uint64_t>(part / half_life_ms_);
}

void rolling_floor::raise(std::uint64_t per_kilobyte, timestamp now) {
  if (per_kilobyte <= at(now)) return;
  set_to_ = per_kilobyte;
  since_ = now;
}

std::size_t rate_histogram::bucket_of(std::uint64_t x) {
  if (x < steps) return static_cast<std::size_t>(x);
  const auto shift = static_cast<unsigned>(std::bit_width(x)) - 4;
  return (shift + 1) * steps + static_cast<std::size_t>(x >> shift) - steps;
}

std::uint64_t rate_histogram::lower_bound(std::size_t bucket) {
  if (bucket < steps) return bucket;
  if (bucket >= buckets) return most;
  return (steps + bucket % steps) << (bucket / steps - 1);
}

void rate_histogram::add(const fee_rate& r) {
  auto& c = cells_[bucket_of(per_kilobyte(r))];
  ++c.count;
  c.bytes += r.size;
}

void rate_histogram::remove(const fee_rate& r) {
  auto& c = cells_[bucket_of(per_kilobyte(r))];
  --c.count;
  c.bytes -= r.size;
}

std::uint64_t rate_histogram::rate_within(std::uint64_t bytes) const {
  std::uint64_t above = 0;
  for (auto i = buckets; i-- > 0;)
    if ((above += cells_[i].bytes) >= bytes) return lower_bound(i + 1);
  return 0;
}
} // namespace spacetime::mempool
