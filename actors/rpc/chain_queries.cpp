#include "actors/rpc/chain_queries.hpp"

#include "core/base/checked.hpp"
#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/disk/chain_commit.hpp"
#include "core/disk/chain_loader.hpp"
#include "core/disk/snapshot.hpp"
#include "core/state/supply.hpp"

#include <charconv>

namespace spacetime::rpc {
namespace {
struct stored_block {
  block value;
  std::size_t size;
  bool whole = true; ///< else the header alone: it lies below a snapshot
};

result<stored_block> read_block(const chain_spec& spec,
                                const disk::reader& store, const block_id& id) {
  auto raw = store.block(id);
  if (!raw) return fail(raw.error());
  auto head = codec::header_of_block(*raw);
  if (head && disk::is_header_alone(*raw))
    return stored_block{{std::move(*head), {}}, raw->size(), false};
  auto b = codec::decode_block(spec.network(), *raw);
  if (!b)
    return fail(errc::corrupt, "stored block " + to_hex(id.value) + ": "
                                   + to_string(b.error()));
  return stored_block{std::move(*b), raw->size()};
}

result<json> header_of(const chain_spec& spec, const disk::reader& store,
                       const block_id& id, const stored_block& b) {
  auto context = disk::context_of(store, id);
  if (!context) return fail(context.error());
  auto here = store.id_at(context->facts.height);
  if (!here && here.error() != errc::not_found) return fail(here.error());
  auto out = to_json(spec, id, b.value.head);
  out["weight"] = context->weight.str();
  out["score"] = hex(to_bytes(context->score));
  out["era"] = context->era.number;
  out["on_best_chain"] = here && *here == id;
  out["tx_count"] = b.whole ? json(b.value.txs.size()) : json();
  out["size"] = b.size;
  return out;
}
} // namespace

result<block_id> find_block(const disk::reader& store, std::string_view text) {
  std::uint32_t at = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, ec] = std::from_chars(text.data(), end, at);
  if (ec == std::errc{} && stopped == end) {
    auto id = store.id_at({at});
    if (!id && id.error() == errc::not_found)
      return fail(errc::not_found, "no block at height " + std::to_string(at));
    return id;
  }
  auto raw = from_hex<32>(text);
  if (!raw)
    return fail(errc::bad_encoding,
                "expected a height or a block id of 64 hex digits");
  auto known = store.index_record({*raw});
  if (!known && known.error() == errc::not_found)
    return fail(errc::not_found, "no block " + to_hex(*raw));
  if (!known) return fail(known.error());
  return block_id{*raw};
}

result<json> tip_answer(const disk::reader& store) {
  auto id = store.tip();
  if (!id) return fail(id.error());
  auto context = disk::context_of(store, *id);
  if (!context) return fail(context.error());
  return to_json(*context);
}

result<json> header_answer(const chain_spec& spec, const disk::reader& store,
                           const block_id& id) {
  auto b = read_block(spec, store, id);
  if (!b) return fail(b.error());
  return header_of(spec, store, id, *b);
}

result<json> block_answer(const chain_spec& spec, const disk::reader& store,
                          const block_id& id) {
  auto b = read_block(spec, store, id);
  if (!b) return fail(b.error());
  if (!b->whole)
    return fail(errc::not_found, "block " + to_hex(id.value)
                                     + " lies below the snapshot that this "
                                       "node started from: of it there is the "
                                       "header alone");
  auto out = header_of(spec, store, id, *b);
  if (!out) return out;
  json txs = json::array();
  for (const auto& t : b->value.txs) txs.push_back(to_json(spec, t));
  (*out)["txs"] = std::move(txs);
  return out;
}

result<json> forks_answer(const disk::reader& store, std::uint32_t most) {
  const auto tip = store.tip();
  if (!tip) return fail(tip.error());
  const auto context = disk::context_of(store, *tip);
  if (!context) return fail(context.error());
  const auto stored = disk::load_forks(store);
  if (!stored) return fail(stored.error());
  consensus::fork_tree tree;
  for (const auto& b : stored->blocks) tree.add(b);
  for (const auto& id : stored->invalidated) tree.mark(id);
  return to_json(tree.forks(context->weight, std::min(most, most_forks)));
}

result<json> supply_answer(const chain_spec& spec, const disk::reader& store) {
  auto raw = store.rewards();
  if (!raw) return fail(raw.error());
  auto rewards = state::decode_rewards(*raw);
  if (!rewards) return fail(errc::corrupt, "stored rewards");
  // The list ends with the tip's reward; so it names the height by itself.
  const auto at = rewards->empty() ? height{0} : rewards->back().height;
  u256 immature = 0;
  for (const auto& r : *rewards) immature += r.value.value;
  const auto all = state::issued(spec, at);
  return json{{"height", at.value},
              {"issued", all.str()},
              {"spendable", u256{all - immature}.str()},
              {"immature", immature.str()}};
}
} // namespace spacetime::rpc
