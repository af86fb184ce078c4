#pragma once

#include "actors/rpc/methods.hpp"

namespace spacetime::rpc {
/// Proofs of blocks and transactions; part of `chain_methods`.
std::vector<method> proof_methods();
} // namespace spacetime::rpc
