#pragma once
// Proofs of a header's contents, made from the database: for RPC, and for the
// command line when no node runs.

#include "actors/rpc/json_values.hpp"
#include "core/codec/proofs.hpp"
#include "core/disk/reader.hpp"

namespace spacetime::rpc {
/// {kind, network_id, block, height, what is claimed, size, proof}: the proof's
/// bytes as hex, and what they hold for people.
json to_json(const chain_spec& spec, const codec::proof& p);

/// An account or its absence at the tip. Reads all accounts.
/// Errors: `not_found` before genesis, `corrupt`.
result<json> account_proof_answer(const chain_spec& spec,
                                  const disk::reader& store,
                                  const account_id& id);
/// A block of the best chain under a later one of it; `under`: "" is the tip.
/// Errors: `bad_encoding`, `not_found`, `stale`, `corrupt`.
result<json> history_proof_answer(const chain_spec& spec,
                                  const disk::reader& store,
                                  std::string_view block,
                                  std::string_view under);
/// A transaction by its index in a block's body, or by its id.
/// Errors: `bad_encoding`, `not_found`, `corrupt`.
result<json> tx_proof_answer(const chain_spec& spec, const disk::reader& store,
                             std::string_view block, std::string_view tx);
} // namespace spacetime::rpc
