#include "tools/spacetime/cli.hpp"

#include "core/disk/file.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

namespace spacetime::cli {
void add_common(CLI::App& verb, common_flags& flags) {
  verb.add_option("--home", flags.home,
                  "Data directory of all networks (SPACETIME_HOME; default "
                  "~/.spacetime)");
  verb.add_option("--network", flags.network,
                  "mainnet, testnet, devnet, regtest (SPACETIME_NETWORK; "
                  "default devnet)");
  verb.add_flag("--json", flags.json, "One JSON object on stdout");
  verb.add_flag("--quiet", flags.quiet, "No progress and no hints");
  verb.add_option("--color", flags.color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
}

int report(const error& e, const std::string& hint) {
  const auto text = e.detail.empty() ? std::string{describe(e.code)} : e.detail;
  fmt::print(stderr, "error: {}\n", text);
  if (!e.detail.empty())
    fmt::print(stderr, "  {}: {}\n", name_of(e.code), describe(e.code));
  if (!hint.empty()) fmt::print(stderr, "  {}\n", hint);
  switch (e.code) {
  case errc::bad_config:
  case errc::bad_encoding: return usage;
  case errc::unavailable: return unreachable;
  default: return failed;
  }
}

std::string network_of(const common_flags& flags) {
  if (!flags.network.empty()) return flags.network;
  const char* named = std::getenv("SPACETIME_NETWORK");
  return named != nullptr && *named != '\0' ? named : "devnet";
}

result<config::home> home_of(const common_flags& flags) {
  return config::resolve(flags.home, config::process_environment(),
                         network_of(flags));
}

result<chain_spec> spec_of(const config::home& home) {
  auto own = disk::read_file(home.chain_spec, 1u << 20);
  if (own) {
    auto spec = chain_spec::parse(
        {reinterpret_cast<const char*>(own->data()), own->size()});
    if (!spec)
      return fail(spec.error().code,
                  home.chain_spec.string() + ": " + spec.error().detail);
    return spec;
  }
  if (own.error() != errc::not_found) return fail(own.error());
  auto spec = chain_spec::embedded(home.network);
  if (spec) return spec;
  std::string known;
  for (auto name : chain_spec::names()) known.append(" ").append(name);
  return fail(errc::bad_config,
              "no network is called " + home.network + "; known are" + known);
}

bool is_fancy(const common_flags& flags, int stream) {
  if (flags.color == "always") return true;
  const char* term = std::getenv("TERM");
  const char* plain = std::getenv("NO_COLOR");
  return flags.color == "auto" && ::isatty(stream) == 1
         && (plain == nullptr || *plain == '\0')
         && (term == nullptr || std::string_view{term} != "dumb");
}

std::string human_bytes(std::uint64_t n) {
  constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  auto value = static_cast<double>(n);
  std::size_t unit = 0;
  for (; value >= 999.5 && unit < 6; ++unit) value /= 1000;
  if (unit == 0) return fmt::format("{} B", n);
  return fmt::format("{:.{}f} {}", value, value < 9.995 ? 2 : value < 99.95,
                     units[unit]);
}

std::string human_seconds(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds);
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::string utc(timestamp t) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(static_cast<std::time_t>(t.value / 1000)),
                     t.value % 1000);
}

timestamp now() {
  using namespace std::chrono;
  return {static_cast<std::uint64_t>(
      duration_cast<milliseconds>(system_clock::now().time_since_epoch())
          .count())};
}
} // namespace spacetime::cli
