#include "tools/spacetime/rpc_client.hpp"

#include "actors/rpc/access.hpp"
#include "core/disk/file.hpp"

#include <httplib.h>

namespace spacetime::cli {
namespace {
result<std::string> first_line(const std::filesystem::path& file) {
  auto raw = disk::read_file(file, 1024);
  if (!raw) return fail(raw.error());
  std::string text(raw->begin(), raw->end());
  return text.substr(0, text.find('\n'));
}

errc code_named(const std::string& name) {
  for (unsigned i = 0; i < 256; ++i)
    if (const auto e = static_cast<errc>(i);
        name == name_of(e) && e != errc::unavailable)
      return e;
  return errc::busy;
}
} // namespace

result<json> open_answer(const std::string& body) {
  auto in = json::parse(body, nullptr, false);
  if (!in.is_object()) return fail(errc::malformed, "the answer is no JSON");
  if (in.contains("result")) return std::move(in["result"]);
  const auto e = in.value("error", json::object());
  if (!e.is_object()) return fail(errc::malformed, "the answer is no JSON-RPC");
  auto text = e.contains("message") && e["message"].is_string()
                  ? e["message"].get<std::string>()
                  : "refused";
  std::string code = "internal";
  if (const auto data = e.value("data", json::object()); data.is_object()) {
    if (data.contains("code") && data["code"].is_string())
      code = data["code"].get<std::string>();
    if (data.contains("hint") && data["hint"].is_string())
      text = data["hint"].get<std::string>();
  }
  return fail(code_named(code), std::move(text));
}

result<rpc_client> rpc_client::open(const config::home& home) {
  rpc_client out;
  auto address = first_line(home.run_dir / "rpc");
  auto secret = first_line(home.cookie_file);
  for (const auto* part : {&address, &secret}) {
    if (*part) continue;
    if (part->error() == errc::not_found)
      return fail(errc::unavailable,
                  "no node is running in " + home.network_dir.string());
    return fail(part->error());
  }
  auto at = rpc::parse_listen(*address);
  if (!at || secret->empty()) // truncated by a crash, or not ours
    return fail(errc::unavailable,
                "no node is running in " + home.network_dir.string());
  out.address_ = *address;
  out.host_ = at->host;
  out.port_ = at->port;
  out.secret_ = *secret;
  return out;
}

result<json> rpc_client::call(const std::string& method, const json& params,
                              std::chrono::milliseconds limit) const {
  httplib::Client http{host_, port_};
  http.set_connection_timeout(limit);
  http.set_read_timeout(limit);
  http.set_write_timeout(limit);
  const json request = {
      {"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", params}};
  const auto answer = http.Post(
      "/", {{"Host", address_}, {"Authorization", "Bearer " + secret_}},
      request.dump(-1, ' ', false, json::error_handler_t::replace),
      "application/json");
  if (!answer)
    return answer.error() == httplib::Error::Read
               ? result<json>{fail(errc::timed_out,
                                   "no answer from " + address_)}
               : result<json>{
                   fail(errc::unavailable, "no node answers at " + address_)};
  if (answer->status == 200) return open_answer(answer->body);
  if (answer->status == 503)
    return fail(errc::busy, "the node at " + address_ + " is busy");
  return fail(errc::malformed, address_ + " refused: HTTP "
                                   + std::to_string(answer->status) + " "
                                   + answer->body.substr(0, 200));
}
} // namespace spacetime::cli
