#pragma once
// The rules R2 and R4..R12 of docs/protocol.md, cheapest first. R1 is the
// decoder (core/codec), R3 the block index, R13 and R14 the ledger.

#include "core/consensus/time_proofs.hpp"
#include "core/tx/signatures.hpp"

namespace spacetime::consensus {
/// What a validator lends to a check.
struct check_environment {
  const protocol& rules;
  time_proofs& time;
  /// This node's clock, for R6's upper bound; none when re-checking history.
  std::optional<timestamp> now{};
};

/// R2 and R4 to R10 of a header whose parent is valid. Returns the context for
/// its children. Errors: the code of the first rule that fails;
/// `timestamp_too_late` means hold it, not refuse it; `unknown_parent` if
/// `parent` is another block.
result<chain_context> check_header(const check_environment& env,
                                   const chain_context& parent,
                                   const header& h);

/// R11 and R12: limits, root and each transaction by itself. The error is that
/// of the first transaction that fails, whatever `help` there is.
status check_body(const protocol& p, const header& h,
                  const std::vector<tx>& txs, const signature_help& help = {});

/// The ticket of a plot in an epoch: its score and what infuses the era.
struct ticket {
  u256 score;
  bytes32 infusion{};
};

/// R8 without the payee, R9 without the target: is this a proof of space for
/// this challenge on this network? Also serves announcements.
/// Errors: `bad_plot_parameters`, `plot_filtered`, `bad_proof_of_space`.
result<ticket> check_space(const protocol& p, epoch e, const challenge& c,
                           const space_part& s);
} // namespace spacetime::consensus
