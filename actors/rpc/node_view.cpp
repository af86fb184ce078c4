#include "actors/rpc/node_view.hpp"

#include <algorithm>

using namespace std::chrono_literals;

namespace spacetime::rpc {
namespace {
using health = schema::Status::Health;

// All actors together; `status` shall answer also while a disk hangs.
constexpr auto status_limit = 300ms;
// A status that is older counts as none; it is renewed every lease / 3.
constexpr std::uint64_t told_limit_ms = 15'000;
// So many block times without a block are too many.
constexpr std::uint64_t quiet_blocks = 10;

std::string_view name_of(health h) {
  switch (h) {
  case health::OK: return "ok";
  case health::DEGRADED: return "degraded";
  case health::FAILING: return "failing";
  default: return "absent";
  }
}

/// Actors publish text: counts become numbers, ids get their prefix.
json value_of(const std::string& text) {
  const auto all = [&](auto&& accept) {
    return std::ranges::all_of(text, accept);
  };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text == "-") return nullptr;
  // 15 digits are exact in every JSON reader.
  if (!text.empty() && text.size() <= 15 && all(digit)
      && (text == "0" || text.front() != '0'))
    return std::stoull(text);
  if (text.size() == 64
      && all([&](char c) { return digit(c) || (c >= 'a' && c <= 'f'); }))
    return "0x" + text;
  return text;
}

json to_json(const told_status& s) {
  json out = {
      {"health", name_of(s.health)}, {"why", s.why}, {"as_of", s.at.value}};
  for (const auto& [key, value] : s.entries) out[key] = value_of(value);
  return out;
}

/// The key of an actor's object; `state` is taken by the node's own.
std::string key_of(std::string_view actor) {
  if (actor == "state") return "chain";
  if (actor == "farmer") return "farm";
  if (actor == "plot_scanner") return "scanner";
  return std::string{actor};
}

actor_list list_of(const handles& all) {
  actor_list out;
#define ACTOR(name)                                                            \
  if (all.name)                                                                \
    out.emplace_back(key_of(#name), caf::actor_cast<status_actor>(all.name));
#include "actors/actors.def"
#undef ACTOR
  return out;
}

json check_of(std::string name, bool ok, json value, json limit) {
  return {{"name", std::move(name)},
          {"ok", ok},
          {"value", std::move(value)},
          {"limit", std::move(limit)}};
}

bool all_ok(const json& checks) {
  return std::ranges::all_of(
      checks, [](const json& c) { return c.at("ok").template get<bool>(); });
}

bool is_degraded(const told_status& s) {
  return s.health == health::DEGRADED;
}
} // namespace

std::string_view version() {
  return SPACETIME_VERSION;
}

result<told_status> open(const status_msg& m, timestamp now) {
  told_status out;
  out.at = now;
  if (m.try_read([&](schema::Status::Reader in) {
        out.health = in.getHealth();
        out.why = in.getWhy().cStr();
        for (auto e : in.getEntries())
          out.entries.emplace_back(e.getKey().cStr(), e.getValue().cStr());
      }))
    return fail(errc::malformed, "status message");
  return out;
}

node_view::node_view(caf::actor_system& sys, const boot& from)
    : system_(sys), boot_(from), list_(list_of(from.actors)),
      start_(from.options->now()) {}

const chain_spec& node_view::spec() const {
  return boot_.rules->spec;
}

void node_view::take(const consensus::chain_context& tip) {
  const std::lock_guard guard{mutex_};
  facts_.tip = tip;
}

void node_view::take(const std::string& actor, told_status status) {
  const std::lock_guard guard{mutex_};
  facts_.told[actor] = std::move(status);
}

void node_view::watch(std::shared_ptr<const http_counters> counters,
                      listen_address at) {
  const std::lock_guard guard{mutex_};
  counters_ = std::move(counters);
  at_ = std::move(at);
}

node_view::facts node_view::copy() const {
  const std::lock_guard guard{mutex_};
  return facts_;
}

told_status node_view::own_status() const {
  const std::lock_guard guard{mutex_};
  told_status out{health::OK, "", {}, now()};
  if (!counters_) return out;
  out.entries = {{"listen", to_string(at_)},
                 {"served", std::to_string(counters_->served)},
                 {"busy", std::to_string(counters_->busy)}};
  return out;
}

std::uint64_t node_view::stale_after_ms() const {
  const auto& f = spec().fixed();
  return quiet_blocks * f.tau_ms * f.spacing_numerator
         / std::max<std::uint64_t>(1, f.spacing_denominator);
}

std::uint64_t node_view::quiet_ms(const facts& f) const {
  const auto last = std::max(start_.value, f.tip ? f.tip->facts.time.value : 0);
  const auto present = now().value;
  return present > last ? present - last : 0;
}

json node_view::checks(const facts& f) const {
  json out = json::array();
  for (const auto& [name, handle] : list_) {
    const auto told = f.told.find(name);
    const bool fresh = told != f.told.end()
                       && now().value <= told->second.at.value + told_limit_ms;
    const auto h = fresh ? told->second.health : health::ABSENT;
    out.push_back(check_of(name, h == health::OK || h == health::DEGRADED,
                           name_of(h), "degraded"));
  }
  const auto quiet = quiet_ms(f);
  out.push_back(check_of("tip_quiet_ms", quiet <= stale_after_ms(), quiet,
                         stale_after_ms()));
  return out;
}

json node_view::health() const {
  const auto f = copy();
  const bool degraded = std::ranges::any_of(
      f.told, [](const auto& x) { return is_degraded(x.second); });
  auto all = checks(f);
  const bool known = f.tip && f.told.size() >= list_.size();
  const char* state = !known         ? "starting"
                      : !all_ok(all) ? "unhealthy"
                      : degraded     ? "degraded"
                                     : "ok";
  return {{"state", state}, {"role", "node"}, {"checks", std::move(all)}};
}

void node_view::refresh(asker& ask) {
  std::vector<std::pair<std::string, asker::pending<status_msg>>> asked;
  for (const auto& [name, handle] : list_)
    asked.emplace_back(
        name, ask.ask<status_msg>(status_limit, handle, atom::status_v));
  for (auto& [name, question] : asked)
    if (const auto answer = question.take())
      if (auto told = open(*answer, now())) take(name, std::move(*told));
}

json node_view::status(asker& ask) {
  refresh(ask);
  const auto f = copy();
  const auto state = health();
  json out = {{"schema", 1},
              {"version", version()},
              {"network", spec().genesis.name},
              {"network_id", hex(spec().network().value)},
              {"state", state.at("state")},
              {"height", nullptr},
              {"epoch", nullptr},
              {"tip", nullptr},
              {"tip_time", nullptr},
              {"weight", nullptr},
              {"synced", false},
              {"peers", 0},
              {"time", now().value},
              {"start_time", start_.value}};
  if (f.tip) {
    out["height"] = f.tip->facts.height.value;
    out["epoch"] = f.tip->facts.epoch.value;
    out["tip"] = hex(f.tip->id.value);
    out["tip_time"] = f.tip->facts.time.value;
    out["weight"] = f.tip->weight.str();
    out["synced"] = now().value < f.tip->facts.time.value + stale_after_ms();
  }
  json problems = json::array();
  for (const auto& c : state.at("checks"))
    if (!c.at("ok").get<bool>()) problems.push_back(c);
  out["failed_checks"] = std::move(problems);
  for (const auto& [name, handle] : list_) {
    const auto told = f.told.find(name);
    out[name] = to_json(told == f.told.end() ? told_status{} : told->second);
  }
  out["rpc"] = to_json(own_status());
  return out;
}
} // namespace spacetime::rpc
