#include "core/sim/svg.hpp"

#include <algorithm>
#include <cmath>

namespace spacetime::sim {
namespace {
constexpr double width = 760, height = 320;
constexpr double left = 56, right = 16, top = 44, bottom = 44;

std::string escaped(const std::string& text) {
  std::string out;
  for (auto c : text)
    out += c == '&'   ? std::string{"&amp;"}
           : c == '<' ? std::string{"&lt;"}
                      : std::string{c};
  return out;
}

/// With one digit behind the point; no locale has a say in it.
std::string tenths(double x) {
  const auto n = std::llround(x * 10);
  const auto size = n < 0 ? -n : n;
  return (n < 0 ? "-" : "") + std::to_string(size / 10)
         + (size % 10 != 0 ? "." + std::to_string(size % 10) : "");
}

/// From values to places on the picture.
class scale {
public:
  explicit scale(const chart& c) : logarithmic_(c.logarithmic) {
    y_low_ = y_high_ = c.goal != 0 ? c.goal : c.curves[0].points[0].second;
    x_low_ = x_high_ = c.curves[0].points[0].first;
    for (const auto& line : c.curves)
      for (const auto& [x, y] : line.points) {
        x_low_ = std::min(x_low_, x), x_high_ = std::max(x_high_, x);
        y_low_ = std::min(y_low_, y), y_high_ = std::max(y_high_, y);
      }
    if (logarithmic_) {
      y_low_ = std::exp2(std::floor(std::log2(y_low_)));
      y_high_ = std::exp2(std::ceil(std::log2(y_high_) + 0.01));
    } else {
      const auto room = (y_high_ - y_low_) * 0.08 + 1e-9;
      y_low_ -= room, y_high_ += room;
    }
    if (x_high_ <= x_low_) x_high_ = x_low_ + 1;
  }

  [[nodiscard]] double x(double v) const {
    return left + (v - x_low_) / (x_high_ - x_low_) * (width - left - right);
  }
  [[nodiscard]] double y(double v) const {
    const auto part = logarithmic_
                          ? std::log2(v / y_low_) / std::log2(y_high_ / y_low_)
                          : (v - y_low_) / (y_high_ - y_low_);
    return height - bottom - part * (height - top - bottom);
  }
  [[nodiscard]] std::vector<double> x_ticks() const {
    return even_ticks(x_low_, x_high_, 8);
  }
  [[nodiscard]] std::vector<double> y_ticks() const {
    if (!logarithmic_) return even_ticks(y_low_, y_high_, 5);
    std::vector<double> out;
    const auto ratio = std::log2(y_high_ / y_low_) > 8 ? 4.0 : 2.0;
    for (auto v = y_low_; v <= y_high_ * 1.001; v *= ratio) out.push_back(v);
    return out;
  }

private:
  static std::vector<double> even_ticks(double low, double high, double count) {
    const auto rough = (high - low) / count;
    const auto unit = std::pow(10.0, std::floor(std::log10(rough)));
    const auto step = unit
                      * (rough / unit <= 1   ? 1
                         : rough / unit <= 2 ? 2
                         : rough / unit <= 5 ? 5
                                             : 10);
    std::vector<double> out;
    for (auto i = std::ceil(low / step); i * step <= high; ++i)
      out.push_back(i * step);
    return out;
  }

  bool logarithmic_;
  double x_low_, x_high_, y_low_, y_high_;
};

std::string line(double x1, double y1, double x2, double y2,
                 const std::string& style) {
  return "<path d=\"M" + tenths(x1) + " " + tenths(y1) + "L" + tenths(x2) + " "
         + tenths(y2) + "\" " + style + "/>\n";
}

std::string words(double x, double y, const std::string& text,
                  const std::string& style) {
  return "<text x=\"" + tenths(x) + "\" y=\"" + tenths(y) + "\" " + style + ">"
         + escaped(text) + "</text>\n";
}

std::string axes(const chart& c, const scale& s) {
  std::string out;
  for (auto v : s.x_ticks()) {
    out += line(s.x(v), top, s.x(v), height - bottom, "stroke=\"#eee\"");
    out += words(s.x(v), height - bottom + 16, tenths(v),
                 "text-anchor=\"middle\"");
  }
  for (auto v : s.y_ticks()) {
    out += line(left, s.y(v), width - right, s.y(v), "stroke=\"#eee\"");
    out += words(left - 6, s.y(v) + 4, tenths(v), "text-anchor=\"end\"");
  }
  if (c.goal != 0)
    out += line(left, s.y(c.goal), width - right, s.y(c.goal),
                "stroke=\"#666\" stroke-dasharray=\"5 4\"");
  if (c.mark != 0)
    out += line(s.x(c.mark), top, s.x(c.mark), height - bottom,
                "stroke=\"#666\" stroke-dasharray=\"2 3\"");
  out += words((left + width) / 2, height - 10, c.x_label,
               "text-anchor=\"middle\"");
  return out + words(left, top - 8, c.y_label, "fill=\"#666\"");
}

std::string drawn(const curve& k, const scale& s) {
  std::string out = "<polyline fill=\"none\" stroke-width=\"1.4\" stroke=\""
                    + k.color + "\" points=\"";
  for (std::size_t i = 0; i < k.points.size(); ++i)
    out += (i == 0 ? "" : " ") + tenths(s.x(k.points[i].first)) + ","
           + tenths(s.y(k.points[i].second));
  return out + "\"/>\n";
}
} // namespace

std::string to_svg(const chart& c) {
  const scale s{c};
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 "
                    + tenths(width) + " " + tenths(height)
                    + "\" font-family=\"sans-serif\" font-size=\"12\">\n"
                      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  out += words(left, 18, c.title, "font-size=\"14\" font-weight=\"bold\"");
  out += axes(c, s);
  auto x = width - right;
  for (auto k = c.curves.rbegin(); k != c.curves.rend(); ++k) {
    out += words(x, top - 8, k->label,
                 "text-anchor=\"end\" fill=\"" + k->color + "\"");
    x -= 7.0 * static_cast<double>(k->label.size()) + 14;
  }
  for (const auto& k : c.curves) out += drawn(k, s);
  return out + "</svg>\n";
}
} // namespace spacetime::sim
