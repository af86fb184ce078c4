#pragma once

#include "core/space/verify.hpp"

#include <atomic>

namespace spacetime::space {
struct solve_options {
  unsigned threads = 1;                      ///< 1 to 64
  const std::atomic<bool>* cancel = nullptr; ///< set it to stop
};

/// The full proof of a chain, from plot parameters alone: 2^k evaluations of
/// g and a few megabytes (k=28: about 150). Verified before it is returned.
/// Errors: `bad_plot_parameters`; `cancelled`; `not_found` if the fragments
/// are not this plot's; `bad_proof_of_space` if they do not answer this
/// challenge; `internal` if a proof of ours does not verify.
result<bytes> solve(const plot_params& p, const bytes32& space_challenge,
                    const chain& c, const solve_options& options = {});
} // namespace spacetime::space
