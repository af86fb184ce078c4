#include "tools/spacetime/config/config.hpp"

#include "core/base/check.hpp"
#include "tools/spacetime/config/names.hpp"
#include "tools/spacetime/config/toml_text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace spacetime::config {
namespace {
constexpr std::size_t max_file_size = 64 * 1024; // bytes
constexpr std::size_t max_problems = 20;
constexpr std::string_view prefix = "SPACETIME_";

/// `key` as it must be written in TOML: bare, or in quotes.
std::string spelled(std::string_view key) {
  const bool bare = !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return bare ? std::string{key} : in_quotes(key);
}

/// Nothing if there is no such file.
result<std::optional<std::string>> read_file(const std::filesystem::path& p) {
  errno = 0;
  std::ifstream in{p, std::ios::binary};
  if (!in && errno == ENOENT) return std::nullopt;
  std::string text(max_file_size + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.eof() && in.fail())
    return fail(errc::io_error,
                std::string{"cannot be read: "} + std::strerror(errno));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > max_file_size)
    return fail(errc::too_large, "is larger than 64 KiB");
  return text;
}
} // namespace

/// Collects what every source says, and what is wrong with it.
class loader {
public:
  explicit loader(const load_options& options) : options_(options) {
    out_.by_key_.resize(keys().size());
  }

  void add_file(const std::filesystem::path& file) {
    const auto text = read_file(file);
    if (!text) return refuse(file.string(), text.error().detail);
    if (*text) return add_file_text(**text);
    if (options_.file_required) refuse(file.string(), "there is no such file");
  }

  void add_file_text(std::string_view text) {
    const auto root = read_toml(text);
    if (!root)
      return refuse(root.error().line, root.error().text, root.error().column);
    if (is_too_new(*root)) return;
    for (const auto& m : *root) add_top(m);
  }

  /// Adds the other sources and decides.
  tl::expected<config, std::vector<problem>> finish() {
    add_built_in();
    if (!too_new_) {
      add_environment();
      add_flags();
      settle_network();
    }
    if (!problems_.empty()) return tl::unexpected{sorted_problems()};
    for (const auto& key : keys())
      assign(key.at(out_.values_), key.limits, chosen(key).value);
    return std::move(out_);
  }

private:
  using entry = config::entry;

  std::optional<entry>& at(const key_spec& key, value_source source) {
    return out_.by_key_[index_of(key)][static_cast<std::size_t>(source)];
  }

  /// What the highest source says. @pre the built-in defaults were added
  const entry& chosen(const key_spec& key) {
    for (const auto& e : out_.by_key_[index_of(key)])
      if (e) return *e;
    check(false, "every key has a default");
    return *at(key, value_source::built_in);
  }

  void refuse(std::string where, std::string text) {
    problems_.push_back({std::move(where), 0, std::move(text)});
  }

  void refuse(unsigned line, std::string text, unsigned column = 0) {
    auto where = options_.file->string() + ":" + std::to_string(line);
    if (column != 0) where += ":" + std::to_string(column);
    problems_.push_back({std::move(where), line, std::move(text)});
  }

  /// `name`: of the key in this source.
  void add(const key_spec& key, value_source source, std::string where,
           raw value, std::string_view name) {
    settings scratch;
    if (const auto bad = assign(key.at(scratch), key.limits, value)) {
      auto text = ticked(name) + ": " + bad->text;
      if (source == value_source::file)
        refuse(bad->line, std::move(text));
      else
        refuse(std::move(where), std::move(text));
      return;
    }
    at(key, source) = entry{std::move(value), std::move(where)};
  }

  void add_text(const key_spec& key, value_source source, std::string where,
                std::string_view text, std::string_view name) {
    settings scratch;
    add(key, source, std::move(where), from_text(key.at(scratch), text), name);
  }

  void add_built_in() {
    for (const auto& key : keys())
      add_text(key, value_source::built_in, "", key.built_in, key.name);
  }

  /// A newer file's other keys may mean other things: only the version counts.
  bool is_too_new(const raw::list& root) {
    const auto m = std::ranges::find(root, "config_version", &raw::key);
    if (m == root.end()) return false;
    const auto* const version = std::get_if<std::int64_t>(&m->value);
    too_new_ = version != nullptr && *version > newest_version;
    if (too_new_)
      refuse(m->key_line, "config_version " + std::to_string(*version)
                              + " is newer than "
                              + std::to_string(newest_version)
                              + ", the newest that this program knows");
    return too_new_;
  }

