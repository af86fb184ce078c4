#include "tools/spacetime/progress.hpp"

#include "tools/spacetime/cli.hpp"

#include <fmt/format.h>

#include <cstdio>

using namespace std::chrono_literals;

namespace spacetime::cli {
namespace {
constexpr std::uint64_t width = 28;
}

void progress_line::draw(const std::string& label, std::uint64_t done,
                         std::uint64_t total, const std::string& detail) {
  const auto now = clock::now();
  if (!shown_ || total == 0 || now - last_ < (redraws_ ? 100ms : 10s)) return;
  last_ = now;
  const auto spent = std::chrono::duration<double>(now - start_).count();
  std::string eta;
  if (done > 0 && spent > 0.5)
    eta = "  ETA "
          + human_seconds(spent * static_cast<double>(total - done)
                          / static_cast<double>(done));
  const auto filled = done * width / total;
  fmt::print(stderr, "{}{} [{:#<{}}{:.<{}}] {:3}%{}{}{}",
             redraws_ ? "\r\033[K" : "", label, "", filled, "", width - filled,
             done * 100 / total, detail.empty() ? "" : "  " + detail, eta,
             redraws_ ? "" : "\n");
  std::fflush(stderr);
  drawn_ = redraws_;
}

void progress_line::clear() {
  if (!drawn_) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  drawn_ = false;
}
} // namespace spacetime::cli
