#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace spacetime::cli {
/// A line of progress with its ETA on stderr: redrawn on a terminal, else one
/// line every ten seconds.
class progress_line {
public:
  progress_line(bool shown, bool redraws) : shown_(shown), redraws_(redraws) {}
  ~progress_line() { clear(); }
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;

  /// Draws "label [####....]  26%  detail  ETA 6 min 19 s". Cheap to call
  /// often: it draws ten times a second at most.
  void draw(const std::string& label, std::uint64_t done, std::uint64_t total,
            const std::string& detail = {});
  /// Removes the line from a terminal.
  void clear();

private:
  using clock = std::chrono::steady_clock;
  bool shown_, redraws_, drawn_ = false;
  clock::time_point start_ = clock::now(), last_{};
};
} // namespace spacetime::cli
