#pragma once
// From node.toml, the environment and the command line to `settings`.

#include "core/base/result.hpp"
#include "tools/spacetime/config/config_table.hpp"
#include "tools/spacetime/config/environment.hpp"

namespace spacetime::config {
/// Who set a key; the first wins.
enum class value_source : std::uint8_t {
  flag,
  environment,
  file,
  network,
  built_in,
};
inline constexpr std::size_t source_count = 5;

/// Texts of keys, by name: what a network sets instead of built-in defaults,
/// or what flags say; as `from_text` reads them.
using key_texts = std::map<std::string, std::string, std::less<>>;

struct load_options {
  /// node.toml. If there is no such file the other sources stand alone, unless
  /// `file_required`.
  std::optional<std::filesystem::path> file{};
  bool file_required = false;
  /// All variables; those that do not begin with SPACETIME_ are skipped.
  environment variables{};
  key_texts flags{};
  /// The network that --network, SPACETIME_NETWORK or the data directory chose;
  /// a source that names another one is refused. Empty: node.network decides.
  std::string network{};
  /// Defaults of each network, by its name.
  std::map<std::string, key_texts, std::less<>> network_defaults{};
};

/// One reason to refuse a configuration.
struct problem {
  std::string where; ///< "node.toml:14", "environment" or "command line"
  unsigned line;     ///< in the file, from 1; 0 outside files
  std::string text;  ///< what is wrong, and what would be right
};

/// "node.toml:14: unknown key `rpc.lisen`; nearest is `rpc.listen`".
std::string to_string(const problem& p);

class config {
public:
  /// Reads all sources; every value of every source must be valid, also one
  /// that another source overrides. Else: all problems, the file's first and
  /// by line, 20 at most.
  static tl::expected<config, std::vector<problem>>
  load(const load_options& options);
  /// The same with `text` as what `options.file` holds; nothing is read.
  static tl::expected<config, std::vector<problem>>
  load(const load_options& options, std::string_view text);

  [[nodiscard]] const settings& values() const { return values_; }

  /// Who set the key, or nothing if there is no such key.
  [[nodiscard]] std::optional<value_source> source(std::string_view key) const;

  /// Value, source, what the other sources say, and the documentation of a
  /// key; ends with a line feed. Errors: `not_found`, with the nearest name.
  [[nodiscard]] result<std::string> explain(std::string_view key) const;

  /// All keys with their values as a node.toml, sources in comments.
  [[nodiscard]] std::string render() const;

private:
  /// What one source says about one key.
  struct entry {
    raw value;
    std::string where;
  };
  using entries = std::array<std::optional<entry>, source_count>;
  friend class loader;

  settings values_;
  std::vector<entries> by_key_; ///< as keys(); indexed by value_source
};

/// A node.toml that changes nothing: every key commented out behind '#', with
/// its default, unit, range and meaning. Only config_version is set, so that a
/// later release knows which layout it reads.
std::string render_default();

/// Writes `render_default()` to a new file, durably: after a crash it is whole
/// or absent. Errors: `duplicate` if the file exists, which is then untouched;
/// `disk_full`, `io_error`.
status write_default(const std::filesystem::path& file);
} // namespace spacetime::config
