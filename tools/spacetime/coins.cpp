#include "tools/spacetime/coins.hpp"

#include "core/base/checked.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace spacetime::cli {
namespace {
constexpr std::uint64_t motes_per_coin = 1'000'000'000;
constexpr std::size_t most_decimals = 9;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

tl::unexpected<error> no_amount(std::string_view text, const char* why) {
  std::string shown;
  for (const char c : text.substr(0, 40)) // never a stranger's control bytes
    shown += c > 31 && c < 127 ? c : '?';
  return fail(errc::bad_encoding, "not an amount: \"" + shown + "\": " + why);
}

/// Why this is not of the form, or null.
const char* flaw(std::string_view whole, std::string_view decimals,
                 bool has_point) {
  const auto digits = [](std::string_view s) {
    return std::all_of(s.begin(), s.end(), is_digit);
  };
  if (whole.find(',') != whole.npos)
    return "write a point before the decimals, and nothing between thousands";
  if (whole.starts_with('-')) return "an amount is not negative";
  if (!digits(whole) || !digits(decimals))
    return "only digits and one point, as in 12.5";
  if (whole.empty()) return "a digit comes first, as in 0.5";
  if (has_point && decimals.empty()) return "digits follow the point";
  if (decimals.size() > most_decimals)
    return "a coin has nine decimals, no more";
  return nullptr;
}

/// The number that digits spell, if it has 64 bits.
std::optional<std::uint64_t> number(std::string_view digits) {
  std::optional<std::uint64_t> out = 0;
  for (const char c : digits) {
    out = checked_mul(*out, std::uint64_t{10});
    if (out) out = checked_add(*out, std::uint64_t(c - '0'));
    if (!out) return out;
  }
  return out;
}
} // namespace

result<amount> parse_coins(std::string_view text) {
  const auto point = std::min(text.find('.'), text.size());
  const auto whole = text.substr(0, point);
  const auto decimals = text.substr(std::min(point + 1, text.size()));
  if (const auto* why = flaw(whole, decimals, point < text.size()))
    return no_amount(text, why);
  std::string motes{decimals};
  motes.resize(most_decimals, '0');
  auto out = number(whole);
  if (out) out = checked_mul(*out, motes_per_coin);
  if (out) out = checked_add(*out, *number(motes));
  if (!out) return no_amount(text, "more than there can be");
  return amount{*out};
}

std::string coins(amount value) {
  auto out = fmt::format("{}", value.value / motes_per_coin);
  auto decimals = fmt::format("{:09}", value.value % motes_per_coin);
  decimals.erase(decimals.find_last_not_of('0') + 1);
  if (!decimals.empty()) out += "." + decimals;
  return out + " ST";
}
} // namespace spacetime::cli
