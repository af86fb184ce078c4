#pragma once
// What all verbs share: common flags, exit codes, how errors reach people.

#include "core/base/result.hpp"
#include "core/chain/spec.hpp"
#include "tools/spacetime/config/home.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace spacetime::cli {
/// Exit codes; scripts rely on them.
enum exit_code : int {
  done = 0,
  failed = 1,      ///< the check or action said no
  usage = 2,       ///< command line or configuration
  unreachable = 3, ///< no node answers, and there is nothing else to ask
  unhealthy = 4,   ///< also: a node that gave up a crash loop
};

/// Flags of every verb.
struct common_flags {
  std::optional<std::filesystem::path> home;
  std::string network; ///< empty: SPACETIME_NETWORK, else devnet
  bool json = false;
  bool quiet = false;
  std::string color = "auto";
};

/// A verb that the command line chose, to be run after parsing.
struct invocation {
  common_flags common;
  std::function<int()> run;
};

/// Adds --home, --network, --json, --quiet and --color to a verb.
void add_common(CLI::App& verb, common_flags& flags);

/// One function for each noun group, in the file of its name. Each adds its
/// subcommands to `app`; the chosen one sets `out.run`.
void add_up(CLI::App& app, invocation& out);
void add_node(CLI::App& app, invocation& out);
void add_plot(CLI::App& app, invocation& out);
void add_chain(CLI::App& app, invocation& out);
void add_chain_tx(CLI::App& group, invocation& out); // of the group `chain`
void add_chain_forks(CLI::App& group, invocation& out);
void add_db(CLI::App& app, invocation& out);
void add_mempool(CLI::App& app, invocation& out);
void add_status(CLI::App& app, invocation& out);
void add_verify(CLI::App& app, invocation& out);
void add_wallet(CLI::App& app, invocation& out);
void add_sim(CLI::App& app, invocation& out);
/// Verbs of a group that have files of their own.
void add_mine(CLI::App& chain, invocation& out);
void add_sim_chain(CLI::App& sim, invocation& out);
void add_sim_difficulty(CLI::App& sim, invocation& out);

/// Prints "error: what" and, if there is one, "  hint" to stderr; the exit code
/// that fits the error.
int report(const error& e, const std::string& hint = {});

/// --network, else SPACETIME_NETWORK, else "devnet".
std::string network_of(const common_flags& flags);
/// The data directory that the flags and the environment name.
result<config::home> home_of(const common_flags& flags);
/// The network's spec: the home's own chain-spec.toml if there is one, else the
/// embedded one. Errors: `bad_config`, `not_found` with the known names.
result<chain_spec> spec_of(const config::home& home);

/// Whether to colour and redraw on this stream (1 stdout, 2 stderr): a
/// terminal, and neither --color never, NO_COLOR nor TERM=dumb.
bool is_fancy(const common_flags& flags, int stream);

/// "12.3 MB", "1.2 GB": three digits, powers of 1000.
std::string human_bytes(std::uint64_t n);
/// "3.2 s", "4 min 10 s", "2 h 05 min".
std::string human_seconds(double seconds);
/// "2026-01-02T12:04:31.204Z".
std::string utc(timestamp t);
/// The clock of this machine.
timestamp now();
} // namespace spacetime::cli