  void add_top(const raw& m) {
    const auto* const key = find_key(m.key);
    if (key != nullptr && section_of(*key).empty())
      return add_from_file(*key, m);
    const auto* const members = std::get_if<raw::table>(&m.value);
    const bool known = std::ranges::find(sections(), m.key, &section_spec::name)
                       != sections().end();
    if (known && members != nullptr)
      return add_section(m.key, members->members);
    if (known)
      return refuse(m.key_line, ticked(m.key) + " is a section: write [" + m.key
                                    + "] and its keys below");
    if (members != nullptr)
      return refuse(m.key_line, "unknown section " + ticked(spelled(m.key))
                                    + "; nearest is "
                                    + ticked(nearest_section(m.key)));
    refuse_key(spelled(m.key), m.key, m.key_line);
  }

  void add_section(const std::string& section, const raw::list& members) {
    for (const auto& m : members) {
      const auto* const key = find_key(section + "." + m.key);
      if (key != nullptr)
        add_from_file(*key, m);
      else
        refuse_key(section + "." + spelled(m.key), section + "." + m.key,
                   m.key_line);
    }
  }

  void refuse_key(std::string_view shown, std::string_view name,
                  unsigned line) {
    refuse(line, "unknown key " + ticked(shown) + "; nearest is "
                     + ticked(nearest_key(name)));
  }

  void add_from_file(const key_spec& key, const raw& m) {
    add(key, value_source::file,
        options_.file->string() + ":" + std::to_string(m.key_line), m,
        key.name);
  }

  void add_environment() {
    const std::string where = "environment";
    std::map<std::string, const key_spec*, std::less<>> known;
    for (const auto& key : keys())
      if (!key.file_only) known.emplace(variable_of(key), &key);
    for (const auto& [name, text] : options_.variables) {
      if (!name.starts_with(prefix) || is_other_variable(name)) continue;
      if (const auto found = known.find(name); found != known.end())
        add_text(*found->second, value_source::environment, where, text, name);
      else
        refuse(where, "unknown variable " + ticked(name) + "; nearest is "
                          + ticked(nearest_variable(name)));
    }
  }

  void add_flags() {
    const std::string where = "command line";
    for (const auto& [name, text] : options_.flags) {
      const auto* const key = find_key(name);
      if (key != nullptr && !key->file_only)
        add_text(*key, value_source::flag, where, text, flag_of(*key));
      else
        refuse(where, "unknown key " + ticked(name) + "; nearest is "
                          + ticked(nearest_key(name)));
    }
  }

  /// Fixes the network, then adds what it sets.
  void settle_network() {
    const auto& key = *find_key("node.network");
    if (!options_.network.empty()) {
      for (const auto source :
           {value_source::flag, value_source::environment, value_source::file})
        if (const auto& said = at(key, source)) compare(key, source, *said);
      add_text(key, value_source::flag, "command line", options_.network,
               "--network");
    }
    const auto& name = std::get<std::string>(chosen(key).value.value);
    const auto found = options_.network_defaults.find(name);
    if (found == options_.network_defaults.end()) return;
    for (const auto& [member, text] : found->second) {
      const auto* const set = find_key(member);
      check(set != nullptr, "a network sets known keys");
      add_text(*set, value_source::network, "network " + name, text, member);
    }
  }

  void compare(const key_spec& key, value_source source, const entry& said) {
    const auto& name = std::get<std::string>(said.value.value);
    if (name == options_.network) return;
    auto text = ticked(key.name) + ": expected " + in_quotes(options_.network)
                + ", the network of this data directory, got "
                + in_quotes(name);
    if (source == value_source::file)
      refuse(said.value.line, std::move(text));
    else
      refuse(said.where, std::move(text));
  }

  std::vector<problem> sorted_problems() {
    // The file's come first and by line; TOML tables are sorted by name.
    std::ranges::stable_sort(problems_, {}, [](const problem& p) {
      return p.line == 0 ? std::numeric_limits<unsigned>::max() : p.line;
    });
    if (problems_.size() > max_problems) problems_.resize(max_problems);
    return std::move(problems_);
  }

  const load_options& options_;
  config out_;
  std::vector<problem> problems_;
  bool too_new_ = false;
};

std::string to_string(const problem& p) {
  return p.where + ": " + p.text;
}

tl::expected<config, std::vector<problem>>
config::load(const load_options& options) {
  loader l{options};
  if (options.file) l.add_file(*options.file);
  return l.finish();
}

tl::expected<config, std::vector<problem>>
config::load(const load_options& options, std::string_view text) {
  check(options.file.has_value(), "text comes from a file");
  loader l{options};
  l.add_file_text(text);
  return l.finish();
}
} // namespace spacetime::config
