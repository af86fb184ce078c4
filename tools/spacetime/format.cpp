#include "tools/spacetime/format.hpp"

#include "tools/spacetime/cli.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace spacetime::cli {
namespace {
constexpr std::uint64_t old_ms = 5'000;                // older data say how old
constexpr std::uint64_t last_ms = 253'402'300'800'000; // of year 9999

/// A field as text; "-" if it is not there.
std::string text(const json& in, const char* key) {
  const auto at = in.find(key);
  if (at == in.end() || at->is_null()) return "-";
  return at->is_string() ? at->get<std::string>() : at->dump();
}

std::uint64_t number(const json& in, const char* key) {
  const auto at = in.find(key);
  if (at == in.end() || !at->is_number_integer()) return 0;
  if (at->is_number_unsigned()) return at->get<std::uint64_t>();
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, at->get<std::int64_t>()));
}

/// A field as it is; null if it is not there.
json field(const json& in, const char* key) {
  const auto at = in.find(key);
  return at == in.end() ? json{} : *at;
}

/// An object within, or an empty one.
const json& part(const json& in, const char* key) {
  static const json none = json::object();
  const auto at = in.find(key);
  return at != in.end() && at->is_object() ? *at : none;
}

std::string span(std::uint64_t ms) {
  if (ms < 1000) return "0 s";
  if (ms < 60'000) return fmt::format("{} s", ms / 1000);
  return human_seconds(static_cast<double>(ms) / 1000);
}

std::string millis(const json& micros) {
  if (!micros.is_number_integer()) return "-";
  const auto us = micros.get<std::uint64_t>();
  return us < 10'000 ? fmt::format("{}.{} ms", us / 1000, us / 100 % 10)
                     : fmt::format("{} ms", us / 1000);
}

/// "   as of 12 s ago" for an actor that has been silent.
std::string age_of(const json& actor, std::uint64_t now_ms) {
  const auto at = number(actor, "as_of");
  if (at == 0 || at + old_ms > now_ms) return {};
  return "   as of " + ago(now_ms, at);
}

std::string upper(std::string s) {
  for (auto& c : s)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return s;
}

std::string first_line(const json& s) {
  auto out =
      fmt::format("spacetime {}   {}", text(s, "version"), text(s, "network"));
  const auto start = number(s, "start_time"), now = number(s, "time");
  if (start != 0 && now >= start) out += "   up " + span(now - start);
  return fmt::format("{:<72}{:>8}\n", out, upper(text(s, "state")));
}

std::string chain_line(const json& s) {
  if (field(s, "height").is_null()) return "chain    nothing known yet\n";
  const auto& chain = part(s, "chain");
  auto out = fmt::format("chain    height {}   epoch {}   tip {}   {}   {}",
                         text(s, "height"), text(s, "epoch"),
                         short_id(field(s, "tip")),
                         ago(number(s, "time"), number(s, "tip_time")),
                         field(s, "synced") == true ? "synced" : "not synced");
  if (number(chain, "reorgs") != 0)
    out += fmt::format("   {} reorgs", number(chain, "reorgs"));
  return out + age_of(chain, number(s, "time")) + "\n";
}

std::string pool_line(const json& s) {
  std::string out;
  if (const auto& pool = part(s, "mempool"); !pool.empty())
    out += fmt::format("mempool  {} tx, {} of {}, {} refused",
                       number(pool, "txs"), human_bytes(number(pool, "bytes")),
                       human_bytes(number(pool, "max_bytes")),
                       number(pool, "refused"));
  if (const auto& disk = part(s, "storage"); !disk.empty())
    out += fmt::format("{}disk  {} of {} map",
                       out.empty() ? "         " : "      ",
                       human_bytes(number(disk, "used_bytes")),
                       human_bytes(number(disk, "map_bytes")));
  return out.empty() ? out : out + "\n";
}

std::string time_line(const json& s) {
  const auto& t = part(s, "timelord");
  if (t.empty()) return {};
  const auto idle = text(t, "idle");
  if (!idle.empty() && idle != "-") return "time     idle: " + idle + "\n";
  return fmt::format("time     epoch {}   {} squarings/s   {} ticks{}\n",
                     text(t, "epoch"), text(t, "squarings_per_second"),
                     number(t, "published"), age_of(t, number(s, "time")));
}

std::string farm_lines(const json& s) {
  const auto &farm = part(s, "farm"), &scanner = part(s, "scanner");
  if (farm.empty() && scanner.empty()) return {};
  const auto& plots = farm.empty() ? scanner : farm;
  const auto n = number(plots, "plots"), lookups = number(plots, "lookups");
  const char* what = n == 0 ? "NO PLOTS" : lookups == 0 ? "WAITING" : "FARMING";
  auto out =
      fmt::format("farm     {}   {} plots, {}, {} scanners{}\n", what, n,
                  human_bytes(number(plots, "plot_bytes")),
                  number(farm, "scanners"), age_of(farm, number(s, "time")));
  if (n == 0) return out;
  out += fmt::format(
      "         lookups {}   late {}   errors {}   p50 {}  p99 {}\n", lookups,
      number(plots, "late"), number(plots, "errors"),
      millis(field(scanner, "lookup_p50_us")),
      millis(field(scanner, "lookup_p99_us")));
  return out
         + fmt::format("         won {} blocks, lost {}\n", number(farm, "won"),
                       number(farm, "lost"));
}

std::string problem_lines(const json& s) {
  std::string out;
  for (const auto& [name, actor] : s.items()) {
    if (!actor.is_object() || !actor.contains("health")) continue;
    const auto health = text(actor, "health");
    if (health == "ok") continue;
    const auto why = text(actor, "why");
    out += fmt::format("problem  {} {}{}{}\n", name, health,
                       why.empty() || why == "-" ? "" : ": ",
                       why == "-" ? "" : why);
  }
  for (const auto& c : field(s, "failed_checks"))
    if (c.is_object() && text(c, "name") == "tip_quiet_ms")
      out += fmt::format("problem  no new block for {}; the limit is {}\n",
                         span(number(c, "value")), span(number(c, "limit")));
  return out;
}

std::string pair_line(const std::string& name, const std::string& value) {
  return fmt::format("{:<22}{}\n", name, value);
}

std::string plain(const json& x) {
  return x.is_string() ? x.get<std::string>() : x.dump();
}

std::string tx_line(const json& t) {
  return fmt::format("  {}  {} -> {}  {} motes, fee {}, nonce {}\n",
                     text(t, "txid"), text(t, "sender_address"),
                     text(t, "recipient_address"), text(t, "amount"),
                     text(t, "fee"), text(t, "nonce"));
}
} // namespace

