#pragma once
// Many headers at once, with all cores on their proofs of time.

#include "core/consensus/validate.hpp"

#include <span>

namespace spacetime::disk {
/// Verifies steps on `threads` threads; those that pass stay known to `time`,
/// and one that fails shows again when its header is checked.
void prove_ahead(consensus::time_proofs& time,
                 const std::vector<consensus::time_step>& steps,
                 unsigned threads);

/// R2 and R4 to R10 of headers that follow one another from `parent` on, but
/// for the clock's bound of R6: history. The contexts behind them. Some
/// hundreds at a time keep all threads busy. Errors: the code of the first rule
/// that fails, with the height.
result<std::vector<consensus::chain_context>>
check_headers(const consensus::protocol& p, consensus::time_proofs& time,
              const consensus::chain_context& parent,
              std::span<const header> headers, unsigned threads);
} // namespace spacetime::disk
