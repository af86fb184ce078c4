#pragma once

#include <atomic>

namespace spacetime::cli {
/// Whether Ctrl-C or SIGTERM came after `cancel_on_signals`.
extern std::atomic<bool> interrupted;

/// From now on the first signal asks a long work to end; a second one ends the
/// process.
void cancel_on_signals();
} // namespace spacetime::cli
