// Damaged files: whatever stands in node.toml, the program says what is wrong
// or takes a legal value, and it never crashes.

#include "tests/tools/config/config_fixture.hpp"

#include <random>

using namespace spacetime;
using namespace spacetime::config;

namespace {
/// A node.toml that sets every key to another value than the default.
constexpr std::string_view full = R"(# all keys
config_version = 1

[node]
network = "testnet"

[log]
level = "warn"
format = "json"
levels = { sync = "debug", rpc = "off" }
directory = "/var/log/spacetime"
rotate_size = "10MB"
rotate_count = 3

[rpc]
listen = "127.0.0.2:9891"

[storage]
map_max = "64GiB"
min_free = "5GB"
tx_index = false
history_index = true
prune = "5000 blocks"

[mempool]
max_bytes = "32MB"
expiry = "2h"

[timelord]
mode = "on"

[farm]
payee = "tst1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0sxxxxxxy"
plot_dirs = ["plots", '/mnt/b1']
threads = 4

[validator]
workers = 2

[actors]
storage = "local"
state = "local"
mempool = "off"
validator = "tls://192.0.2.10:9793"
peer_manager = "tls://[2001:db8::1]:9793"
sync = "off"
timelord = "tls://fast.example.org:9793"
farmer = "off"
plot_scanner = "off"
inspector = "off"
rpc = "off"
)";

/// Loads `text` and tests what must hold for any.
void try_text(reader_of_texts& load, const std::string& text,
              const settings& whole, unsigned& refused, unsigned& other) {
  const auto read = load(text);
  if (!read) {
    ++refused;
    const auto last =
        static_cast<unsigned>(std::count(text.begin(), text.end(), '\n')) + 1;
    for (const auto& p : read.error())
      if (p.line < 1 || p.line > last)
        FAIL_CHECK(load.lines(read.error()) << "\n" << text);
    return;
  }
  if (read->values() == whole) return;
  // Another value, but a legal one: what was understood reads back.
  ++other;
  const auto again = load(read->render());
  if (!again || again->values() != read->values())
    FAIL_CHECK(text << "\nshown as\n" << read->render());
}
} // namespace

TEST_CASE_FIXTURE(reader_of_texts, "no deleted character crashes the parser") {
  const auto whole = (*this)(full);
  REQUIRE_MESSAGE(whole, lines(whole.error()));
  for (const auto& key : keys())
    CHECK(whole->source(key.name) == value_source::file);
  unsigned refused = 0;
  unsigned other = 0;
  for (std::size_t i = 0; i < full.size(); ++i) {
    std::string text{full};
    text.erase(i, 1);
    try_text(*this, text, whole->values(), refused, other);
  }
  CHECK(refused > full.size() / 4);
  CHECK(other > 0);
}

TEST_CASE_FIXTURE(reader_of_texts, "no truncation crashes the parser") {
  const auto whole = (*this)(full);
  unsigned refused = 0;
  unsigned other = 0;
  for (std::size_t n = 0; n < full.size(); ++n)
    try_text(*this, std::string{full.substr(0, n)}, whole->values(), refused,
             other);
  CHECK(refused > 0);
}

TEST_CASE_FIXTURE(reader_of_texts, "20,000 mutations do not crash the parser") {
  const auto whole = (*this)(full);
  std::mt19937 random{20'260'102};
  const auto below = [&](std::size_t n) { return random() % n; };
  constexpr std::string_view telling = "[]{}\"'#=.,\n\r\t\\0-+_eE:uxU";
  unsigned refused = 0;
  unsigned other = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text{full};
    for (auto n = 1 + below(4); n > 0; --n) {
      const auto at = below(text.size());
      const auto byte = static_cast<char>(
          below(2) == 0
              ? static_cast<unsigned char>(telling[below(telling.size())])
              : random() & 0xff);
      switch (below(4)) {
      case 0: text[at] = byte; break;
      case 1: text.insert(at, 1, byte); break;
      case 2: text.erase(at, 1 + below(8)); break;
      default: text.insert(at, text.substr(below(text.size()), below(40)));
      }
    }
    try_text(*this, text, whole->values(), refused, other);
  }
  CHECK(refused > 10'000);
  CHECK(other > 100);
}

TEST_CASE_FIXTURE(reader_of_texts, "nesting that leads nowhere is refused") {
  std::string dotted = "a";
  for (int i = 0; i < 5'000; ++i) dotted += ".a";
  for (const auto& text :
       {dotted + " = 1", "[" + dotted + "]", "a = " + std::string(30'000, '['),
        std::string{"[[[a]]]"}, std::string{"[[="},
        "log.levels = { sync." + dotted + " = 1 }",
        "farm.plot_dirs = " + std::string(200, '[') + std::string(200, ']')}) {
    const auto read = (*this)(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().front().line == 1);
    CHECK(read.error().front().text.size() < 400);
  }
}

TEST_CASE("no text of a variable crashes its parser") {
  std::mt19937 random{1};
  constexpr std::string_view bytes = "[]{}\"'#=.,\n\\0195-+:/tlsMBhaoffsync ";
  for (int round = 0; round < 200; ++round) {
    for (const auto& key : keys()) {
      if (key.file_only) continue;
      std::string text;
      for (auto n = random() % 12; n > 0; --n)
        text += bytes[random() % bytes.size()];
      const auto read = load_from({.variables = {{variable_of(key), text}}});
      if (read) continue;
      CHECK(read.error().size() == 1);
      CHECK(read.error().front().where == "environment");
      CHECK(read.error().front().line == 0);
    }
  }
}
