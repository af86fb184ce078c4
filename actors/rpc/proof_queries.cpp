#include "actors/rpc/proof_queries.hpp"

#include "actors/rpc/chain_queries.hpp"
#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/crypto/bech32m.hpp"
#include "core/disk/snapshot.hpp"

#include <charconv>

namespace spacetime::rpc {
namespace {
void put(json& out, const chain_spec& spec, const consensus::account_proof& p) {
  const auto value = p.value.value_or(state::account{});
  out["account"] = hex(p.id.value);
  out["address"] = encode_address(spec.genesis.hrp, p.id);
  out["exists"] = p.value.has_value();
  out["nonce"] = decimal(value.nonce);
  out["balance"] = decimal(value.balance.value);
  out["siblings"] = p.path.siblings.size();
}

void put(json& out, const chain_spec&, const consensus::history_proof& p) {
  out["ancestor"] = hex(p.id.value);
  out["ancestor_height"] = p.at.value;
  out["weight"] = p.weight.str();
  out["siblings"] = p.path.size();
}

void put(json& out, const chain_spec& spec, const consensus::tx_proof& p) {
  out["index"] = p.index;
  out["tx_count"] = p.count;
  out["tx"] = to_json(spec, p.value);
  out["siblings"] = p.path.size();
}

constexpr std::string_view kinds[] = {"account", "history", "tx"};

result<header> stored_header(const disk::reader& store, const block_id& id) {
  auto raw = store.block(id);
  if (!raw) return fail(raw.error());
  auto head = codec::header_of_block(*raw);
  if (!head) return fail(errc::corrupt, "stored block " + to_hex(id.value));
  return head;
}

/// A stored block of the best chain.
result<block_id> on_best_chain(const disk::reader& store, const block_id& id) {
  auto context = disk::context_of(store, id);
  if (!context) return fail(context.error());
  auto here = store.id_at(context->facts.height);
  if (here && *here == id) return id;
  return fail(errc::not_found,
              "block " + to_hex(id.value) + " is not on the best chain");
}

result<std::uint32_t> place_of(const block& b, std::string_view which) {
  std::uint32_t at = 0;
  const auto* end = which.data() + which.size();
  const auto [stopped, ec] = std::from_chars(which.data(), end, at);
  if (ec == std::errc{} && stopped == end) {
    if (at < b.txs.size()) return at;
    return fail(errc::not_found, "the block has " + std::to_string(b.txs.size())
                                     + " transactions, the first is 0");
  }
  const auto id = from_hex<32>(which);
  if (!id)
    return fail(errc::bad_encoding, "expected the index of a transaction or "
                                    "its id of 64 hex digits");
  const auto found =
      std::ranges::find(b.txs, tx_id{*id}, [](const tx& t) { return t.id; });
  if (found == b.txs.end())
    return fail(errc::not_found,
                "no transaction " + to_hex(*id) + " in that block");
  return static_cast<std::uint32_t>(found - b.txs.begin());
}
} // namespace

json to_json(const chain_spec& spec, const codec::proof& p) {
  const auto& head = codec::header_of(p);
  json out = {{"kind", kinds[p.of.index()]},
              {"network_id", hex(p.network.value)},
              {"block", hex(codec::id_of(p.network, head).value)},
              {"height", head.height.value}};
  std::visit([&](const auto& x) { put(out, spec, x); }, p.of);
  const auto raw = codec::encode(p);
  out["size"] = raw.size();
  out["proof"] = hex(raw);
  return out;
}

result<json> account_proof_answer(const chain_spec& spec,
                                  const disk::reader& store,
                                  const account_id& id) {
  const consensus::protocol rules{spec};
  auto loaded = disk::load_settled(rules, store);
  if (!loaded) return fail(loaded.error());
  auto head = stored_header(store, loaded->tip.id);
  if (!head) return fail(head.error());
  return to_json(spec, {spec.network(),
                        consensus::prove_account(*head, loaded->ledger, id)});
}

result<json> history_proof_answer(const chain_spec& spec,
                                  const disk::reader& store,
                                  std::string_view block,
                                  std::string_view under) {
  auto earlier = find_block(store, block);
  if (earlier) earlier = on_best_chain(store, *earlier);
  if (!earlier) return fail(earlier.error());
  auto later = under.empty() ? store.tip() : find_block(store, under);
  if (later) later = on_best_chain(store, *later);
  if (!later) return fail(later.error());
  auto head = stored_header(store, *later);
  if (!head) return fail(head.error());
  auto at = disk::context_of(store, *earlier);
  if (!at) return fail(at.error());
  const auto contexts = [&](height h) -> result<consensus::chain_context> {
    auto id = store.id_at(h);
    if (!id) return fail(id.error());
    return disk::context_of(store, *id);
  };
  auto made = consensus::prove_history(*head, contexts, at->facts.height);
  if (!made) return fail(made.error());
  return to_json(spec, {spec.network(), std::move(*made)});
}

result<json> tx_proof_answer(const chain_spec& spec, const disk::reader& store,
                             std::string_view block, std::string_view tx) {
  auto id = find_block(store, block);
  if (!id) return fail(id.error());
  auto raw = store.block(*id);
  if (!raw) return fail(raw.error());
  if (disk::is_header_alone(*raw))
    return fail(errc::not_found, "its transactions are not stored: the block "
                                 "lies below the snapshot that this chain "
                                 "began with");
  auto b = codec::decode_block(spec.network(), *raw);
  if (!b) return fail(errc::corrupt, "stored block " + to_hex(id->value));
  auto at = place_of(*b, tx);
  if (!at) return fail(at.error());
  return to_json(spec, {spec.network(), consensus::prove_tx(*b, *at)});
}
} // namespace spacetime::rpc
