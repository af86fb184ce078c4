#pragma once
// Known answers of tests/vectors/proof-of-space.json, and a plot to play with.

#include "core/base/hex.hpp"
#include "core/crypto/hash.hpp"
#include "core/space/plotter.hpp"
#include "core/space/solve.hpp"
#include "tests/support/slow_build.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace spacetime::test {
using json = nlohmann::json;

/// Every proof-of-space.json below tests/vectors, and that of the directory
/// which SPACETIME_VECTORS names.
inline const std::vector<json>& vector_files() {
  static const auto files = [] {
    std::vector<json> out;
    const auto load = [&](const std::filesystem::path& file) {
      std::ifstream in{file};
      REQUIRE_MESSAGE(in.good(), "cannot read " << file.string());
      out.push_back(json::parse(in));
    };
    const auto* folder = std::getenv("SPACETIME_TEST_VECTORS");
    REQUIRE(folder != nullptr);
    for (const auto& file :
         std::filesystem::recursive_directory_iterator{folder})
      if (file.path().filename() == "proof-of-space.json") load(file.path());
    REQUIRE(!out.empty());
    if (const auto* more = std::getenv("SPACETIME_VECTORS"); more != nullptr) {
      const auto file = std::filesystem::path{more} / "proof-of-space.json";
      if (std::filesystem::exists(file)) load(file);
    }
    return out;
  }();
  return files;
}

template <std::size_t N>
std::array<std::uint8_t, N> raw(const json& x) {
  const auto out = from_hex<N>(x.get<std::string>());
  REQUIRE(out);
  return *out;
}

inline bytes raw(const json& x) {
  const auto out = from_hex(x.get<std::string>());
  REQUIRE(out);
  return *out;
}

/// A number, or a decimal string where 53 bits could be too few.
inline std::uint64_t number(const json& x) {
  return x.is_string() ? std::stoull(x.get<std::string>())
                       : x.get<std::uint64_t>();
}

inline space::plot_params params(const json& x) {
  return {{raw<32>(x.at("plot_id"))},
          x.at("k").get<std::uint8_t>(),
          x.at("strength").get<std::uint8_t>(),
          number(x.at("testnet")) != 0};
}

/// Calls `use(plot, params)` for the plots of all files.
template <class Use>
void for_each_plot(Use&& use) {
  for (const auto& file : vector_files())
    for (const auto& plot : file.at("plots")) {
      const auto p = params(plot);
      CAPTURE(unsigned{p.k});
      CAPTURE(unsigned{p.strength});
      use(plot, p);
    }
}

inline space::plot_params some_params(std::uint8_t seed = 1) {
  return {{sha256({byte_view{&seed, 1}})}, 18, 2, true};
}

/// The k=18 plot of `some_params()`, made once.
inline const std::vector<std::uint64_t>& some_fragments() {
  static const auto made = space::make_fragments(some_params(), {});
  REQUIRE(made);
  return *made;
}

/// The fragments of one chaining set.
inline std::span<const std::uint64_t>
set_in(unsigned k, std::span<const std::uint64_t> all, std::uint64_t set) {
  const auto first = std::lower_bound(all.begin(), all.end(), set << (k + 6));
  const auto last = std::lower_bound(first, all.end(), (set + 1) << (k + 6));
  return {first, last};
}

inline std::vector<space::chain> look_up(const space::tables& plot,
                                         std::span<const std::uint64_t> all,
                                         const bytes32& challenge) {
  const auto& p = plot.params();
  const auto keys = space::derive_keys(p.id, p.k, challenge);
  space::set_fragments sets;
  for (std::size_t i = 0; i < 4; ++i) sets[i] = set_in(p.k, all, keys.sets[i]);
  return space::find_chains(plot, keys, sets);
}

/// A challenge of `some_params()` with a chain, from number `from` on.
struct ticket {
  bytes32 challenge;
  space::chain chain;
};
inline ticket some_ticket(std::uint64_t from = 0) {
  const space::tables plot{some_params()};
  for (;; ++from) {
    const auto challenge = sha256({be(from)});
    const auto chains = look_up(plot, some_fragments(), challenge);
    if (!chains.empty()) return {challenge, chains.front()};
  }
}
} // namespace spacetime::test
