#include "actors/rpc/proof_methods.hpp"

#include "actors/rpc/proof_queries.hpp"

namespace spacetime::rpc {
namespace {
outcome answer(result<json> a) {
  if (!a) return tl::unexpected{to_rpc(a.error())};
  return std::move(*a);
}

/// A height or an id as text; empty if the call leaves it out.
std::string text_of(const call& c, const char* name) {
  if (!c.in.contains(name)) return {};
  const auto& x = c.in.at(name);
  return x.is_string() ? x.get<std::string>() : x.dump();
}

outcome get_history_proof(const call& c) {
  return answer(history_proof_answer(c.node.spec(), c.node.store(),
                                     text_of(c, "block"), text_of(c, "under")));
}

outcome get_tx_proof(const call& c) {
  return answer(tx_proof_answer(c.node.spec(), c.node.store(),
                                text_of(c, "block"), text_of(c, "tx")));
}
} // namespace

std::vector<method> proof_methods() {
  const parameter block{"block", kind::height_or_text, true,
                        "A height, or a block id as hex."};
  return {
      {"chain_getHistoryProof",
       access::read,
       {block,
        {"under", kind::height_or_text, false,
         "A later block of the best chain; the tip."}},
       "A block proven to be in the chain below a later header.",
       get_history_proof},
      {"chain_getTxProof",
       access::read,
       {block,
        {"tx", kind::height_or_text, true,
         "Its index in the block, or its id as hex."}},
       "A transaction proven to be in a block.",
       get_tx_proof},
  };
}
} // namespace spacetime::rpc
