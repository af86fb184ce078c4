#pragma once

#include "tools/spacetime/config/value.hpp"

#include <tl/expected.hpp>

namespace spacetime::config {
/// Where TOML is not well-formed, and the parser's own message.
struct syntax_error {
  unsigned line;   ///< from 1
  unsigned column; ///< from 1
  std::string text;
};

/// The members of a TOML document (TOML 1.0, UTF-8), with their lines.
tl::expected<raw::list, syntax_error> read_toml(std::string_view text);
} // namespace spacetime::config
