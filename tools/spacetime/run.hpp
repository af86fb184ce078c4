#pragma once
// From a prepared node to its end: what `up` and `node` share.

#include "tools/spacetime/setup.hpp"

namespace spacetime::cli {
struct run_request {
  std::uint64_t blocks = 0; ///< stop after so many new blocks; 0: never
  bool ready_line = true;
};

/// Boots the node, prints a line per block, waits for a signal or the wanted
/// number of blocks, stops. The exit code.
int run_node(prepared_node node, const common_flags& flags,
             const run_request& request);
} // namespace spacetime::cli
