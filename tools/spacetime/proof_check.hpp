#pragma once
// Is this a proof? Without a node, for anyone who was given one.

#include "actors/rpc/json_values.hpp"

namespace spacetime::cli {
using rpc::json;

struct proof_verdict {
  std::optional<error> refused; ///< nothing: valid
  std::string rule;             ///< of docs/protocol.md that fails, "R9"
  json facts;                   ///< plot_id, challenge, quality, score ...
};

/// {plot_id | farmer, payout, seed} {challenge | epoch_challenge, epoch?,
/// target?} {network | k, strength, testnet} proof. Bytes are hex, numbers also
/// decimal strings; `challenge` is the plot's own, `epoch_challenge` c_e; with
/// a network also its k, strength and filter are checked (R8).
/// Errors: `bad_encoding` naming the field.
result<proof_verdict> check_space_proof(const json& in);

/// {seed, bits, T, x?, proof}: 200 bytes, y then pi; x: the generator.
/// Errors: `bad_encoding` naming the field.
result<proof_verdict> check_time_proof(const json& in);

/// A proof of a header's contents (docs/light-client.md): `proof`, from
/// "STPF" on. With `trusted_block` its header must be that block's, else
/// nothing is said of where the header comes from. Facts: proof_of, what is
/// proven, given what and what not, as sentences. Errors: `bad_encoding` naming
/// the field.
result<proof_verdict> check_chain_proof(const json& in);

/// Whether `proof` is one of a header's contents.
bool looks_like_chain(const json& in);

/// Whether the fields are those of a proof of time.
bool looks_like_time(const json& in);

/// {schema, kind, valid, rule, code, detail} and the facts.
json to_json(const proof_verdict& v, std::string_view kind);
} // namespace spacetime::cli
