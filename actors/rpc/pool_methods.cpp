// What waits in the mempool, and what it costs to join.

#include "actors/rpc/methods.hpp"
#include "core/base/hex.hpp"
#include "core/codec/tx.hpp"
#include "core/mempool/pool.hpp"
#include "core/tx/rules.hpp"

using namespace std::chrono_literals;

namespace spacetime::rpc {
namespace {
constexpr auto pool_limit = 8s;
constexpr std::uint32_t page_most = 1000;
constexpr std::uint32_t longest_wait_ms = 30'000;
// Half of the server's threads: waiting must leave some for the rest.
constexpr unsigned waiter_limit = 4;

/// A place of `pool::list` as text, for a next page.
std::string text_of(const mempool::place& p) {
  writer out;
  out.put(p.rate.fee)
      .put(static_cast<std::uint32_t>(p.rate.size))
      .put(p.id.value);
  return hex(out.view());
}

result<mempool::place> place_of(const std::string& text) {
  const auto raw = from_hex(text);
  if (!raw) return fail(raw.error());
  reader in{*raw};
  mempool::place out{};
  out.rate.fee = in.take<std::uint64_t>();
  out.rate.size = in.take<std::uint32_t>();
  out.id.value = in.take<32>();
  if (!in.done() || out.rate.size == 0)
    return fail(errc::bad_encoding, "no `next` of an earlier page");
  return out;
}

std::uint32_t count_or(const call& c, const char* name, std::uint32_t other) {
  return c.in.contains(name) ? c.in.at(name).get<std::uint32_t>() : other;
}

json to_json(const tx& t, schema::PoolPage::Entry::Reader e) {
  const auto rate = mempool::rate_of(t);
  return {{"txid", hex(t.id.value)},
          {"sender_key", hex(t.sender.value)},
          {"nonce", decimal(t.nonce)},
          {"recipient", hex(t.recipient.value)},
          {"amount", decimal(t.value.value)},
          {"fee", decimal(t.fee.value)},
          {"size", rate.size},
          {"rate", decimal(mempool::per_kilobyte(rate))},
          {"since", e.getSince()},
          {"future", e.getFuture()}};
}

outcome get_pool(const call& c) {
  const auto limit = std::min(page_most, count_or(c, "limit", page_most));
  result<mempool::place> after = mempool::place{};
  if (c.in.contains("after"))
    after = place_of(c.in.at("after").get_ref<const std::string&>());
  if (!after)
    return tl::unexpected{wrong_parameter("after", after.error().detail)};
  const auto query = pool_query_msg::build([&](schema::PoolQuery::Builder out) {
    out.setLimit(limit);
    out.setFee(after->rate.fee);
    out.setSize(static_cast<std::uint32_t>(after->rate.size));
    out.setId(blob(after->id.value));
  });
  const auto m = c.ask
                     .ask<pool_page_msg>(pool_limit, c.node.actors().mempool,
                                         atom::list_v, query)
                     .take();
  if (!m) return tl::unexpected{to_rpc(m.error())};
  json txs = json::array(), next = nullptr;
  if (m->try_read([&](schema::PoolPage::Reader in) {
        for (auto e : in.getEntries()) {
          const auto t =
              codec::decode_tx(c.node.spec().network(), view(e.getRaw()));
          if (!t) continue;
          txs.push_back(to_json(*t, e));
          if (txs.size() == limit)
            next = text_of({mempool::rate_of(*t), t->id});
        }
      }))
    return tl::unexpected{to_rpc({errc::internal, "page message"})};
  return json{{"txs", std::move(txs)}, {"next", std::move(next)}};
}

json counters(capnp::List<schema::PoolStats::Counter>::Reader all) {
  json out = json::object();
  for (auto x : all) out[x.getName().cStr()] = x.getCount();
  return out;
}

outcome get_pool_stats(const call& c) {
  const auto m = c.ask
                     .ask<pool_stats_msg>(pool_limit, c.node.actors().mempool,
                                          atom::stats_v)
                     .take();
  if (!m) return tl::unexpected{to_rpc(m.error())};
  json out;
  if (m->try_read([&](schema::PoolStats::Reader in) {
        json rates = json::array();
        for (auto r : in.getRates())
          rates.push_back({{"from", decimal(r.getFrom())},
                           {"count", r.getCount()},
                           {"bytes", r.getBytes()}});
        out = {{"txs", in.getTxs()},
               {"bytes", in.getBytes()},
               {"max_bytes", in.getMaxBytes()},
               {"senders", in.getSenders()},
               {"future", in.getFuture()},
               {"min_rate", decimal(in.getMinRate())},
               {"added", in.getAdded()},
               {"gone", counters(in.getGone())},
               {"refused", counters(in.getRefused())},
               {"rates", std::move(rates)}};
      }))
    return tl::unexpected{to_rpc({errc::internal, "stats message"})};
  return out;
}

outcome estimate_fee(const call& c) {
  const auto blocks = count_or(c, "blocks", 1);
  const auto size = count_or(c, "size", codec::tx_size(0));
  if (blocks == 0 || blocks > 1000)
    return tl::unexpected{wrong_parameter("blocks", "expected 1 to 1000")};
  if (size < codec::tx_size(0) || size > codec::tx_size(tx::max_memo))
    return tl::unexpected{wrong_parameter(
        "size", "a transaction has " + std::to_string(codec::tx_size(0))
                    + " to " + std::to_string(codec::tx_size(tx::max_memo))
                    + " bytes")};
  const auto& spec = c.node.spec();
  const auto room = blocks * spec.at(epoch{0}).max_body_bytes;
  const auto rate = c.ask
                        .ask<std::uint64_t>(pool_limit, c.node.actors().mempool,
                                            atom::fee_v, std::uint64_t{room})
                        .take();
  if (!rate) return tl::unexpected{to_rpc(rate.error())};
  const auto fee = [&](std::uint64_t bytes) {
    return decimal(mempool::fee_at(*rate, bytes).value_or(UINT64_MAX));
  };
  return json{{"rate", decimal(*rate)},
              {"blocks", blocks},
              {"size", size},
              {"fee", fee(size)},
              {"fee_new_account", fee(size + new_account_bytes)}};
}

/// Counts a thread that waits, as long as it lives.
class wait_slot {
public:
  explicit wait_slot(std::atomic<unsigned>& count) : count_(count) {
    free_ = ++count_ <= waiter_limit;
  }
  ~wait_slot() { --count_; }
  wait_slot(const wait_slot&) = delete;
  wait_slot& operator=(const wait_slot&) = delete;
  [[nodiscard]] bool is_free() const { return free_; }

private:
  std::atomic<unsigned>& count_;
  bool free_;
};

json to_json(const bytes32& id, schema::TxFate::Reader in) {
  json out = {{"txid", hex(id)}};
  switch (in.getWhat()) {
  case schema::TxFate::What::CONFIRMED:
    out["state"] = "confirmed";
    out["block"] = hex(view(in.getBlock()));
    out["height"] = in.getHeight();
    break;
  case schema::TxFate::What::REPLACED: out["state"] = "replaced"; break;
  case schema::TxFate::What::EVICTED: out["state"] = "evicted"; break;
  case schema::TxFate::What::EXPIRED: out["state"] = "expired"; break;
  case schema::TxFate::What::INVALID: out["state"] = "invalid"; break;
  }
  return out;
}

outcome wait(const call& c) {
  const auto id = from_hex<32>(c.in.at("txid").get_ref<const std::string&>());
  if (!id) return tl::unexpected{wrong_parameter("txid", id.error().detail)};
  const auto ms =
      std::min(longest_wait_ms, count_or(c, "timeout_ms", longest_wait_ms));
  const wait_slot slot{c.node.waiters()};
  if (!slot.is_free())
    return tl::unexpected{
        to_rpc({errc::busy, "others wait already; ask again in a second"})};
  const auto asked =
      id_msg::build([&](schema::Id::Builder out) { out.setValue(blob(*id)); });
  const auto m = c.ask
                     .ask<tx_fate_msg>(std::chrono::milliseconds{ms},
                                       c.node.actors().mempool, atom::wait_v,
                                       asked, std::uint64_t{ms})
                     .take();
  if (!m && m.error() == errc::timed_out)
    return json{{"txid", hex(*id)}, {"state", "waiting"}};
  if (!m && m.error() == errc::not_found)
    return tl::unexpected{
        to_rpc({errc::not_found, "it does not wait, and did not of late: ask "
                                 "tx_getStatus"})};
  if (!m) return tl::unexpected{to_rpc(m.error())};
  json out;
  if (m->try_read([&](schema::TxFate::Reader in) { out = to_json(*id, in); }))
    return tl::unexpected{to_rpc({errc::internal, "fate message"})};
  return out;
}
} // namespace

void add_outlook(const call& c, const account_id& id, const state::account& a,
                 json& out) {
  out["pending_nonce"] = nullptr;
  out["pending_balance"] = nullptr;
  const auto asked = id_msg::build(
      [&](schema::Id::Builder to) { to.setValue(blob(id.value)); });
  const auto m =
      c.ask
          .ask<account_msg>(pool_limit, c.node.actors().mempool,
                            atom::account_v, asked, a.nonce, a.balance.value)
          .take();
  if (!m) return;
  (void)m->try_read([&](schema::Account::Reader in) {
    out["pending_nonce"] = decimal(in.getNonce());
    out["pending_balance"] = decimal(in.getBalance());
  });
}

std::vector<method> pool_methods() {
  return {
      {"tx_getPool",
       access::read,
       {{"limit", kind::count, false, "At most 1000, the default."},
        {"after", kind::text, false, "`next` of the page before."}},
       "The waiting transactions, best rates first (motes per 1000 bytes).",
       get_pool},
      {"tx_getPoolStats",
       access::read,
       {},
       "How many wait at which rate, what it takes to join, and why others "
       "went or were refused.",
       get_pool_stats},
      {"tx_estimateFee",
       access::read,
       {{"blocks", kind::count, false, "To be in one of so many; 1."},
        {"size", kind::count, false, "Bytes of the transaction; 159."}},
       "A fee that comes before what waits now, with room for so many blocks.",
       estimate_fee},
      {"tx_wait",
       access::read,
       {{"txid", kind::text, true, "64 hex digits."},
        {"timeout_ms", kind::count, false, "At most 30000, the default."}},
       "Waits until a transaction leaves the mempool, and says why it did.",
       wait,
       std::chrono::milliseconds{longest_wait_ms - 8'000}},
  };
}
} // namespace spacetime::rpc
