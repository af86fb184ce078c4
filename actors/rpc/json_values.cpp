#include "actors/rpc/json_values.hpp"

#include "core/base/hex.hpp"
#include "core/codec/tx.hpp"
#include "core/crypto/account.hpp"
#include "core/crypto/bech32m.hpp"
#include "core/space/quality.hpp"
#include "core/tx/rules.hpp"

#include <algorithm>
#include <array>

namespace spacetime::rpc {
namespace {
json to_json(const time_entry& e) {
  return {{"ticks", e.ticks}, {"y", hex(e.y)}, {"proof", hex(e.proof)}};
}

json to_json(const network_id& network, const space_part& s) {
  const auto plot =
      space::make_plot_id(network, s.k, s.strength, s.farmer, s.payout, s.seed);
  return {{"plot_id", hex(plot.value)}, {"k", s.k},
          {"strength", s.strength},     {"farmer", hex(s.farmer.value)},
          {"payout", hex(s.payout)},    {"seed", hex(s.seed)},
          {"proof", hex(s.proof)}};
}

bool is_amount(std::string_view rule) {
  constexpr std::array<std::string_view, 3> amounts = {"subsidy", "tail",
                                                       "min_fee_rate"};
  return std::ranges::find(amounts, rule) != amounts.end();
}

json genesis_json(const genesis_section& g) {
  json premine = json::array();
  for (const auto& p : g.premine)
    premine.push_back({{"account", hex(p.account.value)},
                       {"address", encode_address(g.hrp, p.account)},
                       {"amount", decimal(p.value.value)}});
  return {
      {"time", g.time.value},
      {"seed", g.seed ? json(hex(*g.seed)) : json()},
      {"mode", g.mode == time_mode::simulated ? "simulated" : "class-group"},
      {"vdf_bits", g.vdf_bits},
      {"squarings", g.squarings},
      {"k", g.k},
      {"strength", g.strength},
      {"test_plots", g.test_plots},
      {"target", hex(to_bytes(g.target))},
      {"premine", std::move(premine)}};
}
} // namespace

std::string hex(byte_view raw) {
  return "0x" + to_hex(raw);
}

std::string decimal(std::uint64_t n) {
  return std::to_string(n);
}

json to_json(const error& e) {
  json out = {{"code", name_of(e.code)}, {"text", describe(e.code)}};
  if (!e.detail.empty()) out["detail"] = e.detail;
  return out;
}

json to_json(const chain_spec& spec, const tx& t) {
  const auto sender = sender_of(t);
  const auto& hrp = spec.genesis.hrp;
  return {{"txid", hex(t.id.value)},
          {"sender_key", hex(t.sender.value)},
          {"sender", hex(sender.value)},
          {"sender_address", encode_address(hrp, sender)},
          {"nonce", decimal(t.nonce)},
          {"recipient", hex(t.recipient.value)},
          {"recipient_address", encode_address(hrp, t.recipient)},
          {"amount", decimal(t.value.value)},
          {"fee", decimal(t.fee.value)},
          {"expiry", t.expiry.value},
          {"memo", hex(t.memo)},
          {"signature", hex(t.seal.value)},
          {"size", codec::tx_size(t.memo.size())}};
}

json to_json(const chain_spec& spec, const block_id& id, const header& h) {
  json entries = json::array();
  for (const auto& e : h.time_entries) entries.push_back(to_json(e));
  return {{"id", hex(id.value)},
          {"height", h.height.value},
          {"epoch", h.epoch.value},
          {"parent", hex(h.parent.value)},
          {"time", h.time.value},
          {"version", h.version},
          {"target", hex(to_bytes(h.target))},
          {"history_root", hex(h.history_root)},
          {"tx_root", hex(h.tx_root)},
          {"state_root", hex(h.state_root)},
          {"payee", hex(h.payee.value)},
          {"payee_address", encode_address(spec.genesis.hrp, h.payee)},
          {"time_entries", std::move(entries)},
          {"space", to_json(spec.network(), h.space)},
          {"signature", hex(h.seal.value)}};
}

json to_json(const std::vector<consensus::fork>& forks) {
  json list = json::array();
  for (const auto& f : forks)
    list.push_back({{"id", hex(f.tip.id.value)},
                    {"height", f.tip.height.value},
                    {"epoch", f.tip.epoch.value},
                    {"weight", f.tip.weight.str()},
                    {"length", f.length()},
                    {"fork_height", f.point_height.value},
                    {"fork_id", hex(f.point.value)},
                    {"status", consensus::name_of(f.state)},
                    {"cause", f.cause ? json(hex(f.cause->value)) : json()},
                    {"code", f.code ? json(name_of(*f.code)) : json()}});
  return {{"forks", std::move(list)}};
}

json to_json(const consensus::chain_context& c) {
  return {{"id", hex(c.id.value)},
          {"height", c.facts.height.value},
          {"epoch", c.facts.epoch.value},
          {"parent", hex(c.parent.value)},
          {"time", c.facts.time.value},
          {"weight", c.weight.str()},
          {"score", hex(to_bytes(c.score))},
          {"era", c.era.number},
          {"era_seed", hex(c.era.seed)},
          {"squarings", c.era.squarings},
          {"target", hex(to_bytes(c.era.target))}};
}

json to_json(const chain_spec& spec, const account_id& id,
             const state::account& a, amount immature, height at) {
  return {{"account", hex(id.value)},
          {"address", encode_address(spec.genesis.hrp, id)},
          {"nonce", decimal(a.nonce)},
          {"balance", decimal(a.balance.value)},
          {"immature", decimal(immature.value)},
          {"height", at.value}};
}

json to_json(const chain_spec& spec) {
  json rules = json::object();
  const auto fields = rule_fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    json schedule = json::array();
    for (const auto& [from, value] : spec.schedules[i])
      schedule.push_back(
          {{"from", from.value},
           {"value",
            is_amount(fields[i].name) ? json(decimal(value)) : json(value)}});
    rules[std::string{fields[i].name}] = std::move(schedule);
  }
  return {{"network", spec.genesis.name},
          {"hrp", spec.genesis.hrp},
          {"network_id", hex(spec.network().value)},
          {"rules_id", hex(spec.rules_id())},
          {"genesis", genesis_json(spec.genesis)},
          {"rules", std::move(rules)},
          {"minimum_weight", spec.minimum_weight.str()}};
}
} // namespace spacetime::rpc
