#include "tools/spacetime/config/names.hpp"

#include "core/base/check.hpp"

#include <algorithm>
#include <array>

namespace spacetime::config {
std::size_t edit_distance(std::string_view a, std::string_view b) {
  constexpr std::size_t longest = 64;
  a = a.substr(0, longest);
  b = b.substr(0, longest);
  // Three rows of the table: before the last, last, this one.
  std::array<std::array<std::size_t, longest + 1>, 3> rows{};
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& now = rows[i % 3];
    const auto& last = rows[(i + 2) % 3];
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = a[i - 1] == b[j - 1];
      now[j] =
          std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = std::min(now[j], rows[(i + 1) % 3][j - 2] + 1);
    }
  }
  return rows[a.size() % 3][b.size()];
}

std::string_view nearest(std::string_view name,
                         std::span<const std::string_view> candidates) {
  check(!candidates.empty(), "there are names to choose from");
  return *std::ranges::min_element(candidates, {}, [&](std::string_view c) {
    return edit_distance(name, c);
  });
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7f) {
      constexpr std::string_view digits = "0123456789abcdef";
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string printable(std::string_view text) {
  constexpr std::size_t longest = 60;
  auto shown = text.substr(0, longest);
  // A cut must not fall inside a UTF-8 sequence.
  while (shown.size() < text.size() && !shown.empty()
         && (static_cast<unsigned char>(text[shown.size()]) & 0xc0) == 0x80)
    shown.remove_suffix(1);
  auto out = in_quotes(shown);
  out = out.substr(1, out.size() - 2);
  return shown.size() < text.size() ? out + "..." : out;
}

std::string ticked(std::string_view name) {
  return "`" + printable(name) + "`";
}
} // namespace spacetime::config
