#pragma once

#include "core/space/quality.hpp"

namespace spacetime::space {
/// Checks a full proof: 128 x values of k bits, most significant bit first,
/// exactly 16k bytes; answers with the quality blob. Never allocates unless
/// it refuses. What k and strength a network allows is the caller's to check.
/// Errors: `bad_plot_parameters`, `bad_proof_of_space`.
result<quality> verify(const plot_params& p, const bytes32& space_challenge,
                       byte_view proof);

/// The 16 fragments of a full proof, without the challenge's conditions.
/// Errors: as above. @pre check(plot.params()) succeeds
result<chain> fragments_of(const tables& plot, byte_view proof);

/// Packs 128 x values into a proof. @pre every x is below 2^k
bytes pack_proof(unsigned k, std::span<const std::uint32_t, xs_per_proof> xs);
} // namespace spacetime::space
