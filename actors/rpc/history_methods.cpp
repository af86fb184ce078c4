#include "actors/rpc/history_queries.hpp"
#include "actors/rpc/methods.hpp"
#include "core/base/hex.hpp"
#include "core/codec/tx.hpp"

using namespace std::chrono_literals;

namespace spacetime::rpc {
namespace {
constexpr auto pool_limit = 8s;

/// Nothing, and the reason, if an index is off or has no such entry.
rpc_error refusal_of(const error& e) {
  auto out = to_rpc(e);
  // Waiting does not help: it stands in the configuration.
  if (e == errc::unavailable) out.code = rpc_code::not_allowed;
  return out;
}

outcome answer(result<json> a) {
  if (!a) return tl::unexpected{refusal_of(a.error())};
  return std::move(*a);
}

/// The transaction in the mempool, as JSON. Errors: `not_found` ...
result<json> waiting(const call& c, const tx_id& id) {
  const auto asked = id_msg::build(
      [&](schema::Id::Builder out) { out.setValue(blob(id.value)); });
  const auto m =
      c.ask
          .ask<tx_msg>(pool_limit, c.node.actors().mempool, atom::find_v, asked)
          .take();
  if (!m) return fail(m.error());
  result<tx> t = fail(errc::malformed, "transaction message");
  if (m->try_read([&](schema::Tx::Reader in) {
        t = codec::decode_tx(c.node.spec().network(), view(in.getRaw()));
      })
      || !t)
    return fail(errc::internal, "transaction message");
  return json{{"txid", hex(id.value)},
              {"state", "waiting"},
              {"tx", to_json(c.node.spec(), *t)}};
}

/// What `confirmed` says of a transaction that does not wait. The mempool is
/// asked first: it keeps a transaction until the block that holds it is there.
template <class F> // result<json> F(tx_id)
outcome find(const call& c, F confirmed) {
  const auto raw = from_hex<32>(c.in.at("txid").get_ref<const std::string&>());
  if (!raw) return tl::unexpected{wrong_parameter("txid", raw.error().detail)};
  const tx_id id{*raw};
  auto waits = waiting(c, id);
  if (waits) return std::move(*waits);
  if (waits.error() != errc::not_found && waits.error() != errc::unavailable)
    return tl::unexpected{to_rpc(waits.error())};
  return answer(confirmed(id));
}

outcome get_tx(const call& c) {
  return find(c, [&](const tx_id& id) {
    return tx_answer(c.node.spec(), c.node.store(), id);
  });
}

outcome get_status(const call& c) {
  return find(c, [&](const tx_id& id) -> result<json> {
    json out = {{"txid", hex(id.value)}, {"state", "confirmed"}};
    auto place = place_answer(c.node.store(), id);
    if (place)
      out.update(*place);
    else if (place.error() == errc::not_found)
      out["state"] = "unknown";
    else
      return place;
    return out;
  });
}

outcome get_history(const call& c) {
  const auto id = account_of(c);
  if (!id) return tl::unexpected{id.error()};
  history_query q{*id};
  if (c.in.contains("limit")) q.limit = c.in.at("limit").get<std::uint32_t>();
  if (c.in.contains("after")) q.after = c.in.at("after").get<std::string>();
  return answer(history_answer(c.node.spec(), c.node.store(), q));
}
} // namespace

std::vector<method> history_methods() {
  const parameter txid{"txid", kind::text, true, "64 hex digits."};
  return {
      {"tx_get",
       access::read,
       {txid},
       "A transaction that waits, or one of the chain and where it stands.",
       get_tx},
      {"tx_getStatus",
       access::read,
       {txid},
       "Whether a transaction is waiting, confirmed or unknown.",
       get_status},
      {"chain_getHistory",
       access::read,
       {{"account", kind::text, true,
         "An address, or an account id as 0x hex."},
        {"limit", kind::count, false, "Rows, at most 1000; 100 by default."},
        {"after", kind::text, false, "`next` of the answer before."}},
       "Payments and rewards of an account, newest first; needs "
       "storage.history_index.",
       get_history},
  };
}
} // namespace spacetime::rpc
