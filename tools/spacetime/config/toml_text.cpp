#include "tools/spacetime/config/toml_text.hpp"

#include "core/chain/toml.hpp"

namespace spacetime::config {
namespace {
std::string_view name_of(toml::node_type type) {
  switch (type) {
  case toml::node_type::floating_point: return "float";
  case toml::node_type::date: return "date";
  case toml::node_type::time: return "time";
  case toml::node_type::date_time: return "date and time";
  default: return "value";
  }
}

/// No key nests deeper; what does is refused whatever it holds.
constexpr int max_depth = 8;

raw convert(const toml::node& node, int depth);

raw::list members_of(const toml::table& table, int depth) {
  raw::list out;
  for (const auto& [key, value] : table) {
    auto& member = out.emplace_back(convert(value, depth + 1));
    member.key = key.str();
    member.key_line = static_cast<unsigned>(key.source().begin.line);
  }
  return out;
}

raw convert(const toml::node& node, int depth) {
  raw out;
  out.line = static_cast<unsigned>(node.source().begin.line);
  if (depth > max_depth) {
    out.value = raw::foreign{"deeply nested value"};
  } else if (const auto* flag = node.as_boolean()) {
    out.value = flag->get();
  } else if (const auto* number = node.as_integer()) {
    out.value = number->get();
  } else if (const auto* text = node.as_string()) {
    out.value = text->get();
  } else if (const auto* table = node.as_table()) {
    out.value = raw::table{members_of(*table, depth)};
  } else if (const auto* array = node.as_array()) {
    raw::list items;
    for (const auto& item : *array) items.push_back(convert(item, depth + 1));
    out.value = std::move(items);
  } else {
    out.value = raw::foreign{name_of(node.type())};
  }
  return out;
}
} // namespace

tl::expected<raw::list, syntax_error> read_toml(std::string_view text) {
  const auto parsed = toml::parse(text);
  if (parsed) return members_of(parsed.table(), 0);
  const auto& e = parsed.error();
  const auto at = e.source().begin;
  return tl::unexpected<syntax_error>{
      {std::max(1u, static_cast<unsigned>(at.line)),
       std::max(1u, static_cast<unsigned>(at.column)),
       std::string{e.description()}}};
}
} // namespace spacetime::config
