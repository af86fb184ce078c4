#include "tools/spacetime/interrupt.hpp"

#include <csignal>

namespace spacetime::cli {
std::atomic<bool> interrupted{false};

const std::atomic<bool>& cancel_on_signals() {
  for (int s : {SIGINT, SIGTERM})
    std::signal(s, [](int which) {
      interrupted = true;
      std::signal(which, SIG_DFL);
    });
  return interrupted;
}
} // namespace spacetime::cli
