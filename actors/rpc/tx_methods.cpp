#include "actors/rpc/methods.hpp"
#include "core/base/hex.hpp"
#include "core/codec/tx.hpp"

using namespace std::chrono_literals;

namespace spacetime::rpc {
namespace {
constexpr auto pool_limit = 8s;
constexpr std::uint32_t list_bytes = 4u << 20;
constexpr std::uint32_t list_most = 1000;

tx_msg message_of(byte_view raw) {
  return tx_msg::build([&](schema::Tx::Builder out) { out.setRaw(blob(raw)); });
}

/// A transaction on its way to the mempool.
struct offer {
  result<tx> value;
  std::optional<asker::pending<std::uint32_t>> verdict;
};

result<tx> open(const chain_spec& spec, const std::string& text) {
  const auto raw = from_hex(text);
  if (!raw) return fail(raw.error());
  return codec::decode_tx(spec.network(), *raw);
}

offer send(const call& c, const std::string& text) {
  offer out{open(c.node.spec(), text), {}};
  if (out.value)
    out.verdict =
        c.ask.ask<std::uint32_t>(pool_limit, c.node.actors().mempool,
                                 message_of(codec::encode(*out.value)));
  return out;
}

/// Its id, once the mempool has it.
outcome finish(offer& o) {
  if (!o.value)
    return tl::unexpected{to_rpc(o.value.error(), rpc_code::tx_refused)};
  const auto txid = hex(o.value->id.value);
  const auto size = o.verdict->take();
  if (size) return txid;
  auto no = to_rpc(size.error(), rpc_code::tx_refused);
  no.data["txid"] = txid;
  return tl::unexpected{std::move(no)};
}

json item_of(outcome o) {
  if (o) return {{"txid", std::move(*o)}};
  return {{"error",
           {{"code", static_cast<int>(o.error().code)},
            {"message", o.error().message},
            {"data", o.error().data}}}};
}

outcome submit(const call& c) {
  const auto& raw = c.in.at("raw");
  if (raw.is_string()) {
    auto one = send(c, raw.get_ref<const std::string&>());
    return finish(one);
  }
  std::vector<offer> offers; // all are on their way before the first wait
  for (const auto& text : raw)
    offers.push_back(send(c, text.get_ref<const std::string&>()));
  json out = json::array();
  for (auto& o : offers) out.push_back(item_of(finish(o)));
  return out;
}

result<json> open(const chain_spec& spec, const tx_msg& m) {
  result<tx> t = fail(errc::malformed, "transaction message");
  if (m.try_read([&](schema::Tx::Reader in) {
        t = codec::decode_tx(spec.network(), view(in.getRaw()));
      }))
    return fail(errc::internal, "transaction message");
  if (!t) return fail(errc::internal, to_string(t.error()));
  return to_json(spec, *t);
}

outcome get_status(const call& c) {
  const auto id = from_hex<32>(c.in.at("txid").get_ref<const std::string&>());
  if (!id) return tl::unexpected{wrong_parameter("txid", id.error().detail)};
  const auto asked =
      id_msg::build([&](schema::Id::Builder out) { out.setValue(blob(*id)); });
  const auto m =
      c.ask
          .ask<tx_msg>(pool_limit, c.node.actors().mempool, atom::find_v, asked)
          .take();
  if (!m && m.error() == errc::not_found)
    return tl::unexpected{to_rpc(
        {errc::not_found, "no waiting transaction has this id; whether a "
                          "block holds it is not indexed"})};
  if (!m) return tl::unexpected{to_rpc(m.error())};
  auto t = open(c.node.spec(), *m);
  if (!t) return tl::unexpected{to_rpc(t.error())};
  return json{{"txid", hex(*id)}, {"state", "waiting"}, {"tx", *t}};
}

outcome decode(const call& c) {
  const auto t =
      open(c.node.spec(), c.in.at("raw").get_ref<const std::string&>());
  if (!t) return tl::unexpected{wrong_parameter("raw", to_string(t.error()))};
  return to_json(c.node.spec(), *t);
}

outcome get_pool(const call& c) {
  auto most = list_most;
  if (c.in.contains("limit"))
    most = std::min(most, c.in.at("limit").get<std::uint32_t>());
  const auto m = c.ask
                     .ask<tx_list_msg>(pool_limit, c.node.actors().mempool,
                                       atom::best_v, list_bytes, most)
                     .take();
  if (!m) return tl::unexpected{to_rpc(m.error())};
  json txs = json::array();
  if (m->try_read([&](schema::TxList::Reader in) {
        for (auto raw : in.getRaws())
          if (auto t = codec::decode_tx(c.node.spec().network(), view(raw)))
            txs.push_back({{"txid", hex(t->id.value)},
                           {"fee", decimal(t->fee.value)},
                           {"size", raw.size()}});
      }))
    return tl::unexpected{to_rpc({errc::internal, "list message"})};
  return json{{"txs", std::move(txs)}};
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
      {"tx_getStatus",
       access::read,
       {{"txid", kind::text, true, "64 hex digits."}},
       "A transaction that waits in the mempool.",
       get_status},
      {"tx_getPool",
       access::read,
       {{"limit", kind::count, false, "At most 1000, the default."}},
       "The waiting transactions that pay best.",
       get_pool},
      {"tx_decode",
       access::read,
       {{"raw", kind::text, true, "A canonical transaction as hex."}},
       "The fields of a transaction; checks neither seal nor balance.",
       decode},
  };
}
} // namespace spacetime::rpc
