#include "actors/log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/async.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <mutex>

namespace spacetime {
namespace {
std::mutex log_mutex;
std::shared_ptr<spdlog::logger> logger; // guarded by log_mutex
bool as_json = false;

constexpr std::string_view name_of(log_level level) {
  switch (level) {
  case log_level::debug: return "debug";
  case log_level::info: return "info";
  case log_level::warning: return "warning";
  default: return "error";
  }
}

spdlog::level::level_enum to_spdlog(log_level level) {
  switch (level) {
  case log_level::debug: return spdlog::level::debug;
  case log_level::info: return spdlog::level::info;
  case log_level::warning: return spdlog::level::warn;
  default: return spdlog::level::err;
  }
}

std::string utc_now() {
  using namespace std::chrono;
  const auto now = system_clock::now();
  const auto ms = duration_cast<milliseconds>(now.time_since_epoch()).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(system_clock::to_time_t(now)), ms % 1000);
}

std::string quoted(const std::string& value) {
  bool plain = !value.empty();
  for (unsigned char c : value)
    plain = plain && c > ' ' && c < 127 && c != '"' && c != '=';
  if (plain) return value;
  return nlohmann::json(value).dump(-1, ' ', true,
                                    nlohmann::json::error_handler_t::replace);
}

std::string json_line(
    log_level level, std::string_view actor, std::string_view event,
    std::initializer_list<std::pair<std::string_view, std::string>> values) {
  nlohmann::ordered_json line{{"time", utc_now()},
                              {"level", name_of(level)},
                              {"actor", actor},
                              {"event", event}};
  for (const auto& [key, value] : values) line[std::string{key}] = value;
  return line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}
} // namespace

bool open_log(const log_options& o) {
  const std::lock_guard guard{log_mutex};
  if (o.directory.empty()) return true;
  try {
    spdlog::init_thread_pool(8192, 1);
    auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
        (o.directory / "spacetime.log").string(), o.max_bytes, o.files);
    // A full queue drops the oldest line: the log never stops the node.
    logger = std::make_shared<spdlog::async_logger>(
        "spacetime", sink, spdlog::thread_pool(),
        spdlog::async_overflow_policy::overrun_oldest);
    logger->set_pattern("%v");
    logger->set_level(to_spdlog(o.level));
    logger->flush_on(spdlog::level::info);
    as_json = o.json;
    return true;
  } catch (const spdlog::spdlog_ex&) {
    return false;
  }
}

void close_log() {
  const std::lock_guard guard{log_mutex};
  if (!logger) return;
  logger.reset();
  spdlog::shutdown();
}

void log_event(
    log_level level, std::string_view actor, std::string_view event,
    std::initializer_list<std::pair<std::string_view, std::string>> values) {
  const std::lock_guard guard{log_mutex};
  if (!logger || !logger->should_log(to_spdlog(level))) return;
  std::string line;
  if (as_json) {
    line = json_line(level, actor, event, values);
  } else {
    line = fmt::format("{} {} {} {}", utc_now(), name_of(level), actor, event);
    for (const auto& [key, value] : values)
      line.append(" ").append(key).append("=").append(quoted(value));
  }
  logger->log(to_spdlog(level), spdlog::string_view_t{line});
}
} // namespace spacetime
