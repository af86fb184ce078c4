#pragma once
// Line charts as SVG text.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace spacetime::sim {
struct curve {
  std::string label;
  std::string color;                             ///< "#rrggbb"
  std::vector<std::pair<double, double>> points; ///< x ascending
};

struct chart {
  std::string title, x_label, y_label;
  bool logarithmic = false; ///< the y axis; then every y is above 0
  double goal = 0;          ///< y of a dashed line
  double mark = 0;          ///< x of a dotted line
  std::vector<curve> curves;
};

/// A picture of 760 x 320. Equal charts give equal bytes.
/// @pre there is a point, and all are finite
std::string to_svg(const chart& c);
} // namespace spacetime::sim
