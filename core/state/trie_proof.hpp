#pragma once

#include "core/state/trie.hpp"

namespace spacetime::state {
/// The accounts root that `proof` leads to if the account of `id` is `value`;
/// none: there is no such account. Nothing if the proof contradicts itself.
/// `verify_proof` compares it with a root.
std::optional<bytes32> proof_root(const account_id& id,
                                  const std::optional<account>& value,
                                  const trie_proof& proof);
} // namespace spacetime::state
