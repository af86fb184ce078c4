// One test for each key: set it in the file and in the environment, read it
// back, give it a value of another type or outside its range.

#include "tests/tools/config/config_fixture.hpp"

#include <algorithm>
#include <set>

using namespace spacetime;
using namespace spacetime::config;
using std::chrono::milliseconds;

namespace {
reader_of_texts& load() {
  static reader_of_texts reader;
  return reader;
}

/// A key as the second line of a file.
std::string line_of(const key_spec& key, const std::string& value) {
  const auto section = std::string{section_of(key)};
  return (section.empty() ? "\n" : "[" + section + "]\n")
         + std::string{leaf_of(key)} + " = " + value + "\n";
}

/// `toml` and `text`: the same legal value, other than the default, in a file
/// and in a variable. `is_set` reads it from the settings. `bad`: TOML values
/// that the key refuses.
template <class Test>
void test_key(const char* name, const std::string& toml,
              const std::string& text, Test is_set,
              std::vector<std::string> bad) {
  CAPTURE(name);
  const auto* const key = find_key(name);
  REQUIRE(key != nullptr);

  const auto plain = load_from({});
  REQUIRE(plain);
  CHECK_FALSE(is_set(plain->values()));
  CHECK(plain->source(name) == value_source::built_in);

  const auto file = load()(line_of(*key, toml));
  REQUIRE(file);
  CHECK(is_set(file->values()));
  CHECK(file->source(name) == value_source::file);

  const auto variable = load_from({.variables = {{variable_of(*key), text}}});
  REQUIRE(variable);
  CHECK(is_set(variable->values()));
  CHECK(variable->source(name) == value_source::environment);

  const auto flag = load_from({.flags = {{name, text}}});
  REQUIRE(flag);
  CHECK(is_set(flag->values()));
  CHECK(flag->source(name) == value_source::flag);
  CHECK(flag->values() == file->values());

  bad.insert(bad.end(), {"1979-05-27", "1.5"});
  for (const auto& value : bad) {
    CAPTURE(value);
    const auto read = load()(line_of(*key, value));
    REQUIRE_FALSE(read);
    CHECK(read.error().size() == 1);
    CHECK(read.error().front().line == 2);
    const auto message = load().lines(read.error());
    CHECK(message.starts_with("node.toml:2: `" + std::string{name}
                              + "`: expected "));
    CHECK(message.find(", got ") != message.npos);
  }
}

/// A placement.
template <class Member>
void test_actor(const char* name, Member member) {
  using where = placement::where;
  const placement far{where::remote, {"192.0.2.14", 9793}};
  test_key(name, "\"tls://192.0.2.14:9793\"", "tls://192.0.2.14:9793",
           [&](const settings& s) { return member(s.actors) == far; },
           {"true", "\"on\"", "\"192.0.2.14:9793\"", "[]", "{}"});
  test_key(name, "\"off\"", "off",
           [&](const settings& s) { return member(s.actors).at == where::off; },
           {});
}
} // namespace

TEST_CASE("config_version") {
  CHECK(load()("config_version = 1")->values().config_version == 1);
  CHECK(load()("")->values().config_version == 1);
  CHECK(load().problems("config_version = 0")
        == "node.toml:1: `config_version`: expected the number 1, got "
           "integer 0\n");
  CHECK(load().problems("config_version = '1'").starts_with("node.toml:1:"));
  CHECK(load()
            .problems("", {.variables = {{"SPACETIME_CONFIG_VERSION", "1"}}})
            .starts_with("environment: unknown variable "
                         "`SPACETIME_CONFIG_VERSION`"));
}

TEST_CASE("node.network") {
  test_key("node.network", "\"testnet\"", "testnet",
           [](const settings& s) { return s.node.network == "testnet"; },
           {"1", "\"\"", "\"Devnet\"", "\"a/b\"", "\"..\"", "\"-a\"", "\"a-\"",
            "\"" + std::string(33, 'a') + "\""});
}

TEST_CASE("log.level") {
  test_key("log.level", "\"trace\"", "trace",
           [](const settings& s) { return s.log.level == log_level::trace; },
           {"0", "\"warning\"", "\"\""});
}

TEST_CASE("log.format") {
  test_key("log.format", "\"json\"", "json",
           [](const settings& s) { return s.log.format == log_format::json; },
           {"true", "\"xml\""});
}

