#pragma once

#include "tools/spacetime/cli.hpp"

namespace spacetime::cli {
/// The group `db`.
void add_db(CLI::App& app, invocation& out);

/// Adds `snapshot export` and `snapshot import` to the group `db`.
void add_db_snapshot(CLI::App& group, invocation& out);
} // namespace spacetime::cli
