#pragma once

#include "tools/spacetime/cli.hpp"

namespace spacetime::cli {
/// Adds `proof` to the group `chain`.
void add_chain_proof(CLI::App& group, invocation& out);
} // namespace spacetime::cli
