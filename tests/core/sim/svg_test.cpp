#include "core/sim/svg.hpp"

#include <doctest/doctest.h>

using namespace spacetime::sim;

namespace {
chart example(bool logarithmic) {
  return {"a < b & c",
          "hours",
          "epochs",
          logarithmic,
          2.5,
          3,
          {{"one", "#06c", {{0, 1}, {5, 200}, {10, 2.5}}},
           {"two", "#d70", {{0, 3}, {10, 3}}}}};
}

/// Tags that are opened, less those that are closed.
int open_tags(const std::string& xml) {
  int depth = 0;
  for (std::size_t at = xml.find('<'); at != std::string::npos;
       at = xml.find('<', at + 1)) {
    const auto end = xml.find('>', at);
    if (xml[at + 1] == '/')
      --depth;
    else if (xml[end - 1] != '/')
      ++depth;
    CHECK(depth >= 0);
  }
  return depth;
}
} // namespace

TEST_CASE("a chart is closed XML with its title, axes and a line per curve") {
  for (bool logarithmic : {false, true}) {
    const auto out = to_svg(example(logarithmic));
    CHECK(out.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    CHECK(open_tags(out) == 0);
    CHECK(out.find("a &lt; b &amp; c") != std::string::npos);
    std::size_t lines = 0;
    for (auto i = out.find("<polyline"); i != std::string::npos;
         i = out.find("<polyline", i + 1))
      ++lines;
    CHECK(lines == 2);
    CHECK(out.find("nan") == std::string::npos);
    CHECK(out.find("inf") == std::string::npos);
  }
}

TEST_CASE("every point of a chart lies inside the picture") {
  for (bool logarithmic : {false, true}) {
    const auto out = to_svg(example(logarithmic));
    const auto start = out.find("points=\"") + 8;
    auto numbers = out.substr(start, out.find('"', start) - start);
    for (auto& c : numbers)
      if (c == ',') c = ' ';
    std::size_t at = 0;
    for (int i = 0; i < 6; ++i) {
      std::size_t used = 0;
      const auto v = std::stod(numbers.substr(at), &used);
      at += used;
      CHECK(v >= 0);
      CHECK(v <= (i % 2 == 0 ? 760 : 320));
    }
  }
}

TEST_CASE("a chart of one point and a level chart have a scale") {
  chart c{"t", "x", "y", false, 0, 0, {{"one", "#000", {{1, 1}}}}};
  CHECK(to_svg(c).find("nan") == std::string::npos);
  c.logarithmic = true;
  c.curves[0].points = {{1, 4}, {2, 4}};
  CHECK(to_svg(c).find("nan") == std::string::npos);
}
