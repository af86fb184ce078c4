#pragma once
// Values of the core as JSON. Hashes and keys are 0x hex; amounts, nonces and
// work decimal strings; heights and counts numbers; times integer ms since 1970
// UTC. Keys are stable: tests/cli lists them.

#include "core/chain/block.hpp"
#include "core/chain/spec.hpp"
#include "core/consensus/fork_tree.hpp"
#include "core/state/account.hpp"

#include <nlohmann/json.hpp>

namespace spacetime::rpc {
/// For answers: keys stay in the order that people read. Never for parsing
/// what others wrote: a look-up is linear.
using json = nlohmann::ordered_json;

/// "0x" and lower-case hex.
std::string hex(byte_view raw);
/// A decimal string.
std::string decimal(std::uint64_t n);

/// {code, text, detail}; detail only if there is one.
json to_json(const error& e);
/// A transaction with its addresses and size.
json to_json(const chain_spec& spec, const tx& t);
/// All fields of a header, its id, its address and plot id.
json to_json(const chain_spec& spec, const block_id& id, const header& h);
/// {forks: [...]}: tips beside the best chain.
json to_json(const std::vector<consensus::fork>& forks);
/// Place, weight and era of a block.
json to_json(const consensus::chain_context& c);
/// An account at a height; `immature`: rewards that are not credited yet.
json to_json(const chain_spec& spec, const account_id& id,
             const state::account& a, amount immature, height at);
/// A network: its ids, genesis and every rule with its schedule.
json to_json(const chain_spec& spec);
} // namespace spacetime::rpc
