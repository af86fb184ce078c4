#include "tools/spacetime/config/toml_text.hpp"
#include "tools/spacetime/config/value.hpp"

#include <charconv>

namespace spacetime::config {
namespace {
std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> out;
  if (trim(text).empty()) return out;
  while (true) {
    const auto comma = text.find(',');
    out.push_back(trim(text.substr(0, comma)));
    if (comma == text.npos) return out;
    text.remove_prefix(comma + 1);
  }
}

raw as_string(std::string_view text) {
  return {std::string{text}};
}

/// `text` as the TOML value that it is; nothing when it is none.
std::optional<raw> as_toml(std::string_view text) {
  auto read = read_toml("x = " + std::string{text});
  if (!read || read->size() != 1) return std::nullopt;
  return std::move(read->front());
}

// One overload per type that a plain text stands for; strings are the rest.

raw parse(std::string_view text, const void*) {
  return as_string(text);
}

raw parse(std::string_view text, const bool*) {
  if (text == "true" || text == "false") return {text == "true"};
  return as_string(text);
}

raw parse(std::string_view text, const std::uint32_t*) {
  std::int64_t n = 0;
  const auto* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, n);
  if (code != std::errc{} || rest != end) return as_string(text);
  return {n};
}

template <class T>
raw parse(std::string_view text, const std::vector<T>*) {
  if (text.starts_with('[')) return as_toml(text).value_or(as_string(text));
  raw::list out;
  for (const auto item : split(text)) out.push_back(as_string(item));
  return {std::move(out)};
}

raw parse(std::string_view text, const log_levels*) {
  if (text.starts_with('{')) return as_toml(text).value_or(as_string(text));
  raw::table out;
  for (const auto item : split(text)) {
    const auto sign = item.find('=');
    if (sign == item.npos) return as_string(text);
    auto& level = out.members.emplace_back();
    level.value = std::string{trim(item.substr(sign + 1))};
    level.key = trim(item.substr(0, sign));
  }
  return {std::move(out)};
}

/// Lines count in files only.
void forget_lines(raw& x) {
  x.line = x.key_line = 0;
  if (auto* const items = std::get_if<raw::list>(&x.value))
    for (auto& item : *items) forget_lines(item);
  if (auto* const table = std::get_if<raw::table>(&x.value))
    for (auto& member : table->members) forget_lines(member);
}
} // namespace

raw from_text(const slot& out, std::string_view text) {
  auto value = std::visit([&](const auto* to) { return parse(text, to); }, out);
  forget_lines(value);
  return value;
}
} // namespace spacetime::config
