// Who may include whom: docs/book/architecture.md, "Floors". This program
// reads the sources and refuses a climb.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {
namespace fs = std::filesystem;

/// One #include line; for a schema, one import.
struct inclusion {
  std::string file;   ///< who includes, from the source root
  std::string target; ///< what it names between the quotes or brackets
  bool quoted = false;
};

/// What only some folders may name. Folders are prefixes of a file's path.
struct reserved {
  std::string_view what; ///< prefix of the included name
  std::span<const std::string_view> folders;
};

constexpr std::string_view crypto_only[] = {"core/crypto/"};
constexpr std::string_view time_only[] = {"core/time/"};
constexpr std::string_view disk_only[] = {"core/disk/"};
constexpr std::string_view codec_and_up[] = {"core/codec/", "actors/"};
constexpr std::string_view disk_and_up[] = {"core/disk/", "actors/", "tools/"};
constexpr std::string_view actors_and_up[] = {"actors/", "tools/"};
constexpr std::string_view tools_only[] = {"tools/"};
constexpr std::string_view sim_and_tools[] = {"core/sim/", "tools/"};

constexpr reserved reservations[] = {
    {"botan/", crypto_only},      {"secp256k1", crypto_only},
    {"gmp", time_only},           {"lmdb.h", disk_only},
    {"capnp/", codec_and_up},     {"kj/", codec_and_up},
    {"core/disk/", disk_and_up},  {"fstream", disk_and_up},
    {"filesystem", disk_and_up},  {"iostream", disk_and_up},
    {"caf/", actors_and_up},      {"sys/socket.h", actors_and_up},
    {"httplib.h", actors_and_up}, {"actors/", actors_and_up},
    {"tools/", tools_only},       {"core/sim/", sim_and_tools},
};

constexpr std::string_view integers_only[] = {
    "core/consensus/", "core/chain/", "core/state/", "core/tx/", "core/codec/"};

bool in_any(std::string_view file, std::span<const std::string_view> folders) {
  return std::ranges::any_of(
      folders, [&](auto folder) { return file.starts_with(folder); });
}

bool is_standard(std::string_view name) {
  return std::ranges::all_of(name, [](unsigned char c) {
    return std::islower(c) || std::isdigit(c) || c == '_';
  });
}

/// Why the lowest floors refuse `x`, or nothing.
std::string below_all(const inclusion& x) {
  const bool base = x.file.starts_with("core/base/");
  const bool ours =
      x.target.starts_with("core/") || x.target.starts_with("actors/");
  if (base && !x.target.starts_with("core/base/") && !is_standard(x.target)
      && !x.target.starts_with("boost/") && !x.target.starts_with("tl/"))
    return "core/base rests on std, Boost and tl::expected alone";
  if (x.file.starts_with("core/crypto/") && ours
      && !x.target.starts_with("core/base/")
      && !x.target.starts_with("core/crypto/"))
    return "core/crypto rests on core/base alone";
  return {};
}

/// Why `x` is a climb, or an empty string.
std::string refusal(const inclusion& x) {
  if (x.file.starts_with("schemas/"))
    return x.target.ends_with(".capnp") ? "" : "a schema imports schemas only";
  if (auto why = below_all(x); !why.empty()) return why;
  if (x.target.ends_with(".capnp.h"))
    return in_any(x.file, codec_and_up) ? "" : "schemas stay behind core/codec";
  for (const auto& r : reservations)
    if (x.target.starts_with(r.what) && !in_any(x.file, r.folders))
      return std::string{r.what} + " is not for this floor";
  if (x.quoted && x.target.find('/') == std::string::npos)
    return "a quoted include names its path from the root";
  return {};
}

std::string read(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The text between `open` and `close` right at the start of `rest`.
std::string between(std::string_view rest, char open, char close) {
  if (!rest.starts_with(open)) return {};
  const auto end = rest.find(close, 1);
  if (end == std::string_view::npos) return {};
  return std::string{rest.substr(1, end - 1)};
}

std::string_view trimmed(std::string_view line) {
  const auto start = line.find_first_not_of(" \t");
  return start == std::string_view::npos ? "" : line.substr(start);
}

/// What a line of a schema imports or a line of C++ includes; target empty if
/// it does neither.
inclusion inclusion_of(const std::string& file, std::string_view line) {
  if (file.ends_with(".capnp")) {
    const auto at = line.find("import ");
    if (at == std::string_view::npos) return {file, ""};
    return {file, between(line.substr(at + 7), '"', '"')};
  }
  line = trimmed(line);
  if (!line.starts_with('#')) return {file, ""};
  line = trimmed(line.substr(1));
  if (!line.starts_with("include")) return {file, ""};
  line = trimmed(line.substr(7));
  if (line.starts_with('"')) return {file, between(line, '"', '"'), true};
  return {file, between(line, '<', '>')};
}

std::vector<inclusion> inclusions(const std::string& file,
                                  const std::string& text) {
  std::vector<inclusion> out;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);)
    if (auto x = inclusion_of(file, line); !x.target.empty()) out.push_back(x);
  return out;
}

