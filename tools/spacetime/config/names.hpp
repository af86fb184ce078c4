#pragma once
// Names in messages: what was meant, and how to show it safely.

#include <span>
#include <string>
#include <string_view>

namespace spacetime::config {
/// Number of single-character insertions, deletions, replacements and swaps
/// of neighbours between two names; only their first 64 characters count.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate with the least distance, the first of equals.
/// @pre there is at least one candidate
std::string_view nearest(std::string_view name,
                         std::span<const std::string_view> candidates);

/// `text` as a TOML basic string: in quotes, with escapes.
std::string in_quotes(std::string_view text);

/// `text` for a message: control bytes escaped, cut after 60 characters.
std::string printable(std::string_view text);

/// A name for a message: `printable` between backticks.
std::string ticked(std::string_view name);
} // namespace spacetime::config
