// The file form of a chain spec; networks/ holds examples.

#include "core/base/check.hpp"
#include "core/base/hex.hpp"
#include "core/chain/spec.hpp"
#include "core/chain/toml.hpp"

#include <charconv>
#include <limits>
#include <map>
#include <numeric>

namespace spacetime {
namespace {
using names = std::vector<std::string_view>;

/// Number of single-character edits between two words.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

/// @pre `known` is not empty
std::string_view nearest(std::string_view word, const names& known) {
  return *std::ranges::min_element(
      known, {}, [&](auto name) { return distance(word, name); });
}

/// A key of the file as a person may see it: short and printable.
std::string shown(std::string_view key) {
  std::string out{key.substr(0, 40)};
  for (auto& c : out)
    if (c < ' ' || c > '~' || c == '`') c = '?';
  return out;
}

/// "rules.tau_ms"; the name alone at the top.
std::string join(const std::string& path, std::string_view key) {
  return path.empty() ? std::string{key} : path + "." + std::string{key};
}

/// Reads keys and keeps the first refusal; later values are then zero. So a
/// caller checks once, at the end. Remembers where each key stands.
class toml_reader {
public:
  [[nodiscard]] const std::optional<error>& failure() const { return failure_; }
  /// The line of the key that a refusal of `chain_spec::finish` begins with.
  [[nodiscard]] std::size_t line_of(std::string_view refusal) const;

  void refuse(std::size_t line, std::string why);
  /// Refuses keys of `table` that are neither known nor optional.
  void only(const toml::table& table, const std::string& path,
            const names& known);
  /// The value at `key`, or null: refused if it is `required`.
  const toml::node* find(const toml::table& table, const std::string& path,
                         std::string_view key, bool required = true);

  std::uint64_t integer(const toml::node* node, const std::string& path,
                        std::uint64_t most);
  std::string text(const toml::node* node, const std::string& path);
  bytes32 hex(const toml::node* node, const std::string& path);
  bool flag(const toml::node* node, const std::string& path);
  /// Motes, as an integer or as a string of decimal digits.
  std::uint64_t motes(const toml::node* node, const std::string& path);
  const toml::table* table(const toml::node* node, const std::string& path);
  const toml::array* array(const toml::node* node, const std::string& path);

  void mark(const toml::node& node, const std::string& path) {
    lines_[path] = node.source().begin.line;
  }

private:
  void mistyped(const toml::node& node, const std::string& path,
                const std::string& expected);