TEST_CASE("log.levels") {
  const log_levels two{{"sync", log_level::debug},
                       {"plot_scanner", log_level::off}};
  test_key("log.levels", "{ sync = \"debug\", plot_scanner = \"off\" }",
           "sync=debug,plot_scanner=off",
           [&](const settings& s) { return s.log.levels == two; },
           {"\"debug\"", "[\"sync\"]", "{ sync = 1 }", "{ sync = \"loud\" }"});
  CHECK(load()("[log.levels]\nsync = \"debug\"\nplot_scanner = \"off\"")
            ->values()
            .log.levels
        == two);
  CHECK(load().problems("[log.levels]\n\nsink = \"debug\"")
        == "node.toml:3: `log.levels`: unknown actor `sink`; nearest is "
           "`sync`\n");
}

TEST_CASE("log.directory") {
  test_key(
      "log.directory", "\"/var/log/spacetime\"", "/var/log/spacetime",
      [](const settings& s) { return s.log.directory == "/var/log/spacetime"; },
      {"\"\"", "[\"log\"]", "\"a\\u0000b\""});
}

TEST_CASE("log.rotate_size") {
  test_key(
      "log.rotate_size", "\"2MB\"", "2MB",
      [](const settings& s) { return s.log.rotate_size.value == 2'000'000; },
      {"2000000", "\"2\"", "\"999999B\"", "\"11GB\""});
}

TEST_CASE("log.rotate_count") {
  test_key("log.rotate_count", "3", "3",
           [](const settings& s) { return s.log.rotate_count == 3; },
           {"\"3\"", "0", "1001", "-1", "9223372036854775807"});
}

TEST_CASE("rpc.listen") {
  test_key("rpc.listen", "\"[::1]:9891\"", "[::1]:9891",
           [](const settings& s) {
             return s.rpc.listen == host_port{"::1", 9891};
           },
           {"9791", "\"127.0.0.1\"", "\"127.0.0.1:65536\"", "\"0.0.0.0:9791\"",
            "\"[::]:9791\"", "\"192.0.2.1:9791\"", "\"example.org:9791\""});
  CHECK(load()("rpc.listen = \"localhost:0\"")->values().rpc.listen
        == host_port{"localhost", 0});
}

TEST_CASE("storage.map_max") {
  test_key(
      "storage.map_max", "\"1GiB\"", "1GiB",
      [](const settings& s) { return s.storage.map_max.value == 1u << 30; },
      {"1", "\"15MB\"", "\"65TB\"", "\"1G\""});
}

TEST_CASE("storage.min_free") {
  test_key("storage.min_free", "\"5GB\"", "5GB",
           [](const settings& s) {
             return s.storage.min_free.value == 5'000'000'000;
           },
           {"0", "\"0B\"", "\"101TB\""});
}

TEST_CASE("mempool.max_bytes") {
  test_key(
      "mempool.max_bytes", "\"1MB\"", "1MB",
      [](const settings& s) { return s.mempool.max_bytes.value == 1'000'000; },
      {"64", "\"999kB\"", "\"65GB\"", "\"64 mb\""});
}

