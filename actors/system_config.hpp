#pragma once

#include "actors/observed.hpp"

namespace spacetime {
/// Registers every type and error of the protocol; one .cpp pays for it.
struct system_config : observed_config {
  system_config();
};
} // namespace spacetime
