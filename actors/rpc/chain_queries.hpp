#pragma once
// Questions that the database alone answers: for RPC, and for the command line
// when no node runs.

#include "actors/rpc/json_values.hpp"
#include "core/disk/reader.hpp"

#include <string_view>

namespace spacetime::rpc {
/// The id of 64 hex digits, or of the block at a decimal height on the best
/// chain. Errors: `bad_encoding` for other text, `not_found`, `corrupt`.
result<block_id> find_block(const disk::reader& store, std::string_view text);

/// Context of the tip. Errors: `not_found` before genesis, `corrupt`.
result<json> tip_answer(const disk::reader& store);
/// A header with its weight, and whether it is on the best chain.
/// Errors: `not_found`, `corrupt`.
result<json> header_answer(const chain_spec& spec, const disk::reader& store,
                           const block_id& id);
/// The same with the transactions and the block's size in bytes.
result<json> block_answer(const chain_spec& spec, const disk::reader& store,
                          const block_id& id);
/// The forks that are stored, at most so many. Refusals by R13 and R14 are not
/// known then. Errors: `not_found` before genesis, `corrupt`.
result<json> forks_answer(const disk::reader& store, std::uint32_t most);
/// How many forks are told unless others are asked for, and at most.
inline constexpr std::uint32_t default_forks = 100, most_forks = 1'000;
/// Coins at the tip in motes: {height, issued, spendable, immature}.
/// Errors: `not_found` before genesis, `corrupt`.
result<json> supply_answer(const chain_spec& spec, const disk::reader& store);
} // namespace spacetime::rpc
