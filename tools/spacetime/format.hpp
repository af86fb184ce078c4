#pragma once
// Answers of a node as text for people. Each takes the JSON that --json prints.

#include "actors/rpc/json_values.hpp"

namespace spacetime::cli {
using rpc::json;

/// "7ac391f0..": the first four bytes of a 0x id; other text as it is.
std::string short_id(const json& id);
/// "1 s ago", "3 min 5 s ago"; "in 2 s" for a time still to come.
std::string ago(std::uint64_t now_ms, std::uint64_t then_ms);

/// One screen of `node_getStatus`; ends with a line feed. Works for any object:
/// what is missing is left out.
std::string status_text(const json& status);
/// One line about a tip.
std::string tip_text(const json& tip, std::uint64_t now_ms);
/// Name and value a line, of a header or a block; a line per transaction.
std::string block_text(const json& block);
/// A transaction: where it stands, then its fields.
std::string tx_text(const json& tx);
/// A network's ids, genesis and rules.
std::string spec_text(const json& spec);
} // namespace spacetime::cli
