#pragma once

#include <functional>
#include <map>
#include <string>

namespace spacetime::config {
/// Environment variables, name to value.
using environment = std::map<std::string, std::string, std::less<>>;

/// Those of this process.
environment process_environment();
} // namespace spacetime::config
