#pragma once

#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace spacetime {
/// A broken invariant of ours: says where and ends the process, in release
/// builds too. Never for bad input.
inline void check(bool holds, const char* what,
                  std::source_location at = std::source_location::current()) {
  if (holds) [[likely]]
    return;
  std::fprintf(stderr, "%s:%u: broken invariant: %s\n", at.file_name(),
               static_cast<unsigned>(at.line()), what);
  std::abort();
}
} // namespace spacetime
