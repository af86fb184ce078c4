#include "actors/rpc/methods.hpp"

#include <algorithm>

namespace spacetime::rpc {
namespace {
json names_of(rpc::kind k) {
  switch (k) {
  case kind::text: return {{"type", "string"}};
  case kind::count: return {{"type", "integer"}, {"minimum", 0}};
  case kind::text_or_list:
    return {{"oneOf",
             {{{"type", "string"}},
              {{"type", "array"},
               {"maxItems", 500},
               {"items", {{"type", "string"}}}}}}};
  case kind::height_or_text:
    return {{"oneOf",
             {{{"type", "integer"}, {"minimum", 0}}, {{"type", "string"}}}}};
  }
  return {};
}

std::string_view name_of(access a) {
  return a == access::read ? "read" : "write";
}

outcome list_methods(const call&) {
  json out = json::array();
  for (const auto& m : methods())
    out.push_back(
        {{"name", m.name}, {"access", name_of(m.access)}, {"text", m.text}});
  return out;
}

outcome discover(const call&) {
  return openrpc();
}

std::vector<method> all_methods() {
  auto out = chain_methods();
  const auto add = [&](std::vector<method> more) {
    std::ranges::move(more, std::back_inserter(out));
  };
  add(fork_methods());
  add(tx_methods());
  add(pool_methods());
  add(history_methods());
  add(node_methods());
  add({{"rpc_methods", access::read, {}, "Names of all methods.", list_methods},
       {"rpc_discover",
        access::read,
        {},
        "An OpenRPC document of all methods.",
        discover}});
  return out;
}

rpc_code code_of(errc e, rpc_code refusal) {
  switch (e) {
  case errc::not_found: return rpc_code::not_found;
  case errc::busy:
  case errc::unavailable:
  case errc::timed_out:
  case errc::cancelled: return rpc_code::busy;
  case errc::disk_full: return rpc_code::read_only;
  case errc::bad_encoding: return rpc_code::invalid_params;
  // A pool says no without a fault of the sender's.
  case errc::duplicate:
  case errc::pool_full:
  case errc::stale: return refusal;
  default: break;
  }
  return blame_of(e) == blame::sender ? refusal : rpc_code::internal;
}
} // namespace

rpc_error to_rpc(const error& e, rpc_code refusal) {
  json data = {{"code", name_of(e.code)}};
  if (!e.detail.empty()) data["hint"] = e.detail;
  return {code_of(e.code, refusal), std::string{describe(e.code)},
          std::move(data)};
}

rpc_error wrong_parameter(std::string_view name, std::string_view why) {
  return {rpc_code::invalid_params,
          "parameter `" + std::string{name} + "`: " + std::string{why},
          {{"code", "bad_encoding"}, {"parameter", name}}};
}

std::span<const method> methods() {
  static const auto all = all_methods();
  return all;
}

const method* find_method(std::string_view name) {
  const auto all = methods();
  const auto found = std::ranges::find(all, name, &method::name);
  return found == all.end() ? nullptr : &*found;
}

json openrpc() {
  json list = json::array();
  for (const auto& m : methods()) {
    json params = json::array();
    for (const auto& p : m.parameters)
      params.push_back({{"name", p.name},
                        {"summary", p.text},
                        {"required", p.required},
                        {"schema", names_of(p.kind)}});
    list.push_back(
        {{"name", m.name},
         {"summary", m.text},
         {"params", std::move(params)},
         {"result", {{"name", "result"}, {"schema", json::object()}}},
         {"x-access", name_of(m.access)}});
  }
  return {{"openrpc", "1.3.2"},
          {"info", {{"title", "Spacetime"}, {"version", version()}}},
          {"methods", std::move(list)}};
}
} // namespace spacetime::rpc