std::string short_id(const json& id) {
  if (!id.is_string()) return "-";
  const auto& text = id.get_ref<const std::string&>();
  if (!text.starts_with("0x") || text.size() < 12) return text;
  return text.substr(2, 8) + "..";
}

std::string ago(std::uint64_t now_ms, std::uint64_t then_ms) {
  if (then_ms > now_ms + 999) return "in " + span(then_ms - now_ms);
  return span(now_ms > then_ms ? now_ms - then_ms : 0) + " ago";
}

std::string status_text(const json& s) {
  auto out = first_line(s);
  if (text(s, "source") == "database")
    out += "no node is running; read from the database\n";
  out += chain_line(s);
  if (text(s, "source") != "database")
    out += fmt::format("peers    {}\n", text(s, "peers"));
  return out + pool_line(s) + time_line(s) + farm_lines(s) + problem_lines(s);
}

std::string tip_text(const json& t, std::uint64_t now_ms) {
  return fmt::format("height {}   epoch {}   {}   {}\n", text(t, "height"),
                     text(t, "epoch"), text(t, "id"),
                     ago(now_ms, number(t, "time")));
}

std::string block_text(const json& b) {
  std::string out;
  for (const auto& [name, value] : b.items()) {
    if (name == "txs" || name == "schema") continue;
    if (name == "time_entries" && value.is_array()) {
      for (const auto& e : value)
        out += pair_line("time_entry",
                         fmt::format("{} ticks, y {}", text(e, "ticks"),
                                     short_id(field(e, "y"))));
    } else if (name == "space" && value.is_object()) {
      for (const auto& [key, x] : value.items())
        if (key != "proof") out += pair_line("space." + key, plain(x));
    } else if (name == "time") {
      const auto at = number(b, "time"); // years have four digits
      out += pair_line(name, at < last_ms ? utc({at}) : plain(value));
    } else {
      out += pair_line(name, plain(value));
    }
  }
  for (const auto& t : field(b, "txs")) out += tx_line(t);
  return out;
}

std::string tx_text(const json& x) {
  std::string out;
  for (const auto& [name, value] : x.items())
    if (name == "time")
      out += pair_line(name, utc({number(x, "time")}));
    else if (value.is_primitive() && name != "schema" && name != "tx")
      out += pair_line(name, plain(value));
  if (!x.contains("tx") || x["tx"].is_null())
    return out + pair_line("tx", "its block was pruned");
  for (const auto& [name, value] : x["tx"].items())
    if (name != "txid") out += pair_line(name, plain(value));
  return out;
}

std::string spec_text(const json& s) {
  std::string out;
  for (const auto& [name, value] : s.items())
    if (value.is_primitive() && name != "schema")
      out += pair_line(name, plain(value));
  for (const auto& [name, value] : part(s, "genesis").items())
    if (value.is_primitive()) out += pair_line("genesis." + name, plain(value));
  for (const auto& [name, schedule] : part(s, "rules").items())
    for (const auto& step : schedule) {
      const auto from = number(step, "from");
      out += pair_line(
          name, text(step, "value")
                    + (from == 0 ? "" : " from epoch " + std::to_string(from)));
    }
  return out;
}
} // namespace spacetime::cli
