#include "actors/rpc/history_queries.hpp"

#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/crypto/bech32m.hpp"
#include "core/disk/chain_loader.hpp"
#include "core/tx/rules.hpp"

#include <charconv>

namespace spacetime::rpc {
namespace {
using clock = std::chrono::steady_clock;
constexpr std::chrono::seconds longest{5};

std::string_view name_of(disk::history_kind kind) {
  switch (kind) {
  case disk::history_kind::outgoing: return "outgoing";
  case disk::history_kind::incoming: return "incoming";
  case disk::history_kind::reward: return "reward";
  case disk::history_kind::premine: return "premine";
  }
  return "";
}

using place_in_history = std::pair<height, std::uint32_t>;

/// "5760:3": height and place within the block.
result<place_in_history> parse_after(std::string_view text) {
  place_in_history out{};
  const auto* const end = text.data() + text.size();
  const auto at = std::from_chars(text.data(), end, out.first.value);
  if (at.ec == std::errc{} && at.ptr != end && *at.ptr == ':') {
    const auto rest = std::from_chars(at.ptr + 1, end, out.second);
    if (rest.ec == std::errc{} && rest.ptr == end) return out;
  }
  return fail(errc::bad_encoding,
              "`after` takes the `next` of an earlier answer");
}

/// Reads the blocks of ascending or descending rows, each once.
class block_cache {
public:
  block_cache(const chain_spec& spec, const disk::reader& store)
      : spec_(spec), store_(store) {}

  status go_to(height at) {
    if (id_ && at == at_) return {};
    auto id = store_.id_at(at);
    if (!id) return fail(id.error());
    auto context = disk::context_of(store_, *id);
    if (!context) return fail(context.error());
    at_ = at;
    id_ = *id;
    time_ = context->facts.time;
    raw_.reset();
    return {};
  }
  [[nodiscard]] timestamp time() const { return time_; }

  /// Nothing if the body was pruned.
  result<std::optional<tx>> tx_at(std::uint32_t position) {
    if (!raw_) {
      auto raw = store_.block(*id_);
      if (!raw && raw.error() == errc::not_found) return std::optional<tx>{};
      if (!raw) return fail(raw.error());
      raw_ = std::move(*raw);
    }
    auto t = codec::tx_of_block(spec_.network(), *raw_, position);
    if (t) return std::optional{std::move(*t)};
    return fail(errc::corrupt, "transaction " + std::to_string(position)
                                   + " of stored block " + to_hex(id_->value));
  }

private:
  const chain_spec& spec_;
  const disk::reader& store_;
  height at_{};
  std::optional<block_id> id_;
  timestamp time_{};
  std::optional<bytes> raw_;
};

void add_payment(const chain_spec& spec, json& out, disk::history_kind kind,
                 const tx& t) {
  const bool paid = kind == disk::history_kind::outgoing;
  const auto other = paid ? t.recipient : sender_of(t);
  out["txid"] = hex(t.id.value);
  out["counterparty"] = hex(other.value);
  out["counterparty_address"] = encode_address(spec.genesis.hrp, other);
  out["amount"] = decimal(t.value.value);
  out["fee"] = decimal(paid ? t.fee.value : 0);
}

result<json> row_of(const chain_spec& spec, block_cache& blocks,
                    const disk::history_row& row) {
  if (auto ok = blocks.go_to(row.at); !ok) return fail(ok.error());
  json out = {{"kind", name_of(row.kind)},
              {"height", row.at.value},
              {"position", row.sequence},
              {"time", blocks.time().value},
              {"txid", nullptr},
              {"counterparty", nullptr},
              {"counterparty_address", nullptr},
              {"amount", nullptr},
              {"fee", nullptr}};
  if (row.kind == disk::history_kind::outgoing
      || row.kind == disk::history_kind::incoming) {
    if (row.sequence == 0) return fail(errc::corrupt, "stored history");
    auto t = blocks.tx_at(row.sequence - 1);
    if (!t) return fail(t.error());
    if (*t) add_payment(spec, out, row.kind, **t);
    return out;
  }
  out["amount"] = decimal(row.value.value);
  out["fee"] = "0";
  if (row.kind == disk::history_kind::reward)
    out["earned_at"] = row.earned_at.value;
  return out;
}
} // namespace

result<json> place_answer(const disk::reader& store, const tx_id& id) {
  auto place = disk::find_tx(store, id);
  if (!place && place.error() == errc::not_found)
    return fail(errc::not_found, "no block of the best chain has transaction "
                                     + to_hex(id.value));
  if (!place) return fail(place.error());
  auto tip = store.tip();
  if (!tip) return fail(tip.error());
  auto newest = disk::context_of(store, *tip);
  if (!newest) return fail(newest.error());
  auto block = store.id_at(place->at);
  if (!block) return fail(block.error());
  auto context = disk::context_of(store, *block);
  if (!context) return fail(context.error());
  const auto above = newest->facts.height.value;
  // A reorganisation between two of these reads shortens the chain at most.
  const auto deep = above < place->at.value ? 0u : above - place->at.value + 1;
  return json{{"block", hex(block->value)},
              {"height", place->at.value},
              {"position", place->position},
              {"confirmations", deep},
              {"time", context->facts.time.value}};
}

result<json> tx_answer(const chain_spec& spec, const disk::reader& store,
                       const tx_id& id) {
  auto place = place_answer(store, id);
  if (!place) return place;
  json out = {{"txid", hex(id.value)}, {"state", "confirmed"}};
  out.update(*place);
  block_cache blocks{spec, store};
  if (auto ok = blocks.go_to({(*place)["height"].get<std::uint32_t>()}); !ok)
    return fail(ok.error());
  auto t = blocks.tx_at((*place)["position"].get<std::uint32_t>());
  if (!t) return fail(t.error());
  if (*t && (*t)->id != id)
    return fail(errc::corrupt,
                "the index names another transaction for " + to_hex(id.value));
  out["tx"] = *t ? to_json(spec, **t) : json(nullptr);
  return out;
}

result<json> history_answer(const chain_spec& spec, const disk::reader& store,
                            const history_query& q) {
  const auto until = clock::now() + longest;
  std::optional<place_in_history> below;
  if (q.after) {
    auto parsed = parse_after(*q.after);
    if (!parsed) return fail(parsed.error());
    below = *parsed;
  }
  const auto limit = std::min(q.limit, most_rows);
  // One more tells whether there is a next page.
  auto rows = disk::history_of(store, q.whose, below, limit + 1, longest);
  if (!rows) return fail(rows.error());
  json list = json::array();
  block_cache blocks{spec, store};
  std::size_t n = 0;
  for (; n < rows->size() && n < limit; ++n) {
    if (n > 0 && clock::now() >= until) break;
    auto row = row_of(spec, blocks, (*rows)[n]);
    if (!row) return row;
    list.push_back(std::move(*row));
  }
  json next;
  if (n < rows->size() && n > 0)
    next = std::to_string((*rows)[n - 1].at.value) + ":"
           + std::to_string((*rows)[n - 1].sequence);
  return json{{"account", hex(q.whose.value)},
              {"address", encode_address(spec.genesis.hrp, q.whose)},
              {"rows", std::move(list)},
              {"next", std::move(next)}};
}
} // namespace spacetime::rpc
