#pragma once

#include <unistd.h>

#include <cstdint>
#include <fstream>

namespace spacetime::test {
/// Bytes of memory that this process holds.
inline std::uint64_t resident_bytes() {
  std::ifstream in{"/proc/self/statm"};
  std::uint64_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}
} // namespace spacetime::test
