#pragma once
// What a key can hold, how it is read and how it is written. A value comes in
// as `raw` (of TOML, or of a variable's text) and is stored through a `slot`,
// a pointer to a typed member of `settings`.

#include "core/base/strong.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace spacetime::config {
/// A number of bytes.
using byte_size = strong<struct byte_size_tag, std::uint64_t>;

/// A network address. The host is an IPv4 address, an IPv6 address without
/// its brackets, or a DNS name.
struct host_port {
  std::string host;
  std::uint16_t port = 0;
  friend bool operator==(const host_port&, const host_port&) = default;
};

/// 127.0.0.0/8, ::1 or "localhost".
bool is_loopback(const host_port& address);

enum class log_level : std::uint8_t { trace, debug, info, warn, error, off };
enum class log_format : std::uint8_t { text, json };
enum class timelord_mode : std::uint8_t { automatic, on, off };
/// Log levels of single actors, by name.
using log_levels = std::map<std::string, log_level>;

/// Where an actor runs.
struct placement {
  enum class where : std::uint8_t {
    local,  ///< in this process
    off,    ///< nowhere
    remote, ///< in the process that listens at `address`, over mutual TLS
  };
  where at = where::local;
  host_port address{}; ///< empty unless remote
  friend bool operator==(const placement&, const placement&) = default;
};

/// All actors, in the order in which they boot.
std::span<const std::string_view> actor_names();

/// A value as it was written, before its key gives it a meaning.
struct raw {
  using list = std::vector<raw>;
  struct table {
    list members; ///< each with its key
  };
  /// A TOML value that no key takes; its type's name, e.g. "float".
  struct foreign {
    std::string_view type;
  };
  std::variant<bool, std::int64_t, std::string, list, table, foreign> value{};
  unsigned line = 0;     ///< in its file, from 1; 0 outside files
  std::string key{};     ///< its name in a table, else empty
  unsigned key_line = 0; ///< of the key; may differ from `line`
};

using slot =
    std::variant<bool*, std::uint32_t*, std::string*,
                 std::chrono::milliseconds*, byte_size*, host_port*, log_level*,
                 log_format*, timelord_mode*, std::filesystem::path*,
                 std::vector<std::filesystem::path>*, std::vector<std::string>*,
                 log_levels*, placement*>;

/// What a key accepts beyond its type.
struct rule {
  /// Bounds of a number, of a duration in ms, of a size in bytes, or of an
  /// address's port; both inclusive.
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  /// For strings and addresses: a further test of the text, and the words
  /// that say what it wants.
  bool (*accepts)(std::string_view text) = nullptr;
  std::string_view form{};
};

/// Why a value was refused.
struct mismatch {
  std::string text; ///< "expected ..., got ..."
  unsigned line;    ///< of the value that does not fit; 0 outside files
};

/// Stores `in` through `out`, or leaves it as it was and says why.
std::optional<mismatch> assign(const slot& out, const rule& r, const raw& in);

/// `text` of a variable or a flag as a value for `out`. Strings have no
/// quotes there; lists are separated by commas ("a,b"), tables too
/// ("sync=debug,state=info"). A list may also be written as TOML ("['a,b']").
raw from_text(const slot& out, std::string_view text);

/// The value as TOML, in its shortest form; sizes and durations carry the
/// unit that needs the fewest digits.
std::string render(const slot& value);

/// The name of the type, e.g. "duration".
std::string_view type_name(const slot& value);

/// What a key of this type and rule wants: "a whole number from 0 to 1024".
std::string expectation(const slot& value, const rule& r);
} // namespace spacetime::config
