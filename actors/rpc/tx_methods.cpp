#include "actors/mempool/seal_pool.hpp"
#include "actors/rpc/methods.hpp"
#include "core/base/hex.hpp"
#include "core/codec/tx.hpp"

using namespace std::chrono_literals;

namespace spacetime::rpc {
namespace {
constexpr auto pool_limit = 8s;

tx_msg message_of(byte_view raw) {
  return tx_msg::build([&](schema::Tx::Builder out) { out.setRaw(blob(raw)); });
}

result<tx> open(const chain_spec& spec, const std::string& text) {
  const auto raw = from_hex(text);
  if (!raw) return fail(raw.error());
  return codec::decode_tx(spec.network(), *raw);
}

rpc_error refusal(const error& why, const tx_id& id) {
  auto no = to_rpc(why, rpc_code::tx_refused);
  no.data["txid"] = hex(id.value);
  return no;
}

outcome submit_one(const call& c, const std::string& text) {
  const auto t = open(c.node.spec(), text);
  if (!t) return tl::unexpected{to_rpc(t.error(), rpc_code::tx_refused)};
  const auto size = c.ask
                        .ask<std::uint32_t>(pool_limit, c.node.actors().mempool,
                                            message_of(codec::encode(*t)))
                        .take();
  if (!size) return tl::unexpected{refusal(size.error(), t->id)};
  return hex(t->id.value);
}

json item_of(const rpc_error& e) {
  return {{"error",
           {{"code", static_cast<int>(e.code)},
            {"message", e.message},
            {"data", e.data}}}};
}

result<std::vector<status>> offer(const call& c, const std::vector<tx>& txs) {
  const auto m = tx_list_msg::build([&](schema::TxList::Builder out) {
    auto raws = out.initRaws(static_cast<unsigned>(txs.size()));
    for (unsigned i = 0; i < raws.size(); ++i)
      raws.set(i, blob(codec::encode(txs[i])));
  });
  const auto verdicts =
      c.ask.ask<tx_verdicts_msg>(pool_limit, c.node.actors().mempool, m).take();
  if (!verdicts) return fail(verdicts.error());
  auto out = open(*verdicts);
  if (out && out->size() != txs.size()) return fail(errc::internal);
  return out;
}

/// Those that can be read go to the mempool together, in order.
outcome submit_many(const call& c, const json& texts) {
  json out = json::array();
  std::vector<tx> txs;
  std::vector<std::size_t> places;
  for (const auto& text : texts) {
    auto t = open(c.node.spec(), text.get_ref<const std::string&>());
    if (t) {
      places.push_back(out.size());
      txs.push_back(std::move(*t));
      out.push_back(nullptr);
    } else {
      out.push_back(item_of(to_rpc(t.error(), rpc_code::tx_refused)));
    }
  }
  if (txs.empty()) return out;
  const auto verdicts = offer(c, txs);
  if (!verdicts) return tl::unexpected{to_rpc(verdicts.error())};
  for (std::size_t i = 0; i < txs.size(); ++i)
    out[places[i]] = (*verdicts)[i]
                         ? json{{"txid", hex(txs[i].id.value)}}
                         : item_of(refusal((*verdicts)[i].error(), txs[i].id));
  return out;
}

outcome submit(const call& c) {
  const auto& raw = c.in.at("raw");
  if (raw.is_string()) return submit_one(c, raw.get_ref<const std::string&>());
  return submit_many(c, raw);
}

outcome decode(const call& c) {
  const auto t =
      open(c.node.spec(), c.in.at("raw").get_ref<const std::string&>());
  if (!t) return tl::unexpected{wrong_parameter("raw", to_string(t.error()))};
  return to_json(c.node.spec(), *t);
}
} // namespace

std::vector<method> tx_methods() {
  return {
      {"tx_submit",
       access::write,
       {{"raw", kind::text_or_list, true,
         "A canonical transaction as hex, or up to 500 of them."}},
       "Offers transactions to the mempool: an id, or {txid} or {error} each.",
       submit},
      {"tx_decode",
       access::read,
       {{"raw", kind::text, true, "A canonical transaction as hex."}},
       "The fields of a transaction; checks neither seal nor balance.",
       decode},
  };
}
} // namespace spacetime::rpc
