#include "core/mempool/fee_rate.hpp"

#include <doctest/doctest.h>

#include <random>
#include <vector>

using namespace spacetime;
using namespace spacetime::mempool;

namespace {
constexpr auto max = ~std::uint64_t{0};
}

TEST_CASE("fee rates compare as exact fractions") {
  CHECK(fee_rate{1, 3} < fee_rate{1, 2});
  CHECK(fee_rate{2, 4} == fee_rate{1, 2});
  CHECK(fee_rate{max, 239} < fee_rate{max, 238});
  CHECK(fee_rate{max - 1, 159} < fee_rate{max, 159});
  CHECK(fee_rate{159, 159} == fee_rate{239, 239});
  CHECK(fee_rate{160, 159} > fee_rate{240, 239});
}

TEST_CASE("rates per 1,000 bytes round as they say, and saturate") {
  CHECK(per_kilobyte({159, 159}) == 1000);
  CHECK(per_kilobyte({160, 159}) == 1006);
  CHECK(per_kilobyte_up({160, 159}) == 1007);
  CHECK(per_kilobyte_up({159, 159}) == 1000);
  CHECK(per_kilobyte({max, 159}) == max);
  CHECK(fee_at(1000, 159) == 159u);
  CHECK(fee_at(1001, 159) == 160u);
  CHECK(fee_at(0, 159) == 0u);
  CHECK_FALSE(fee_at(max, 1001));
}

TEST_CASE("the rolling floor never rises by itself and halves in time") {
  rolling_floor f{1000};
  CHECK(f.at({5}) == 0);
  f.raise(max, {5000});
  CHECK(f.at({5000}) == max);
  CHECK(f.at({0}) == max); // a clock that was set back
  CHECK(f.at({6000}) == max / 2);
  auto last = max;
  for (std::uint64_t t = 5000; t < 80'000; t += 37) {
    const auto now = f.at({t});
    CHECK(now <= last);
    last = now;
  }
  CHECK(f.at({5000 + 64 * 1000}) == 0);
  f.raise(100, {100'000});
  f.raise(60, {100'500}); // below the present 75
  CHECK(f.at({100'500}) == 75);
  f.raise(80, {100'500});
  CHECK(f.at({101'500}) == 40);
}

TEST_CASE("each rate lies in its bucket, and buckets are an eighth apart") {
  for (std::size_t i = 0; i + 1 < rate_histogram::buckets; ++i) {
    const auto low = rate_histogram::lower_bound(i);
    const auto next = rate_histogram::lower_bound(i + 1);
    CHECK(low < next);
    CHECK(rate_histogram::bucket_of(low) == i);
    CHECK(rate_histogram::bucket_of(next - 1) == i);
    CHECK((i < 16 || next - low <= low / 8));
  }
  CHECK(rate_histogram::bucket_of(max) == rate_histogram::buckets - 1);
  CHECK(rate_histogram::lower_bound(rate_histogram::buckets) == max);
}

TEST_CASE("a rate within so many bytes is beaten by less than so many") {
  std::mt19937_64 random{1};
  rate_histogram h;
  CHECK(h.rate_within(1) == 0);
  std::vector<fee_rate> all;
  for (int i = 0; i < 500; ++i) {
    all.push_back({random() % 100'000, 159 + random() % 81});
    h.add(all.back());
  }
  for (std::uint64_t bytes = 1; bytes < 120'000; bytes += 777) {
    const auto rate = h.rate_within(bytes);
    std::uint64_t above = 0, near = 0;
    for (const auto& r : all) {
      if (per_kilobyte(r) >= rate) above += r.size;
      if (per_kilobyte(r) >= rate - rate / 8) near += r.size;
    }
    CHECK(above < bytes);
    // No bucket higher than needed: the next lower rate has too many.
    CHECK((rate == 0 || near >= bytes));
  }
  for (const auto& r : all) h.remove(r);
  CHECK(h.rate_within(1) == 0);
}
