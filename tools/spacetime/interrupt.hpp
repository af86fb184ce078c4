#pragma once

#include <atomic>

namespace spacetime::cli {
/// Whether Ctrl-C or SIGTERM came after `cancel_on_signals`.
extern std::atomic<bool> interrupted;

/// From now on the first signal asks a long work to end, and sets the flag that
/// this returns; a second one ends the process.
const std::atomic<bool>& cancel_on_signals();
} // namespace spacetime::cli
