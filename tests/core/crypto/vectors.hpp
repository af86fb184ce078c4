#pragma once
// Known answers from tests/vectors.

#include "core/base/hex.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>

namespace spacetime::test {
/// A file of tests/vectors.
inline nlohmann::json vectors(const std::string& name) {
  const auto* folder = std::getenv("SPACETIME_TEST_VECTORS");
  REQUIRE(folder != nullptr);
  std::ifstream in{std::string{folder} + "/" + name};
  REQUIRE_MESSAGE(in, "no such file of vectors: " << name);
  return nlohmann::json::parse(in);
}

inline std::string text(const nlohmann::json& x) {
  return x.get<std::string>();
}
inline bytes raw(const nlohmann::json& x) {
  return *from_hex(text(x));
}
template <std::size_t N>
std::array<std::uint8_t, N> raw(const nlohmann::json& x) {
  return *from_hex<N>(text(x));
}
} // namespace spacetime::test