/// Where a comment or literal that starts at `at` ends; `at` if none does.
std::size_t skip(std::string_view text, std::size_t at) {
  const auto rest = text.substr(at);
  const auto after = [&](std::size_t end, std::size_t length) {
    return end == std::string_view::npos ? text.size() : at + end + length;
  };
  if (rest.starts_with("//")) return after(rest.find('\n'), 0);
  if (rest.starts_with("/*")) return after(rest.find("*/", 2), 2);
  if (rest.starts_with("R\"")) {
    const auto open = rest.find('(');
    if (open == std::string_view::npos) return text.size();
    const auto close =
        ")" + std::string{rest.substr(2, open - 2)} + std::string{"\""};
    return after(rest.find(close, open), close.size());
  }
  const bool separator =
      at > 0 && std::isalnum(static_cast<unsigned char>(text[at - 1]));
  if (rest[0] != '"' && (rest[0] != '\'' || separator)) return at;
  std::size_t end = 1;
  while (end < rest.size() && rest[end] != rest[0])
    end += rest[end] == '\\' ? 2 : 1;
  return std::min(text.size(), at + end + 1);
}

/// `text` with every comment and literal replaced by one space.
std::string code_of(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto next = skip(text, at);
    out += next == at ? text[at] : ' ';
    at = std::max(next, at + 1);
  }
  return out;
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

/// The words and numbers of a code, in order; 1'000.5 is one.
std::vector<std::string> words_of(std::string_view code) {
  std::vector<std::string> out(1);
  for (auto c : code) {
    const bool number =
        !out.back().empty()
        && std::isdigit(static_cast<unsigned char>(out.back()[0]));
    if (is_word(c) || (number && (c == '\'' || c == '.')))
      out.back() += c;
    else if (!out.back().empty())
      out.emplace_back();
  }
  return out;
}

bool is_fraction(std::string_view word) {
  if (word == "float" || word == "double") return true;
  return !word.empty() && std::isdigit(static_cast<unsigned char>(word[0]))
         && word.find('.') != std::string_view::npos;
}

bool is_clock(std::string_view word) {
  return word == "system_clock" || word == "localtime" || word == "setlocale";
}

/// The first word of `text` that `file` may not use, or an empty string.
std::string forbidden_word(const std::string& file, std::string_view text) {
  const bool integers = in_any(file, integers_only);
  const bool timeless =
      file.starts_with("core/") && !file.starts_with("core/disk/");
  for (const auto& word : words_of(code_of(text)))
    if ((integers && is_fraction(word)) || (timeless && is_clock(word)))
      return word;
  return {};
}

struct source {
  std::string file; ///< path from the root, with '/'
  std::string text;
};

std::vector<source> sources() {
  constexpr std::array extensions{".cpp", ".hpp", ".h", ".def", ".capnp"};
  const auto* root = std::getenv("SPACETIME_SOURCE_ROOT");
  REQUIRE(root != nullptr);
  std::vector<source> out;
  for (const auto* folder : {"core", "actors", "tools", "schemas"}) {
    for (const auto& entry :
         fs::recursive_directory_iterator{fs::path{root} / folder})
      if (entry.is_regular_file()
          && std::ranges::find(extensions, entry.path().extension())
                 != extensions.end())
        out.push_back({entry.path().lexically_relative(root).generic_string(),
                       read(entry.path())});
  }
  return out;
}
} // namespace

TEST_CASE("no file includes something of a floor above it") {
  std::size_t seen = 0;
  for (const auto& s : sources())
    for (const auto& x : inclusions(s.file, s.text)) {
      const auto why = refusal(x);
      CHECK_MESSAGE(why.empty(), x.file, " includes ", x.target, ": ", why);
      ++seen;
    }
  CHECK(seen > 20); // else this test has read nothing
}

TEST_CASE("consensus code has no fractions, and core no wall clock") {
  for (const auto& s : sources()) {
    const auto word = forbidden_word(s.file, s.text);
    CHECK_MESSAGE(word.empty(), s.file, " uses ", word);
  }
}

