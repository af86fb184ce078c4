#include "tools/spacetime/config/environment.hpp"

#include <unistd.h>

#include <string_view>

namespace spacetime::config {
environment process_environment() {
  environment out;
  for (char** p = ::environ; p != nullptr && *p != nullptr; ++p) {
    const std::string_view pair = *p;
    const auto sign = pair.find('=');
    if (sign != pair.npos)
      out.emplace(pair.substr(0, sign), pair.substr(sign + 1));
  }
  return out;
}
} // namespace spacetime::config
