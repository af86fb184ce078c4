#include "core/chain/spec.hpp"

#include <array>

namespace spacetime {
namespace {
// Bounds keep every product of consensus arithmetic inside its integers:
// T * tau * epochs in 128 bits, spacing * K in 64; docs/protocol.md.
constexpr std::uint64_t hour = 3'600'000;
constexpr std::uint64_t max_squarings = std::uint64_t{1} << 40;
constexpr std::uint64_t max_u16 = 65'535, max_u32 = 4'294'967'295;
constexpr std::uint64_t million_coins = 1'000'000'000'000'000;
constexpr bool fixed = true, scheduled = false;

using r = rule_set;
constexpr std::array<rule_field, 21> fields{{
    {"tau_ms", &r::tau_ms, 1, hour, scheduled, "intended time of a tick"},
    {"tau_min_ms", &r::tau_min_ms, 1, hour, scheduled,
     "least time of an epoch between blocks (R6)"},
    {"drift_ms", &r::drift_ms, 0, hour, scheduled,
     "how far ahead a time stamp may be (R6)"},
    {"ticks_per_era", &r::ticks_per_era, 2, max_u16, fixed, "K"},
    {"infusion_lag", &r::infusion_lag, 1, max_u16 - 1, fixed,
     "ticks before an era's end"},
    {"retarget_period", &r::retarget_period, 1, 1 << 20, fixed,
     "eras between changes of T"},
    {"squarings_floor", &r::squarings_floor, 1, max_squarings, fixed,
     "least T"},
    {"squarings_cap", &r::squarings_cap, 1, max_squarings, fixed, "greatest T"},
    {"filter_bits", &r::filter_bits, 0, 32, scheduled,
     "a plot joins one epoch in 2^n (R8)"},
    {"spacing_numerator", &r::spacing_numerator, 1, max_u16, fixed,
     "epochs per block"},
    {"spacing_denominator", &r::spacing_denominator, 1, max_u16, fixed,
     "blocks per numerator"},
    {"half_life", &r::half_life, 1, max_u32, fixed,
     "epochs in which the target can double"},
    {"maturity", &r::maturity, 1, max_u16, fixed,
     "blocks until a reward is credited"},
    {"max_reorg", &r::max_reorg, 1, 1 << 20, scheduled, "eras; local policy"},
    {"subsidy", &r::subsidy, 0, million_coins, fixed,
     "motes of the first blocks"},
    {"halving", &r::halving, 1, max_u32, fixed,
     "blocks between halvings of the subsidy"},
    {"tail", &r::tail, 0, million_coins, fixed, "least subsidy, motes"},
    {"max_body_bytes", &r::max_body_bytes, 1024, 1 << 22, scheduled, "R11"},
    {"max_txs", &r::max_txs, 1, 1 << 20, scheduled, "R11"},
    {"min_fee_rate", &r::min_fee_rate, 0, 1'000'000'000, scheduled,
     "motes per byte (R12)"},
    {"header_version", &r::header_version, 1, max_u16, scheduled, "R2"},
}};
} // namespace

std::span<const rule_field> rule_fields() {
  return fields;
}
} // namespace spacetime
