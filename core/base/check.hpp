#pragma once

#include <cstdio>
#include <cstdlib>

namespace spacetime {
/// A broken invariant of ours: says where and ends the process, in release
/// builds too. Never for bad input.
inline void check(bool holds, const char* what,
                  const char* file = __builtin_FILE(),
                  unsigned line = __builtin_LINE()) {
  if (holds) [[likely]]
    return;
  std::fprintf(stderr, "%s:%u: broken invariant: %s\n", file, line, what);
  std::abort();
}
} // namespace spacetime