TEST_CASE("mempool.expiry") {
  test_key("mempool.expiry", "\"90s\"", "90s",
           [](const settings& s) {
             return s.mempool.expiry == milliseconds{90'000};
           },
           {"24", "\"9999ms\"", "\"366d\"", "\"24\"", "\"-1h\""});
}

TEST_CASE("timelord.mode") {
  test_key(
      "timelord.mode", "\"on\"", "on",
      [](const settings& s) { return s.timelord.mode == timelord_mode::on; },
      {"true", "\"yes\""});
  CHECK(load()("timelord.mode = \"off\"")->values().timelord.mode
        == timelord_mode::off);
}

TEST_CASE("farm.payee") {
  const std::string payee = "dst1q" + std::string(58, 'x');
  test_key("farm.payee", "\"" + payee + "\"", payee,
           [&](const settings& s) { return s.farm.payee == payee; },
           {"0", "\"dst1q\"", "\"" + payee + "x\"",
            "\"1" + payee.substr(4) + "\"",
            "\"dst1b" + std::string(58, 'x') + "\"",
            "\"DST1Q" + std::string(58, 'X') + "\""});
}

TEST_CASE("farm.plot_dirs") {
  test_key("farm.plot_dirs", "[\"/mnt/b1\", \"/mnt/b2\"]", "/mnt/b1,/mnt/b2",
           [](const settings& s) {
             return s.farm.plot_dirs
                    == std::vector<std::filesystem::path>{"/mnt/b1", "/mnt/b2"};
           },
           {"\"plots\"", "[\"\"]", "{}"});
  CHECK(load()("farm.plot_dirs = []")->values().farm.plot_dirs.empty());
  CHECK(load().problems("[farm]\nplot_dirs = [\n  \"a\",\n  5,\n]")
        == "node.toml:4: `farm.plot_dirs`: expected a path, got integer 5\n");
}

TEST_CASE("farm.threads") {
  test_key("farm.threads", "2", "2",
           [](const settings& s) { return s.farm.threads == 2; },
           {"\"2\"", "-1", "1025"});
}

TEST_CASE("validator.workers") {
  test_key("validator.workers", "1024", "1024",
           [](const settings& s) { return s.validator.workers == 1024; },
           {"\"all\"", "-1", "1025"});
}

TEST_CASE("storage.tx_index") {
  test_key("storage.tx_index", "false", "false",
           [](const settings& s) { return !s.storage.tx_index; },
           {"\"false\"", "0"});
}

TEST_CASE("storage.history_index") {
  test_key("storage.history_index", "true", "true",
           [](const settings& s) { return s.storage.history_index; },
           {"\"true\"", "1"});
}

TEST_CASE("storage.prune") {
  test_key("storage.prune", "\"5000 blocks\"", "5000 blocks",
           [](const settings& s) { return s.storage.prune == "5000 blocks"; },
           {"true", "5000", "\"5000\"", "\"-1 blocks\"", "\"all\""});
}

#define SPACETIME_ACTOR_TEST(actor)                                            \
  TEST_CASE("actors." #actor) {                                                \
    test_actor("actors." #actor,                                               \
               [](const actor_settings& a) { return a.actor; });               \
  }
SPACETIME_ACTOR_TEST(storage)
SPACETIME_ACTOR_TEST(state)
SPACETIME_ACTOR_TEST(mempool)
SPACETIME_ACTOR_TEST(validator)
SPACETIME_ACTOR_TEST(peer_manager)
SPACETIME_ACTOR_TEST(sync)
SPACETIME_ACTOR_TEST(timelord)
SPACETIME_ACTOR_TEST(farmer)
SPACETIME_ACTOR_TEST(plot_scanner)
SPACETIME_ACTOR_TEST(inspector)
SPACETIME_ACTOR_TEST(rpc)
#undef SPACETIME_ACTOR_TEST

TEST_CASE("[actors] has a key for every actor and for nothing else") {
  std::set<std::string_view> placed;
  for (const auto& key : keys())
    if (section_of(key) == "actors") placed.insert(leaf_of(key));
  const auto all = actor_names();
  CHECK(placed == std::set<std::string_view>(all.begin(), all.end()));
}

TEST_CASE("no key is without a test here") {
  const auto* const source = std::getenv("SPACETIME_SOURCE_ROOT");
  REQUIRE(source != nullptr);
  const auto text = read_file(std::filesystem::path{source}
                              / "tests/tools/config/keys_test.cpp");
  for (const auto& key : keys()) {
    const auto name = std::string{key.name};
    const auto leaf = std::string{leaf_of(key)};
    const bool found =
        text.find("TEST_CASE(\"" + name + "\")") != text.npos
        || (section_of(key) == "actors"
            && text.find("SPACETIME_ACTOR_TEST(" + leaf + ")") != text.npos);
    CHECK_MESSAGE(found, name);
  }
}

TEST_CASE("names are legal, unique and in sections that exist") {
  std::set<std::string> variables;
  std::set<std::string> flags;
  for (const auto& key : keys()) {
    CAPTURE(key.name);
    CHECK(find_key(key.name) == &key);
    CHECK(variables.insert(variable_of(key)).second);
    CHECK(flags.insert(flag_of(key)).second);
    CHECK(std::ranges::count(leaf_of(key), '.') == 0);
    CHECK(leaf_of(key).find("__") == leaf_of(key).npos);
    CHECK(
        (section_of(key).empty()
         || std::ranges::count(sections(), section_of(key), &section_spec::name)
                == 1));
    CHECK(key.doc.ends_with('.'));
  }
  CHECK(variable_of(*find_key("rpc.listen")) == "SPACETIME_RPC__LISTEN");
  CHECK(variable_of(*find_key("actors.peer_manager"))
        == "SPACETIME_ACTORS__PEER_MANAGER");
  CHECK(flag_of(*find_key("mempool.max_bytes")) == "--mempool-max-bytes");
}
