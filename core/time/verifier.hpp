#pragma once

#include "core/time/discriminant.hpp"

namespace spacetime::vdf {
/// The prime B of a Wesolowski proof that leads from `x` to `y`.
integer challenge_prime(const bytes100& x, const bytes100& y);

/// Whether `proof` shows y = x^(2^squarings): proof^B * x^r = y with
/// r = 2^squarings mod B (Wesolowski, eprint 2018/623). `squarings` must
/// come from the rules, never from the prover: B does not cover it.
/// Errors: `bad_proof_of_time`, also unless 1 <= squarings < 2^63.
status verify(const discriminant& d, const bytes100& x, std::uint64_t squarings,
              const bytes100& y, const bytes100& proof);

/// The same with y and the proof in one string of exactly 200 bytes.
status verify(const discriminant& d, byte_view x, std::uint64_t squarings,
              byte_view y_and_proof);
} // namespace spacetime::vdf
