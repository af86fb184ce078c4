#pragma once

#include "tools/spacetime/config/config.hpp"
#include "tools/spacetime/config/home.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>

namespace spacetime::config {
/// A directory of its own that goes with the test.
class scratch_directory {
public:
  scratch_directory() {
    std::string name =
        std::filesystem::temp_directory_path() / "spacetime-config-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  ~scratch_directory() { std::filesystem::remove_all(path_); }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

inline void write_file(const std::filesystem::path& p, std::string_view text) {
  std::ofstream out{p, std::ios::binary | std::ios::trunc};
  out << text;
  REQUIRE(out.good());
}

inline std::string read_file(const std::filesystem::path& p) {
  std::ifstream in{p, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

using loaded = tl::expected<config, std::vector<problem>>;

/// As config::load, whose name is ambiguous where both namespaces are open.
inline loaded load_from(const load_options& options) {
  return config::load(options);
}

/// Loads texts as a node.toml, with whatever else is given.
class reader_of_texts {
public:
  loaded operator()(std::string_view toml, load_options rest = {}) {
    rest.file = dir_.path() / "node.toml";
    return config::load(rest, toml);
  }
  /// The problems as lines, without the directory.
  std::string problems(std::string_view toml, load_options rest = {}) {
    const auto read = (*this)(toml, std::move(rest));
    return read ? "" : lines(read.error());
  }
  [[nodiscard]] std::string lines(const std::vector<problem>& all) const {
    const auto lead = dir_.path().string() + "/";
    std::string out;
    for (const auto& p : all) {
      auto line = to_string(p);
      if (line.starts_with(lead)) line.erase(0, lead.size());
      out += line + "\n";
    }
    return out;
  }
  [[nodiscard]] const std::filesystem::path& directory() const {
    return dir_.path();
  }

private:
  scratch_directory dir_;
};
} // namespace spacetime::config
