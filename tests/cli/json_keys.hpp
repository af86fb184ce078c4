#pragma once
// Keys that scripts rely on: tests/cli/json.keys. Adding one is allowed, and
// then added there; renaming or removing one needs a new schema number.

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace spacetime::test {
/// All keys of an object, those of objects within as "outer.inner", those of
/// the first element of a list as "list[].key".
inline void list_keys(const nlohmann::json& in, const std::string& prefix,
                      std::string& out) {
  for (const auto& [key, value] : in.items()) {
    out += " " + prefix + key;
    if (value.is_object()) list_keys(value, prefix + key + ".", out);
    if (value.is_array() && !value.empty() && value[0].is_object())
      list_keys(value[0], prefix + key + "[].", out);
  }
}

/// Compares with the line of json.keys that starts with "name:".
inline void check_keys(const std::string& name, const nlohmann::json& object) {
  const char* root = std::getenv("SPACETIME_SOURCE_ROOT");
  REQUIRE(root != nullptr);
  std::ifstream file{std::string{root} + "/tests/cli/json.keys"};
  REQUIRE(file.good());
  std::string line, expected;
  while (std::getline(file, line))
    if (line.starts_with(name + ":")) expected = line.substr(name.size() + 1);
  std::string found;
  list_keys(object, "", found);
  CHECK_MESSAGE(found == expected, name << ":" << found);
}
} // namespace spacetime::test
