#pragma once
// For benches that run a scenario once, where Google Benchmark repeats a loop.

#include <algorithm>
#include <ctime>
#include <vector>

namespace spacetime::bench {
template <class Work>
double ms_of(clockid_t clock, Work&& work) {
  const auto now = [clock] {
    timespec t{};
    ::clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) * 1e3
           + static_cast<double>(t.tv_nsec) / 1e6;
  };
  const auto start = now();
  work();
  return now() - start;
}

/// Milliseconds of this thread's processor time: others may use the machine.
template <class Work>
double cpu_ms(Work&& work) {
  return ms_of(CLOCK_THREAD_CPUTIME_ID, work);
}
template <class Work>
double wall_ms(Work&& work) {
  return ms_of(CLOCK_MONOTONIC, work);
}

inline double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}
} // namespace spacetime::bench
