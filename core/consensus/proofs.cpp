#include "core/consensus/proofs.hpp"

#include "core/consensus/challenge.hpp"
#include "core/crypto/hash.hpp"
#include "core/crypto/merkle_path.hpp"
#include "core/crypto/sign.hpp"
#include "core/state/trie_proof.hpp"

#include <bit>

namespace spacetime::consensus {
namespace {
constexpr std::string_view tx_node = "st/tx-node";

/// As in `codec::tx_root`.
bytes32 leaf_of(const tx& t) {
  return hash("st/tx-leaf", {t.id.value, t.seal.value});
}
} // namespace

status check(const account_proof& p) {
  const auto accounts = state::proof_root(p.id, p.value, p.path);
  if (!accounts)
    return fail(errc::bad_state_root, "the path contradicts the account");
  if (state::state_root(*accounts, p.rewards_root) != p.head.state_root)
    return fail(errc::bad_state_root, "the path does not lead to it");
  return {};
}

status check(const history_proof& p) {
  if (p.at >= p.head.height)
    return fail(errc::bad_height, "the block is not below the header's");
  // Height n has the root over the n blocks from genesis to its parent.
  const auto root =
      merkle_path_root(history_node, history_leaf(p.id, to_bytes(p.weight)),
                       p.at.value, p.head.height.value, p.path);
  if (!root)
    return fail(errc::bad_history_root, "number of hashes in the path");
  if (*root != p.head.history_root)
    return fail(errc::bad_history_root, "the path does not lead to it");
  return {};
}

status check(const tx_proof& p) {
  const auto root =
      merkle_path_root(tx_node, leaf_of(p.value), p.index, p.count, p.path);
  if (!root) return fail(errc::bad_tx_root, "number of hashes in the path");
  if (*root != p.head.tx_root)
    return fail(errc::bad_tx_root, "the path does not lead to it");
  if (!verify(p.value.sender, p.value.id.value, p.value.seal))
    return fail(errc::bad_signature, "transaction");
  return {};
}

account_proof prove_account(const header& head, const state::ledger& at_head,
                            const account_id& id) {
  account_proof out;
  out.head = head;
  out.id = id;
  const auto found = at_head.find(id);
  if (state::exists(found)) out.value = found;
  out.rewards_root = state::rewards_root(at_head.rewards());
  out.path = at_head.accounts().prove(id);
  return out;
}

namespace {
bytes32 leaf_of(const chain_context& c) {
  return history_leaf(c.id, to_bytes(c.weight));
}

/// The last leaves of a range as a range. @pre a peak begins with them
mountain_range range_of_last(const mountain_range& all, std::uint64_t leaves) {
  const auto& peaks = all.peaks();
  return {leaves, {peaks.end() - std::popcount(leaves), peaks.end()}};
}

/// Root over the blocks of a range that is a sibling in some tree.
result<bytes32> root_over(const chain_contexts& contexts, const leaf_range& r) {
  const auto height_of = [](std::uint64_t n) {
    return height{static_cast<std::uint32_t>(n)};
  };
  auto last = contexts(height_of(r.end - 1));
  if (!last) return fail(last.error());
  if (last->history.count() != r.end)
    return fail(errc::corrupt, "history of a chain context");
  const auto size = r.end - r.begin;
  const auto low = (std::uint64_t{1} << std::bit_width(size)) - 1;
  if ((r.end & low) == size) // whole peaks, of which the last ends here
    return range_of_last(last->history, size).root(history_node);
  if (size == 1) return leaf_of(*last);
  // A right child: its last leaf merged it away. Without that leaf it is a
  // peak for each level below it.
  auto before = contexts(height_of(r.end - 2));
  if (!before) return fail(before.error());
  if (before->history.count() != r.end - 1)
    return fail(errc::corrupt, "history of a chain context");
  auto part = range_of_last(before->history, size - 1);
  part.append(history_node, leaf_of(*last));
  return part.root(history_node);
}
} // namespace

result<history_proof> prove_history(const header& head,
                                    const chain_contexts& contexts, height at) {
  if (at >= head.height)
    return fail(errc::not_found,
                "no block at height " + std::to_string(at.value)
                    + " below the one at " + std::to_string(head.height.value));
  auto block = contexts(at);
  if (!block) return fail(block.error());
  history_proof out{head, block->id, at, block->weight, {}};
  for (const auto& r : merkle_siblings(head.height.value, at.value)) {
    auto root = root_over(contexts, r);
    if (!root) return fail(root.error());
    out.path.push_back(*root);
  }
  if (!check(out))
    return fail(errc::stale, "the chain changed meanwhile; ask again");
  return out;
}

tx_proof prove_tx(const block& b, std::uint32_t index) {
  std::vector<bytes32> leaves;
  leaves.reserve(b.txs.size());
  for (const auto& t : b.txs) leaves.push_back(leaf_of(t));
  return {b.head, b.txs.at(index), index,
          static_cast<std::uint32_t>(b.txs.size()),
          merkle_path(tx_node, leaves, index)};
}
} // namespace spacetime::consensus
