#pragma once
// Amounts as people write them: coins with up to nine decimals.

#include "core/base/result.hpp"
#include "core/base/strong.hpp"

#include <string>
#include <string_view>

namespace spacetime::cli {
/// "12", "0.5", "12.000000001": digits, then at most nine behind a point.
/// Exact, in integers. Errors: `bad_encoding` naming the text and what is wrong
/// with it, also above 2^64 - 1 motes.
result<amount> parse_coins(std::string_view text);

/// "12.5 ST": every decimal that is not zero at the end.
std::string coins(amount value);
} // namespace spacetime::cli
