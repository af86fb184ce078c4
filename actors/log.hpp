#pragma once
// One line per event: time, level, actor, event name, then key=value.
// Event names are stable: scripts and alerts read them.

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace spacetime {
enum class log_level { debug, info, warning, error };

struct log_options {
  std::filesystem::path directory; ///< empty: no file
  log_level level = log_level::info;
  bool json = false;                 ///< one JSON object per line
  std::size_t max_bytes = 50u << 20; ///< rotate above
  std::size_t files = 7;
};

/// Opens the log of this process; before, and without, events go nowhere.
/// False if the directory cannot be written.
bool open_log(const log_options& options);
/// Writes out what is buffered and closes the log.
void close_log();

/// Appends one event; any thread. Values with spaces are quoted, control bytes
/// escaped, so that no value can forge a line.
void log_event(log_level level, std::string_view actor, std::string_view event,
               std::initializer_list<std::pair<std::string_view, std::string>>
                   values = {});
} // namespace spacetime
