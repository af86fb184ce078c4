#include "tools/spacetime/config/value.hpp"

#include "core/base/checked.hpp"
#include "tools/spacetime/config/names.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace spacetime::config {
namespace {
using std::chrono::milliseconds;
using path = std::filesystem::path;
using paths = std::vector<path>;
using strings = std::vector<std::string>;

constexpr std::size_t max_text = 4096; // bytes; PATH_MAX
constexpr std::size_t max_items = 4096;

constexpr std::string_view names[] = {
    "storage",  "state",  "mempool",      "validator", "peer_manager", "sync",
    "timelord", "farmer", "plot_scanner", "inspector", "rpc"};

constexpr std::string_view level_names[] = {"trace", "debug", "info",
                                            "warn",  "error", "off"};
constexpr std::string_view format_names[] = {"text", "json"};
constexpr std::string_view mode_names[] = {"auto", "on", "off"};

std::span<const std::string_view> choices(log_level) {
  return level_names;
}
std::span<const std::string_view> choices(log_format) {
  return format_names;
}
std::span<const std::string_view> choices(timelord_mode) {
  return mode_names;
}

template <class T>
concept choice = requires(T x) {
  choices(x);
};

struct unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr unit time_units[] = {{"d", 86'400'000},
                               {"h", 3'600'000},
                               {"m", 60'000},
                               {"s", 1'000},
                               {"ms", 1}};
// Days are read but not written: "24h" says more of a limit than "1d".
constexpr auto clock_units = std::span{time_units}.subspan(1);
constexpr std::uint64_t kib = 1024;
constexpr unit size_units[] = {{"TB", 1'000'000'000'000},
                               {"GB", 1'000'000'000},
                               {"MB", 1'000'000},
                               {"kB", 1'000},
                               {"TiB", kib* kib* kib* kib},
                               {"GiB", kib* kib* kib},
                               {"MiB", kib* kib},
                               {"KiB", kib},
                               {"B", 1}};

/// "A", "A or B", "A, B or C", each quoted.
std::string one_of(std::span<const std::string_view> all) {
  std::string out;
  for (std::size_t i = 0; i < all.size(); ++i)
    out += (i == 0                ? ""
            : i + 1 == all.size() ? " or "
                                  : ", ")
           + in_quotes(all[i]);
  return out;
}

/// "5s" and "64 MB" as a number of the smallest unit.
std::optional<std::uint64_t> with_unit(std::string_view text,
                                       std::span<const unit> units) {
  std::uint64_t count = 0;
  const auto* const end = text.data() + text.size();
  const auto [rest, code] = std::from_chars(text.data(), end, count);
  if (code != std::errc{}) return std::nullopt;
  std::string_view name{rest, static_cast<std::size_t>(end - rest)};
  if (name.starts_with(' ')) name.remove_prefix(1);
  const auto found = std::ranges::find(units, name, &unit::name);
  if (found == units.end()) return std::nullopt;
  return checked_mul(count, found->factor);
}

std::string in_units(std::uint64_t n, std::span<const unit> units) {
  const unit* best = &*std::ranges::find(units, 1u, &unit::factor);
  for (const auto& u : units)
    if (n != 0 && n % u.factor == 0 && u.factor > best->factor) best = &u;
  return std::to_string(n / best->factor) + std::string{best->name};
}

bool is_ipv4(const std::string& host) {
  in_addr out{};
  return inet_pton(AF_INET, host.c_str(), &out) == 1;
}

bool is_ipv6(const std::string& host) {
  in6_addr out{};
  return inet_pton(AF_INET6, host.c_str(), &out) == 1;
}

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz"
                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view digits = "0123456789";

/// A DNS name after RFC 1123; one of only digits and dots is a bad address.
bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  if (host.find_first_of(letters) == host.npos) return false;
  while (true) {
    const auto label = host.substr(0, host.find('.'));
    if (label.empty() || label.size() > 63) return false;
    if (label.front() == '-' || label.back() == '-') return false;
    for (const char c : label)
      if (c != '-' && letters.find(c) == letters.npos
          && digits.find(c) == digits.npos)
        return false;
    if (label.size() == host.size()) return true;
    host.remove_prefix(label.size() + 1);
  }
}

std::optional<host_port> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  host_port out{std::string{text.substr(0, colon)}, 0};
  const auto port = text.substr(colon + 1);
  const auto* const end = port.data() + port.size();
  const auto [rest, code] = std::from_chars(port.data(), end, out.port);
  if (code != std::errc{} || rest != end) return std::nullopt;
  if (out.host.starts_with('[') && out.host.ends_with(']')) {
    out.host = out.host.substr(1, out.host.size() - 2);
    return is_ipv6(out.host) ? std::optional{out} : std::nullopt;
  }
  return is_ipv4(out.host) || is_host_name(out.host) ? std::optional{out}
                                                     : std::nullopt;
}

std::string plain(const host_port& address) {
  const bool v6 = address.host.find(':') != address.host.npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":"
         + std::to_string(address.port);
}

/// No byte that a terminal, a log or the operating system takes for another
/// thing than text.
bool is_clean(std::string_view text) {
  return text.size() <= max_text && std::ranges::none_of(text, [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
         });
}

std::string describe(const raw& in) {
  struct {
    std::string operator()(bool x) const { return x ? "true" : "false"; }
    std::string operator()(std::int64_t x) const {
      return "integer " + std::to_string(x);
    }
    std::string operator()(const std::string& x) const {
      return '"' + printable(x) + '"';
    }
    std::string operator()(const raw::list&) const { return "a list"; }
    std::string operator()(const raw::table&) const { return "a table"; }
    std::string operator()(const raw::foreign& x) const {
      return "a " + std::string{x.type};
    }
  } text;
  return std::visit(text, in.value);
}

// Reading: one overload per type. Nothing: it does not fit.

using bounds = const rule&;

bool within(std::uint64_t n, bounds r) {
  return n >= r.least && n <= r.most;
}

std::optional<std::string_view> text_of(const raw& in) {
  const auto* const text = std::get_if<std::string>(&in.value);
  if (text == nullptr || !is_clean(*text)) return std::nullopt;
  return *text;
}

bool accepted(std::string_view text, bounds r) {
  return r.accepts == nullptr || r.accepts(text);
}

bool read(const raw& in, bounds, bool& out) {
  const auto* const flag = std::get_if<bool>(&in.value);
  if (flag != nullptr) out = *flag;
  return flag != nullptr;
}

bool read(const raw& in, bounds r, std::uint32_t& out) {
  const auto* const n = std::get_if<std::int64_t>(&in.value);
  if (n == nullptr || *n < 0 || *n > std::numeric_limits<std::uint32_t>::max()
      || !within(static_cast<std::uint64_t>(*n), r))
    return false;
  out = static_cast<std::uint32_t>(*n);
  return true;
}

bool read(const raw& in, bounds r, std::string& out) {
  const auto text = text_of(in);
  if (!text || !accepted(*text, r)) return false;
  out = *text;
  return true;
}

bool read(const raw& in, bounds r, milliseconds& out) {
  const auto text = text_of(in);
  const auto n = text ? with_unit(*text, time_units) : std::nullopt;
  if (!n || !within(*n, r)) return false;
  out = milliseconds{*n};
  return true;
}

bool read(const raw& in, bounds r, byte_size& out) {
  const auto text = text_of(in);
  const auto n = text ? with_unit(*text, size_units) : std::nullopt;
  if (!n || !within(*n, r)) return false;
  out.value = *n;
  return true;
}

bool read(const raw& in, bounds r, host_port& out) {
  const auto text = text_of(in);
  const auto address = text ? parse_address(*text) : std::nullopt;
  if (!address || !within(address->port, r) || !accepted(*text, r))
    return false;
  out = *address;
  return true;
}

template <choice E>
bool read(const raw& in, bounds, E& out) {
  const auto all = choices(E{});
  const auto text = text_of(in);
  if (!text) return false;
  const auto found = std::ranges::find(all, *text);
  if (found == all.end()) return false;
  out = static_cast<E>(found - all.begin());
  return true;
}

bool read(const raw& in, bounds, path& out) {
  const auto text = text_of(in);
  if (!text || text->empty()) return false;
  out = *text;
  return true;
}

bool read(const raw& in, bounds, placement& out) {
  constexpr std::string_view scheme = "tls://";
  const auto text = text_of(in);
  if (!text) return false;
  if (*text == "local" || *text == "off") {
    out = {*text == "off" ? placement::where::off : placement::where::local};
    return true;
  }
  if (!text->starts_with(scheme)) return false;
  const auto address = parse_address(text->substr(scheme.size()));
  if (!address || address->port == 0) return false;
  out = {placement::where::remote, *address};
  return true;
}

// Writing.

std::string write(bool x) {
  return x ? "true" : "false";
}
std::string write(std::uint32_t x) {
  return std::to_string(x);
}
std::string write(const std::string& x) {
  return in_quotes(x);
}
std::string write(milliseconds x) {
  return in_quotes(
      in_units(static_cast<std::uint64_t>(x.count()), clock_units));
}
std::string write(byte_size x) {
  return in_quotes(in_units(x.value, size_units));
}
std::string write(const host_port& x) {
  return in_quotes(plain(x));
}
template <choice E>
std::string write(E x) {
  return in_quotes(choices(x)[static_cast<std::size_t>(x)]);
}
std::string write(const path& x) {
  return in_quotes(x.native());
}
std::string write(const placement& x) {
  switch (x.at) {
  case placement::where::local: return in_quotes("local");
  case placement::where::off: return in_quotes("off");
  case placement::where::remote: break;
  }
  return in_quotes("tls://" + plain(x.address));
}
template <class T>
std::string write(const std::vector<T>& items) {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : ", ") + write(item);
  return "[" + out + "]";
}
std::string write(const log_levels& levels) {
  std::string out;
  for (const auto& [actor, level] : levels)
    out += (out.empty() ? " " : ", ") + actor + " = " + write(level);
  return "{" + out + (out.empty() ? "}" : " }");
}

// Describing.

std::string_view type_of(bool) {
  return "true or false";
}
std::string_view type_of(std::uint32_t) {
  return "whole number";
}
std::string_view type_of(const std::string&) {
  return "string";
}
std::string_view type_of(milliseconds) {
  return "duration";
}
std::string_view type_of(byte_size) {
  return "size";
}
std::string_view type_of(const host_port&) {
  return "address";
}
template <choice E>
std::string_view type_of(E) {
  return "choice";
}
std::string_view type_of(const path&) {
  return "path";
}
std::string_view type_of(const paths&) {
  return "list of paths";
}
std::string_view type_of(const strings&) {
  return "list of strings";
}
std::string_view type_of(const log_levels&) {
  return "table";
}
std::string_view type_of(const placement&) {
  return "placement";
}

std::string range(std::string low, std::string high) {
  return " from " + std::move(low) + " to " + std::move(high);
}

std::string wanted(bool, bounds) {
  return "true or false";
}
std::string wanted(std::uint32_t, bounds r) {
  if (r.least == r.most) return "the number " + std::to_string(r.least);
  return "a whole number"
         + range(std::to_string(r.least), std::to_string(r.most));
}
std::string wanted(const std::string&, bounds r) {
  return r.form.empty() ? "a string" : std::string{r.form};
}
std::string wanted(milliseconds, bounds r) {
  return "a duration"
         + range(in_quotes(in_units(r.least, clock_units)),
                 in_quotes(in_units(r.most, clock_units)))
         + " (whole number and ms, s, m, h or d)";
}
std::string wanted(byte_size, bounds r) {
  return "a size"
         + range(in_quotes(in_units(r.least, size_units)),
                 in_quotes(in_units(r.most, size_units)))
         + " (whole number and B, kB, MB, GB, TB, KiB, MiB, GiB or TiB)";
}
std::string wanted(const host_port&, bounds r) {
  return r.form.empty() ? "an address \"host:port\"" : std::string{r.form};
}
template <choice E>
std::string wanted(E x, bounds) {
  return one_of(choices(x));
}
std::string wanted(const path&, bounds) {
  return "a path";
}
std::string wanted(const paths&, bounds) {
  return "a list of paths";
}
std::string wanted(const strings&, bounds) {
  return "a list of strings";
}
std::string wanted(const log_levels&, bounds) {
  return "a table of actor names and levels, such as { sync = \"debug\" }";
}
std::string wanted(const placement&, bounds) {
  return "\"local\", \"off\" or \"tls://host:port\"";
}

mismatch refuse(std::string want, const raw& in) {
  return {"expected " + std::move(want) + ", got " + describe(in), in.line};
}

template <class T>
std::optional<mismatch> store(const raw& in, bounds r, T& out) {
  if (read(in, r, out)) return std::nullopt;
  return refuse(wanted(out, r), in);
}

template <class T>
std::optional<mismatch> store(const raw& in, bounds r, std::vector<T>& out) {
  const auto* const items = std::get_if<raw::list>(&in.value);
  if (items == nullptr || items->size() > max_items)
    return refuse(wanted(out, r), in);
  std::vector<T> all(items->size());
  for (std::size_t i = 0; i < all.size(); ++i)
    if (auto bad = store((*items)[i], r, all[i])) return bad;
  out = std::move(all);
  return std::nullopt;
}

std::optional<mismatch> store(const raw& in, bounds r, log_levels& out) {
  const auto* const table = std::get_if<raw::table>(&in.value);
  if (table == nullptr) return refuse(wanted(out, r), in);
  log_levels all;
  for (const auto& m : table->members) {
    if (std::ranges::find(names, m.key) == std::end(names))
      return mismatch{"unknown actor `" + printable(m.key) + "`; nearest is `"
                          + std::string{nearest(m.key, names)} + "`",
                      m.key_line};
    if (auto bad = store(m, r, all[m.key])) return bad;
  }
  out = std::move(all);
  return std::nullopt;
}
} // namespace

bool is_loopback(const host_port& address) {
  return address.host == "localhost" || address.host == "::1"
         || (is_ipv4(address.host) && address.host.starts_with("127."));
}

std::span<const std::string_view> actor_names() {
  return names;
}

std::optional<mismatch> assign(const slot& out, const rule& r, const raw& in) {
  return std::visit([&](auto* to) { return store(in, r, *to); }, out);
}

std::string render(const slot& value) {
  return std::visit([](const auto* x) { return write(*x); }, value);
}

std::string_view type_name(const slot& value) {
  return std::visit([](const auto* x) { return type_of(*x); }, value);
}

std::string expectation(const slot& value, const rule& r) {
  return std::visit([&](const auto* x) { return wanted(*x, r); }, value);
}
} // namespace spacetime::config
