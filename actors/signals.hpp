#pragma once

#include <chrono>

namespace spacetime {
/// Blocks SIGINT and SIGTERM for this thread and those it will make, and
/// ignores SIGPIPE; call it before any other thread exists.
void block_signals();
/// Waits for SIGINT or SIGTERM up to `limit`. True: one came, and from now on a
/// second one ends the process at once.
bool wait_for_signal(std::chrono::milliseconds limit);
} // namespace spacetime