  std::optional<error> failure_;
  std::map<std::string, std::size_t, std::less<>> lines_;
};

constexpr std::uint64_t max_integer = std::numeric_limits<std::int64_t>::max();

std::size_t toml_reader::line_of(std::string_view refusal) const {
  const auto end = refusal.find('`', 1);
  check(end != std::string_view::npos, "a refusal begins with its key");
  const auto found = lines_.find(refusal.substr(1, end - 1));
  return found == lines_.end() ? 1 : found->second;
}

void toml_reader::refuse(std::size_t line, std::string why) {
  if (failure_) return;
  failure_.emplace(errc::bad_config,
                   "line " + std::to_string(std::max(line, std::size_t{1}))
                       + ": " + std::move(why));
}

void toml_reader::only(const toml::table& table, const std::string& path,
                       const names& known) {
  for (const auto& [key, value] : table)
    if (std::ranges::find(known, key.str()) == known.end()) {
      const auto word = shown(key.str());
      return refuse(key.source().begin.line,
                    "unknown key `" + join(path, word) + "`; nearest is `"
                        + join(path, nearest(word, known)) + "`");
    }
}

const toml::node* toml_reader::find(const toml::table& table,
                                    const std::string& path,
                                    std::string_view key, bool required) {
  const auto* node = table.get(key);
  if (node)
    mark(*node, join(path, key));
  else if (required)
    refuse(table.source().begin.line, "`" + join(path, key) + "` is missing");
  return node;
}

void toml_reader::mistyped(const toml::node& node, const std::string& path,
                           const std::string& expected) {
  refuse(node.source().begin.line, "`" + path + "` must be " + expected);
}

std::uint64_t toml_reader::integer(const toml::node* node,
                                   const std::string& path,
                                   std::uint64_t most) {
  if (!node) return 0;
  const auto* value = node->as_integer();
  if (value && value->get() >= 0
      && static_cast<std::uint64_t>(value->get()) <= most)
    return static_cast<std::uint64_t>(value->get());
  mistyped(*node, path, "an integer from 0 to " + std::to_string(most));
  return 0;
}

std::string toml_reader::text(const toml::node* node, const std::string& path) {
  if (!node) return {};
  if (const auto* value = node->as_string()) return value->get();
  mistyped(*node, path, "a string");
  return {};
}

bytes32 toml_reader::hex(const toml::node* node, const std::string& path) {
  if (!node) return {};
  if (const auto* value = node->as_string())
    if (auto raw = from_hex<32>(value->get())) return *raw;
  mistyped(*node, path, "64 hex digits");
  return {};
}

bool toml_reader::flag(const toml::node* node, const std::string& path) {
  if (!node) return false;
  if (const auto* value = node->as_boolean()) return value->get();
  mistyped(*node, path, "true or false");
  return false;
}

std::uint64_t toml_reader::motes(const toml::node* node,
                                 const std::string& path) {
  if (!node || !node->is_string()) return integer(node, path, max_integer);
  const auto& digits = node->as_string()->get();
  std::uint64_t out = 0;
  const auto* const end = digits.data() + digits.size();
  const auto [stop, code] = std::from_chars(digits.data(), end, out);
  if (code == std::errc{} && stop == end && out <= max_integer) return out;
  mistyped(*node, path, "motes from 0 to " + std::to_string(max_integer));
  return 0;
}

const toml::table* toml_reader::table(const toml::node* node,
                                      const std::string& path) {
  if (node && !node->is_table()) mistyped(*node, path, "a table");
  return node ? node->as_table() : nullptr;
}

const toml::array* toml_reader::array(const toml::node* node,
                                      const std::string& path) {
  if (node && !node->is_array()) mistyped(*node, path, "a list of tables");
  return node ? node->as_array() : nullptr;
}

template <std::unsigned_integral T>
T small(toml_reader& in, const toml::node* node, const std::string& path) {
  return static_cast<T>(in.integer(node, path, std::numeric_limits<T>::max()));
}

time_mode mode(toml_reader& in, const toml::node* node,
               const std::string& path) {
  const auto text = in.text(node, path);
  if (node && text != "class-group" && text != "simulated")
    in.refuse(node->source().begin.line,
              "`" + path + "` must be \"class-group\" or \"simulated\"");
  return text == "simulated" ? time_mode::simulated : time_mode::class_group;
}

genesis_section read_genesis(toml_reader& in, const toml::table& root) {
  genesis_section out;
  const std::string path = "genesis";
  const auto* table = in.table(in.find(root, {}, path), path);
  if (!table) return out;
  in.only(*table, path,
          {"name", "hrp", "time", "seed", "mode", "vdf_bits", "squarings", "k",
           "strength", "test_plots", "target"});
  const auto at = [&](std::string_view key) {
    return in.find(*table, path, key);
  };
  out.name = in.text(at("name"), "genesis.name");
  out.hrp = in.text(at("hrp"), "genesis.hrp");
  out.time.value = in.integer(at("time"), "genesis.time", max_integer);
  if (const auto* seed = in.find(*table, path, "seed", false))
    out.seed = in.hex(seed, "genesis.seed");
  out.mode = mode(in, at("mode"), "genesis.mode");
  out.vdf_bits = small<std::uint16_t>(in, at("vdf_bits"), "genesis.vdf_bits");
  out.squarings = in.integer(at("squarings"), "genesis.squarings", max_integer);
  out.k = small<std::uint8_t>(in, at("k"), "genesis.k");
  out.strength = small<std::uint8_t>(in, at("strength"), "genesis.strength");
  out.test_plots = in.flag(at("test_plots"), "genesis.test_plots");
  out.target = to_u256(in.hex(at("target"), "genesis.target"));
  return out;
}

std::vector<premine_entry> read_premine(toml_reader& in,
                                        const toml::table& root) {
  std::vector<premine_entry> out;
  const auto* list = in.array(in.find(root, {}, "premine", false), "premine");
  if (!list) return out;
  for (const auto& node : *list) {
    const auto path = "premine[" + std::to_string(out.size()) + "]";
    in.mark(node, path);
    const auto* table = in.table(&node, path);
    if (!table) return out;
    in.only(*table, path, {"account", "amount"});
    auto& entry = out.emplace_back();
    entry.account.value =
        in.hex(in.find(*table, path, "account"), path + ".account");
    entry.value.value =
        in.motes(in.find(*table, path, "amount"), path + ".amount");
  }
  return out;
}

/// A plain value, or a list of `{ from = EPOCH, value = V }`.
rule_schedule read_schedule(toml_reader& in, const toml::node* node,
                            const std::string& path) {
  if (!node) return {};
  if (!node->is_array())
    return {{epoch{0}, in.integer(node, path, max_integer)}};
  rule_schedule out;
  for (const auto& item : *node->as_array()) {
    const auto here = path + "[" + std::to_string(out.size()) + "]";
    in.mark(item, here);
    const auto* table = in.table(&item, here);
    if (!table) return out;
    in.only(*table, here, {"from", "value"});
    const auto from =
        in.integer(in.find(*table, here, "from"), here + ".from", max_integer);
    const auto value = in.integer(in.find(*table, here, "value"),
                                  here + ".value", max_integer);
    out.emplace_back(epoch{from}, value);
  }
  return out;
}

void read_rules(toml_reader& in, const toml::table& root, chain_spec& out) {
  const std::string path = "rules";
  const auto* table = in.table(in.find(root, {}, path), path);
  if (!table) return;
  names known{"minimum_weight"};
  for (const auto& field : rule_fields()) known.push_back(field.name);
  in.only(*table, path, known);
  for (const auto& field : rule_fields())
    out.schedules.push_back(read_schedule(in, in.find(*table, path, field.name),
                                          join(path, field.name)));
  out.minimum_weight = to_u256(
      in.hex(in.find(*table, path, "minimum_weight"), "rules.minimum_weight"));
}
} // namespace

result<chain_spec> chain_spec::parse(std::string_view text) {
  toml_reader in;
  const auto parsed = toml::parse(text);
  if (!parsed) {
    in.refuse(parsed.error().source().begin.line,
              std::string{parsed.error().description()});
    return fail(*in.failure());
  }
  const auto& root = parsed.table();
  chain_spec out;
  in.only(root, {}, {"genesis", "premine", "rules"});
  out.genesis = read_genesis(in, root);
  out.genesis.premine = read_premine(in, root);
  read_rules(in, root, out);
  if (in.failure()) return fail(*in.failure());
  if (auto ok = out.finish(); !ok) {
    in.refuse(in.line_of(ok.error().detail), ok.error().detail);
    return fail(*in.failure());
  }
  return out;
}
} // namespace spacetime