TEST_CASE("every climb of a made-up list is refused") {
  const inclusion climbs[] = {
      {"core/base/x.hpp", "core/crypto/hash.hpp", true},
      {"core/base/x.hpp", "botan/hash.h"},
      {"core/base/x.hpp", "sys/mman.h"},
      {"core/crypto/x.cpp", "core/tx/tx.hpp", true},
      {"core/tx/x.cpp", "botan/hash.h"},
      {"core/tx/x.cpp", "secp256k1_schnorrsig.h"},
      {"core/tx/x.cpp", "schemas/tx.capnp.h", true},
      {"core/tx/x.cpp", "tx.capnp.h"},
      {"core/state/x.hpp", "core/disk/store.hpp", true},
      {"core/state/x.cpp", "lmdb.h"},
      {"core/state/x.cpp", "fstream"},
      {"core/sim/x.cpp", "core/disk/store.hpp", true},
      {"core/consensus/x.cpp", "core/sim/chain_maker.hpp", true},
      {"core/consensus/x.cpp", "actors/wire.hpp", true},
      {"core/consensus/x.cpp", "gmp.h"},
      {"core/codec/x.cpp", "caf/fwd.hpp"},
      {"core/disk/x.cpp", "caf/all.hpp"},
      {"core/disk/x.cpp", "capnp/message.h"},
      {"core/farming/x.cpp", "tools/spacetime/up.hpp", true},
      {"core/space/x.cpp", "tables.hpp", true},
      {"actors/state/x.cpp", "lmdb.h"},
      {"actors/state/x.cpp", "botan/tls_server.h"},
      {"actors/state/x.cpp", "tools/spacetime/up.hpp", true},
      {"tools/spacetime/x.cpp", "kj/common.h"},
      {"schemas/tx.capnp", "core/tx/tx.hpp"},
  };
  for (const auto& x : climbs)
    CHECK_MESSAGE(!refusal(x).empty(), x.file, " may include ", x.target);
}

TEST_CASE("what a floor may use is not refused") {
  const inclusion fine[] = {
      {"core/base/x.hpp", "tl/expected.hpp"},
      {"core/base/x.hpp", "boost/multiprecision/cpp_int.hpp"},
      {"core/crypto/x.cpp", "botan/hash.h"},
      {"core/codec/x.cpp", "schemas/tx.capnp.h", true},
      {"core/disk/x.cpp", "lmdb.h"},
      {"core/space/x.cpp", "immintrin.h"},
      {"actors/state/x.cpp", "core/disk/store.hpp", true},
      {"tools/spacetime/x.cpp", "caf/actor_system.hpp"},
      {"schemas/block.capnp", "tx.capnp"},
  };
  for (const auto& x : fine) {
    const auto why = refusal(x);
    CHECK_MESSAGE(why.empty(), x.file, " includes ", x.target, ": ", why);
  }
}

TEST_CASE("includes and imports are found as they are written") {
  const auto found = inclusions("core/tx/x.cpp", "#include \"core/tx/tx.hpp\"\n"
                                                 "  #  include <vector>\n"
                                                 "// #include <caf/all.hpp>\n");
  REQUIRE(found.size() == 2);
  CHECK(found[0].target == "core/tx/tx.hpp");
  CHECK(found[0].quoted);
  CHECK(found[1].target == "vector");
  CHECK_FALSE(found[1].quoted);
  const auto imported =
      inclusions("schemas/x.capnp", "using T = import \"tx.capnp\";\n");
  REQUIRE(imported.size() == 1);
  CHECK(imported[0].target == "tx.capnp");
}

TEST_CASE("a fraction is found in code and nowhere else") {
  const auto word = [](std::string_view text) {
    return forbidden_word("core/state/x.cpp", text);
  };
  CHECK(word("double x;") == "double");
  CHECK(word("auto x = 1'000.5;") == "1'000.5");
  CHECK(word("a = '\"'; float b;") == "float");
  CHECK(word("auto x = R\"(a)\"; float b;") == "float");
  CHECK(word("// a double\n/* 0.5 */ auto x = \"float \\\" 1.5\";").empty());
  CHECK(word("auto x = R\"(tail = 0.5 \" )\"; auto y = 1'000;").empty());
  CHECK(forbidden_word("core/space/x.cpp", "double x;").empty());
  CHECK(forbidden_word("core/space/x.cpp", "system_clock::now()")
        == "system_clock");
}
