#include "tools/spacetime/node_query.hpp"

#include <fmt/format.h>

namespace spacetime::cli {
namespace {
constexpr const char* examples =
    "Asks the node: what waits is in its memory alone. Exit 3: none runs.\n"
    "Rates are motes per 1000 bytes; amounts motes with --json, else coins.\n"
    "Examples:\n"
    "  spacetime mempool list --limit 20\n"
    "  spacetime mempool show 7ac391f0...\n"
    "  spacetime mempool stats --json";

struct mempool_flags {
  std::uint32_t limit = 50;
  std::string after, txid;
};

std::string coins(const std::string& motes) {
  constexpr std::size_t decimals = 9;
  auto out = motes;
  if (out.size() <= decimals) out.insert(0, decimals + 1 - out.size(), '0');
  out.insert(out.size() - decimals, ".");
  while (out.back() == '0') out.pop_back();
  if (out.back() == '.') out.pop_back();
  return out;
}

std::string text(const json& in, const char* key) {
  return in.at(key).get<std::string>();
}

std::string age(const json& tx) {
  const auto since = tx.at("since").get<std::uint64_t>();
  const auto ms = std::max(now().value, since) - since;
  return human_seconds(static_cast<double>(ms) / 1000);
}

std::string list_text(const json& page) {
  if (page.at("txs").empty()) return "nothing waits\n";
  auto out = fmt::format("{:<18}{:>10}{:>14}{:>6}{:>7}{:>16}  {}\n", "txid",
                         "rate", "fee", "bytes", "nonce", "amount", "waits");
  for (const auto& t : page.at("txs"))
    out +=
        fmt::format("{:<18}{:>10}{:>14}{:>6}{:>7}{:>16}  {}{}\n",
                    text(t, "txid").substr(2, 16), text(t, "rate"),
                    coins(text(t, "fee")), t.at("size").get<std::uint64_t>(),
                    text(t, "nonce"), coins(text(t, "amount")), age(t),
                    t.at("future").get<bool>() ? ", for an earlier nonce" : "");
  if (page.at("next").is_string())
    out += "more: --after " + text(page, "next") + "\n";
  return out;
}

std::string tx_text(const json& found) {
  const auto& t = found.at("tx");
  return fmt::format("txid       {}\nstate      {}\nfrom       {}\n"
                     "to         {}\namount     {}\nfee        {}\n"
                     "nonce      {}\nexpiry     {}\nbytes      {}\n",
                     text(found, "txid"), text(found, "state"),
                     text(t, "sender_address"), text(t, "recipient_address"),
                     coins(text(t, "amount")), coins(text(t, "fee")),
                     text(t, "nonce"),
                     t.at("expiry") == 0 ? "none" : t.at("expiry").dump(),
                     t.at("size").get<std::uint64_t>());
}

std::string counters(const json& all) {
  std::string out;
  for (const auto& [name, count] : all.items())
    if (count != 0)
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ",
                         count.get<std::uint64_t>(), name);
  return out.empty() ? "none" : out;
}

std::string stats_text(const json& s) {
  auto out = fmt::format(
      "waiting  {} transactions of {} senders, {} of {}\n"
      "future   {} lack an earlier nonce\n"
      "to join  at least {} motes per 1000 bytes\n"
      "taken    {} since the start\ngone     {}\nrefused  {}\n",
      s.at("txs").get<std::uint64_t>(), s.at("senders").get<std::uint64_t>(),
      human_bytes(s.at("bytes").get<std::uint64_t>()),
      human_bytes(s.at("max_bytes").get<std::uint64_t>()),
      s.at("future").get<std::uint64_t>(), text(s, "min_rate"),
      s.at("added").get<std::uint64_t>(), counters(s.at("gone")),
      counters(s.at("refused")));
  if (s.at("rates").empty()) return out;
  out += fmt::format("{:>24}{:>10}{:>12}\n", "rate from", "count", "bytes");
  for (const auto& r : s.at("rates"))
    out += fmt::format("{:>24}{:>10}{:>12}\n", text(r, "from"),
                       r.at("count").get<std::uint64_t>(),
                       r.at("bytes").get<std::uint64_t>());
  return out;
}

int ask(const common_flags& flags, const std::string& method,
        const json& params, std::string (*as_text)(const json&)) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  auto node = rpc_client::open(at->home);
  auto said =
      node ? node->call(method, params) : result<json>{fail(node.error())};
  if (!said)
    return report(said.error(), said.error() == errc::unavailable
                                    ? "start one: spacetime up"
                                    : "");
  if (!flags.json) {
    fmt::print("{}", as_text(*said));
    return done;
  }
  json out = {{"schema", 1}};
  for (auto& [key, x] : said->items()) out[key] = std::move(x);
  fmt::print("{}\n", out.dump(2));
  return done;
}

int list(const common_flags& flags, const mempool_flags& chosen) {
  json params = {{"limit", chosen.limit}};
  if (!chosen.after.empty()) params["after"] = chosen.after;
  return ask(flags, "tx_getPool", params, list_text);
}
} // namespace

void add_mempool(CLI::App& app, invocation& out) {
  auto* group = app.add_subcommand("mempool", "What waits for a block");
  group->require_subcommand(1);
  group->footer(examples);
  const auto chosen = std::make_shared<mempool_flags>();
  const auto add = [&](const char* name, const char* text,
                       std::function<int()> run) {
    auto* verb = group->add_subcommand(name, text);
    add_common(*verb, out.common);
    verb->footer(examples);
    verb->callback([&out, run] { out.run = run; });
    return verb;
  };
  auto* all = add("list", "Waiting transactions, best rates first",
                  [&out, chosen] { return list(out.common, *chosen); });
  all->add_option("--limit", chosen->limit, "At most so many, up to 1000")
      ->check(CLI::Range(1u, 1000u))
      ->capture_default_str();
  all->add_option("--after", chosen->after, "What the page before ends with");
  add("show", "One of them",
      [&out, chosen] {
        return ask(out.common, "tx_getStatus", json::array({chosen->txid}),
                   tx_text);
      })
      ->add_option("txid", chosen->txid, "64 hex digits")
      ->required();
  add("stats", "How many wait at which rates, and why others do not", [&out] {
    return ask(out.common, "tx_getPoolStats", json::array(), stats_text);
  });
}
} // namespace spacetime::cli
