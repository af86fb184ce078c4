#include "actors/rpc/dispatch.hpp"

#include <algorithm>

namespace spacetime::rpc {
namespace {
using request = nlohmann::json;

rpc_error refuse(rpc_code code, std::string message, std::string_view name) {
  return {code, std::move(message), {{"code", name}}};
}

/// Why a value is not of its kind, or nothing.
std::string_view mismatch(const request& x, kind k) {
  const auto count = [&] {
    return x.is_number_unsigned() && x.get<std::uint64_t>() <= UINT32_MAX;
  };
  const auto texts = [&] {
    return x.is_array() && x.size() <= 500
           && std::ranges::all_of(
               x, [](const request& y) { return y.is_string(); });
  };
  switch (k) {
  case kind::text: return x.is_string() ? "" : "expected a string";
  case kind::count:
    return count() ? "" : "expected a number from 0 to 4294967295";
  case kind::height_or_text:
    return x.is_string() || count() ? "" : "expected a height or hex";
  case kind::text_or_list:
    return x.is_string() || texts()
               ? ""
               : "expected a string or a list of at most 500";
  }
  return "";
}

/// By name, whichever way they came.
tl::expected<request, rpc_error> named(const method& m, const request& in) {
  if (in.is_object()) return in;
  if (in.size() > m.parameters.size())
    return tl::unexpected{refuse(rpc_code::invalid_params,
                                 std::string{m.name} + " takes at most "
                                     + std::to_string(m.parameters.size())
                                     + " parameters",
                                 "bad_encoding")};
  request out = request::object();
  for (std::size_t i = 0; i < in.size(); ++i)
    out[std::string{m.parameters[i].name}] = in[i];
  return out;
}

tl::expected<request, rpc_error> checked(const method& m, const request& in) {
  auto out = named(m, in);
  if (!out) return out;
  for (const auto& [name, value] : out->items())
    if (std::ranges::find(m.parameters, name, &parameter::name)
        == m.parameters.end())
      return tl::unexpected{wrong_parameter(name.substr(0, 64), "unknown")};
  for (const auto& p : m.parameters) {
    const auto found = out->find(std::string{p.name});
    if (found == out->end()) {
      if (p.required) return tl::unexpected{wrong_parameter(p.name, "missing")};
      continue;
    }
    if (const auto why = mismatch(*found, p.kind); !why.empty())
      return tl::unexpected{wrong_parameter(p.name, why)};
  }
  return out;
}

/// `alone`: not one of a batch, whose requests share one deadline.
outcome run(node_view& node, const request& in, deadline until, bool alone) {
  const auto version = in.find("jsonrpc");
  const auto name = in.find("method");
  if (version == in.end() || *version != "2.0" || name == in.end()
      || !name->is_string())
    return tl::unexpected{refuse(
        rpc_code::invalid_request,
        "a request has \"jsonrpc\": \"2.0\" and a method's name", "malformed")};
  const auto* m = find_method(name->get_ref<const std::string&>());
  if (m == nullptr)
    return tl::unexpected{refuse(rpc_code::unknown_method,
                                 "no such method; rpc_methods lists them",
                                 "not_found")};
  const auto params = in.value("params", request::array());
  if (!params.is_array() && !params.is_object())
    return tl::unexpected{refuse(rpc_code::invalid_params,
                                 "params is neither a list nor an object",
                                 "malformed")};
  const auto by_name = checked(*m, params);
  if (!by_name) return tl::unexpected{by_name.error()};
  if (alone) until += m->patience;
  asker ask{node.system(), node.questions(), until};
  if (ask.late()) return tl::unexpected{to_rpc({errc::timed_out})};
  return m->run({*by_name, node, ask});
}

/// Never fails: text of actors may be no UTF-8.
std::string print(const json& x) {
  return x.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// What a request calls itself; null if that is no name.
json id_of(const request& in) {
  if (!in.is_object()) return nullptr;
  const auto id = in.find("id");
  if (id == in.end() || id->is_structured() || id->is_boolean()) return nullptr;
  return json(*id);
}

std::string print(const json& id, const rpc_error& e) {
  json body = {{"code", static_cast<int>(e.code)}, {"message", e.message}};
  if (!e.data.is_null()) body["data"] = e.data;
  return print(
      json{{"jsonrpc", "2.0"}, {"error", std::move(body)}, {"id", id}});
}

std::string print_too_large(const json& id) {
  return print(id, refuse(rpc_code::too_large,
                          "the answer exceeds " + std::to_string(max_answer)
                              + " bytes; ask for less",
                          "too_large"));
}

/// Empty for a notification. `room`: bytes that the answer may have.
std::string answer_one(node_view& node, const request& in, deadline until,
                       std::size_t room, bool alone) {
  const auto id = id_of(in);
  if (!in.is_object())
    return print(id, refuse(rpc_code::invalid_request, "a request is an object",
                            "malformed"));
  auto got = run(node, in, until, alone);
  const bool valid = got || got.error().code != rpc_code::invalid_request;
  if (valid && !in.contains("id")) return {};
  if (!got) return print(id, got.error());
  auto text =
      print(json{{"jsonrpc", "2.0"}, {"result", std::move(*got)}, {"id", id}});
  return text.size() > room ? print_too_large(id) : text;
}

std::string answer_all(node_view& node, const request& batch, deadline until) {
  std::string out;
  for (const auto& in : batch) {
    const auto room = max_answer - std::min(max_answer, out.size());
    const auto one = answer_one(node, in, until, room, false);
    if (!one.empty()) out.append(out.empty() ? "[" : ",").append(one);
  }
  if (!out.empty()) out += "]";
  return out;
}
} // namespace

bool is_deeper(std::string_view text, std::size_t limit) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\')
      ++i;
    else if (c == '"')
      quoted = !quoted;
    else if (quoted)
      continue;
    else if ((c == '[' || c == '{') && ++depth > limit)
      return true;
    else if ((c == ']' || c == '}') && depth > 0)
      --depth;
  }
  return false;
}

std::optional<std::string> answer(node_view& node, const std::string& body,
                                  deadline until) {
  if (is_deeper(body, max_depth))
    return print(nullptr,
                 refuse(rpc_code::too_large,
                        "nested deeper than " + std::to_string(max_depth),
                        "too_large"));
  const auto in = request::parse(body, nullptr, false);
  if (in.is_discarded())
    return print(nullptr,
                 refuse(rpc_code::parse_error, "not JSON", "malformed"));
  if (!in.is_array()) {
    auto one = answer_one(node, in, until, max_answer, true);
    if (one.empty()) return std::nullopt;
    return one;
  }
  if (in.empty())
    return print(nullptr, refuse(rpc_code::invalid_request, "an empty batch",
                                 "malformed"));
  if (in.size() > max_batch)
    return print(nullptr, refuse(rpc_code::too_large,
                                 "a batch has at most "
                                     + std::to_string(max_batch) + " requests",
                                 "too_large"));
  auto all = answer_all(node, in, until);
  if (all.empty()) return std::nullopt;
  return all;
}
} // namespace spacetime::rpc
