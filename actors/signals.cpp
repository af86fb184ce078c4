#include "actors/signals.hpp"

#include <csignal>
#include <ctime>

namespace spacetime {
void block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

bool wait_for_signal(std::chrono::milliseconds limit) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  const timespec wait{limit.count() / 1000, (limit.count() % 1000) * 1'000'000};
  if (sigtimedwait(&set, nullptr, &wait) < 0) return false;
  std::signal(SIGINT, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  return true;
}
} // namespace spacetime
