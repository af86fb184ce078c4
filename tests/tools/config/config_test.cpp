#include "tests/tools/config/config_fixture.hpp"

using namespace spacetime;
using namespace spacetime::config;

namespace {
/// `text` with every "#key = value" line made effective.
std::string uncommented(const std::string& text) {
  std::istringstream in{text};
  std::string out;
  for (std::string line; std::getline(in, line);) {
    if (line.size() > 1 && line[0] == '#' && line[1] != ' ') line.erase(0, 1);
    out += line + "\n";
  }
  return out;
}

settings defaults() {
  return load_from({})->values();
}
} // namespace

TEST_CASE_FIXTURE(reader_of_texts, "built-in defaults are what is documented") {
  const auto s = defaults();
  CHECK(s.config_version == 1);
  CHECK(s.node.network == "devnet");
  CHECK(s.log.level == log_level::info);
  CHECK(s.log.format == log_format::text);
  CHECK(s.log.levels.empty());
  CHECK(s.log.directory == "log");
  CHECK(s.log.rotate_size.value == 50'000'000);
  CHECK(s.log.rotate_count == 7);
  CHECK(s.rpc.listen == host_port{"127.0.0.1", 9791});
  CHECK(s.storage.map_max.value == 1'000'000'000'000);
  CHECK(s.storage.min_free.value == 1'000'000'000);
  CHECK(s.mempool.max_bytes.value == 64'000'000);
  CHECK(s.mempool.expiry == std::chrono::hours{24});
  CHECK(s.timelord.mode == timelord_mode::automatic);
  CHECK(s.farm.payee.empty());
  CHECK(s.farm.plot_dirs == std::vector<std::filesystem::path>{"plots"});
  CHECK(s.farm.threads == 0);
  CHECK(s.validator.workers == 0);
  CHECK(s.actors == actor_settings{});
}

TEST_CASE_FIXTURE(reader_of_texts, "the written node.toml changes nothing") {
  const auto text = render_default();
  const auto read = (*this)(text);
  REQUIRE(read);
  CHECK(read->values() == defaults());
  for (const auto& key : keys())
    CHECK((read->source(key.name) == value_source::file) == key.file_only);
}

TEST_CASE_FIXTURE(reader_of_texts,
                  "the written node.toml parses with every key effective") {
  const auto text = uncommented(render_default());
  const auto read = (*this)(text);
  REQUIRE(read);
  CHECK(read->values() == defaults());
  for (const auto& key : keys()) {
    CAPTURE(key.name);
    CHECK(read->source(key.name) == value_source::file);
    // Each key stands alone as well, under the header that it has there.
    CHECK(render_default().find((key.file_only ? "\n" : "\n#")
                                + std::string{leaf_of(key)} + " = "
                                + default_of(key) + "\n")
          != std::string::npos);
  }
}

TEST_CASE("the written node.toml fits a terminal") {
  std::istringstream in{render_default()};
  for (std::string line; std::getline(in, line);) CHECK(line.size() <= 80);
}

TEST_CASE_FIXTURE(reader_of_texts,
                  "flag before environment before file before network") {
  load_options o{
      .network_defaults = {{"devnet", {{"mempool.max_bytes", "5MB"}}},
                           {"testnet", {{"mempool.max_bytes", "6MB"}}}}};
  const auto bytes = [](const loaded& c) {
    REQUIRE(c);
    return c->values().mempool.max_bytes.value / 1'000'000;
  };
  const std::string file = "[mempool]\nmax_bytes = \"4MB\"\n";
  CHECK(bytes(load_from({})) == 64);
  CHECK(bytes((*this)("", o)) == 5);
  CHECK(bytes((*this)("node.network = \"testnet\"", o)) == 6);
  CHECK(bytes((*this)("node.network = \"mainnet\"", o)) == 64);
  CHECK(bytes((*this)(file, o)) == 4);
  o.variables["SPACETIME_MEMPOOL__MAX_BYTES"] = "3MB";
  CHECK(bytes((*this)(file, o)) == 3);
  o.flags["mempool.max_bytes"] = "2MB";
  const auto all = (*this)(file, o);
  CHECK(bytes(all) == 2);
  CHECK(all->source("mempool.max_bytes") == value_source::flag);
  CHECK(all->source("mempool.expiry") == value_source::built_in);
  CHECK_FALSE(all->source("mempool.nonsense"));
  o.flags.clear();
  o.variables.clear();
  CHECK((*this)("", o)->source("mempool.max_bytes") == value_source::network);
}

TEST_CASE_FIXTURE(reader_of_texts,
                  "the network of the directory binds all sources") {
  const auto devnet = (*this)("", {.network = "testnet"});
  REQUIRE(devnet);
  CHECK(devnet->values().node.network == "testnet");
  CHECK((*this)("node.network = 'testnet'", {.network = "testnet"}));
  CHECK(problems("[node]\nnetwork = 'devnet'", {.network = "testnet"})
        == "node.toml:2: `node.network`: expected \"testnet\", the network of "
           "this data directory, got \"devnet\"\n");
  CHECK(problems("", {.variables = {{"SPACETIME_NODE__NETWORK", "devnet"}},
                      .network = "testnet"})
        == "environment: `node.network`: expected \"testnet\", the network of "
           "this data directory, got \"devnet\"\n");
  CHECK(problems("", {.network = "../x"})
            .starts_with("command line: `--network`: expected a name"));
}

TEST_CASE_FIXTURE(reader_of_texts, "an unknown key names line and neighbour") {
  CHECK(problems("\n[rpc]\n# comment\nlisen = \"127.0.0.1:1\"\n")
        == "node.toml:4: unknown key `rpc.lisen`; nearest is `rpc.listen`\n");
  CHECK(problems("mempool.max_byte = '1MB'")
        == "node.toml:1: unknown key `mempool.max_byte`; nearest is "
           "`mempool.max_bytes`\n");
  // The right name in the wrong section, or in none.
  CHECK(problems("listen = 'x'")
        == "node.toml:1: unknown key `listen`; nearest is `rpc.listen`\n");
  CHECK(problems("[storage]\nplot_dirs = []")
        == "node.toml:2: unknown key `storage.plot_dirs`; nearest is "
           "`farm.plot_dirs`\n");
  CHECK(problems("[rpc.listen]\n")
            .starts_with(
                "node.toml:1: `rpc.listen`: expected a loopback address"));
  CHECK(problems("\"rpc.listen\" = 'x'")
        == "node.toml:1: unknown key `\\\"rpc.listen\\\"`; nearest is "
           "`rpc.listen`\n");
}

TEST_CASE_FIXTURE(reader_of_texts, "an unknown section is one problem") {
  CHECK(problems("[rcp]\nlisten = 1\nother = 2")
        == "node.toml:1: unknown section `rcp`; nearest is `rpc`\n");
  CHECK(problems("[minpool]\n")
        == "node.toml:1: unknown section `minpool`; nearest is `mempool`\n");
  CHECK(problems("rpc = 5")
        == "node.toml:1: `rpc` is a section: write [rpc] and its keys below\n");
  CHECK(problems("[[rpc]]\n")
        == "node.toml:1: `rpc` is a section: write [rpc] and its keys below\n");
}

TEST_CASE("an unknown SPACETIME_ variable is refused, others are not ours") {
  const auto tried = [](const char* name) {
    const auto c = load_from({.variables = {{name, "1"}}});
    return c ? std::string{} : to_string(c.error().front());
  };
  CHECK(tried("SPACETIME_RPC__LISEN")
        == "environment: unknown variable `SPACETIME_RPC__LISEN`; nearest is "
           "`SPACETIME_RPC__LISTEN`");
  CHECK(tried("SPACETIME_RPC_LISTEN")
            .ends_with("nearest is `SPACETIME_RPC__LISTEN`"));
  CHECK(tried("SPACETIME_HOM").ends_with("nearest is `SPACETIME_HOME`"));
  CHECK(tried("SPACETIME_").starts_with("environment: unknown variable"));
  for (const auto* known :
       {"SPACETIME_HOME", "SPACETIME_NETWORK", "SPACETIME_VECTORS",
        "SPACETIME_SOURCE_ROOT", "SPACETIME_TEST_VECTORS",
        "SPACETIME_TEST_ANYTHING", "PATH", "SPACETIMES", "XSPACETIME_RPC"})
    CHECK_MESSAGE(tried(known).empty(), known);
}

TEST_CASE("wrong values of variables and flags name themselves") {
  const auto variable =
      load_from({.variables = {{"SPACETIME_FARM__THREADS", "many"}}});
  REQUIRE_FALSE(variable);
  CHECK(to_string(variable.error().front())
        == "environment: `SPACETIME_FARM__THREADS`: expected a whole number "
           "from 0 to 1024, got \"many\"");
  const auto flag = load_from({.flags = {{"farm.threads", "1025"}}});
  REQUIRE_FALSE(flag);
  CHECK(to_string(flag.error().front())
        == "command line: `--farm-threads`: expected a whole number from 0 to "
           "1024, got integer 1025");
  const auto unknown = load_from({.flags = {{"farm.thread", "1"}}});
  REQUIRE_FALSE(unknown);
  CHECK(to_string(unknown.error().front())
        == "command line: unknown key `farm.thread`; nearest is "
           "`farm.threads`");
}

TEST_CASE_FIXTURE(reader_of_texts,
                  "a wrong value is refused even where another overrides it") {
  CHECK(problems("farm.threads = 'x'", {.flags = {{"farm.threads", "2"}}})
            .starts_with("node.toml:1: `farm.threads`"));
}

TEST_CASE_FIXTURE(reader_of_texts, "all problems are told, by line") {
  CHECK(
      problems("[validator]\nworkers = 'x'\n[rcp]\n[farm]\ntreads = 1\n",
               {.variables = {{"SPACETIME_X", ""}}, .flags = {{"thread", ""}}})
      == "node.toml:2: `validator.workers`: expected a whole number from 0 "
         "to 1024, got \"x\"\n"
         "node.toml:3: unknown section `rcp`; nearest is `rpc`\n"
         "node.toml:5: unknown key `farm.treads`; nearest is "
         "`farm.threads`\n"
         "environment: unknown variable `SPACETIME_X`; nearest is "
         "`SPACETIME_HOME`\n"
         "command line: unknown key `thread`; nearest is "
         "`farm.threads`\n");
}

TEST_CASE_FIXTURE(reader_of_texts, "not more than 20 problems are told") {
  std::string text = "[farm]\n";
  for (int i = 0; i < 30; ++i) text += "x" + std::to_string(i) + " = 1\n";
  const auto read = (*this)(text);
  REQUIRE_FALSE(read);
  CHECK(read.error().size() == 20);
  CHECK(read.error().front().line == 2);
  CHECK(read.error().back().line == 21);
}

TEST_CASE_FIXTURE(reader_of_texts, "broken TOML names line and column") {
  const auto text = problems("[rpc]\nlisten = \n");
  CHECK(text.starts_with("node.toml:2:10: "));
  CHECK(problems("[rpc]\nlisten = 'a'\nlisten = 'b'\n")
            .starts_with("node.toml:3:"));
  CHECK(problems("[rpc").starts_with("node.toml:1:"));
  CHECK(problems("a = \"\xff\"").starts_with("node.toml:1:"));
}

TEST_CASE_FIXTURE(reader_of_texts, "letters beyond ASCII are fine in strings") {
  const auto read = (*this)("# für alle\nfarm.plot_dirs = [\"/mnt/größe\", "
                            "'/диск', \"\\u00e9\"] # \u00a1\n");
  REQUIRE(read);
  CHECK(read->values().farm.plot_dirs
        == std::vector<std::filesystem::path>{"/mnt/größe", "/диск", "é"});
  CHECK(problems("größe = 1").starts_with("node.toml:1:"));
  CHECK(problems("\"größe\" = 1")
            .starts_with("node.toml:1: unknown key `\\\"größe\\\"`"));
}

TEST_CASE_FIXTURE(reader_of_texts,
                  "a newer file is refused for its version alone") {
  CHECK(problems("config_version = 2\n[unknown]\n",
                 {.variables = {{"SPACETIME_NEWER__KEY", "1"}}})
        == "node.toml:1: config_version 2 is newer than 1, the newest that "
           "this program knows\n");
}

TEST_CASE_FIXTURE(reader_of_texts, "a missing file is fine unless asked for") {
  const auto none = directory() / "none.toml";
  CHECK(load_from({.file = none}));
  const auto required = load_from({.file = none, .file_required = true});
  REQUIRE_FALSE(required);
  CHECK(lines(required.error()) == "none.toml: there is no such file\n");
  CHECK_FALSE(load_from({.file = directory()}));
  const auto file = directory() / "node.toml";
  write_file(file, std::string(65'537, '#'));
  CHECK(lines(load_from({.file = file}).error())
        == "node.toml: is larger than 64 KiB\n");
  write_file(file, "[farm]\nthreads = 3\n");
  CHECK(load_from({.file = file})->values().farm.threads == 3);
}

TEST_CASE_FIXTURE(reader_of_texts, "explain says value, sources and meaning") {
  const auto plain = load_from({})->explain("rpc.listen");
  REQUIRE(plain);
  CHECK(plain->starts_with("rpc.listen = \"127.0.0.1:9791\"   (built-in "
                           "default; file: not set; env: not set)\n"
                           "  JSON-RPC, /metrics, /healthz and explorer."));
  CHECK(plain->find("Variable SPACETIME_RPC__LISTEN, flag --rpc-listen.")
        != plain->npos);

  const auto set = (*this)("\n[farm]\nthreads = 3\n",
                           {.variables = {{"SPACETIME_FARM__THREADS", "4"}}})
                       ->explain("farm.threads");
  REQUIRE(set);
  CHECK(set->starts_with("farm.threads = 4   (environment; file: 3 at "
                         + (directory() / "node.toml").string()
                         + ":3; env: 4)\n"));
  CHECK(set->find("Expects a whole number from 0 to 1024; default 0.")
        != set->npos);

  const auto network =
      load_from({.network_defaults = {{"devnet", {{"farm.threads", "1"}}}}});
  CHECK(network->explain("farm.threads")
            ->starts_with("farm.threads = 1   (default of devnet;"));

  const auto wrong = load_from({})->explain("rpc.lisen");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error()
        == error{errc::not_found,
                 "unknown key `rpc.lisen`; nearest is `rpc.listen`"});
}

TEST_CASE_FIXTURE(reader_of_texts, "what is shown reads back as the same") {
  const auto read = (*this)("log.levels = { sync = 'debug' }\n"
                            "farm.plot_dirs = ['a b', '/c\\d']\n",
                            {.flags = {{"rpc.listen", "[::1]:0"}}});
  REQUIRE(read);
  const auto again = (*this)(read->render());
  REQUIRE(again);
  CHECK(again->values() == read->values());
  CHECK(read->render().find("listen = \"[::1]:0\" # command line\n")
        != std::string::npos);
}

TEST_CASE_FIXTURE(reader_of_texts, "a file that exists is never overwritten") {
  const auto file = directory() / "new.toml";
  REQUIRE(write_default(file));
  CHECK(read_file(file) == render_default());
  write_file(file, "mine");
  const auto again = write_default(file);
  REQUIRE_FALSE(again);
  CHECK(again.error() == errc::duplicate);
  CHECK(again.error().detail
        == file.string() + " exists; it is never overwritten");
  CHECK(read_file(file) == "mine");
  // Nor is a link followed, and nothing is left behind.
  const auto link = directory() / "link.toml";
  std::filesystem::create_symlink(directory() / "nowhere", link);
  CHECK_FALSE(write_default(link));
  CHECK_FALSE(std::filesystem::exists(directory() / "nowhere"));
  CHECK(write_default(directory() / "no" / "node.toml").error()
        == errc::io_error);
  CHECK(std::distance(std::filesystem::directory_iterator{directory()}, {})
        == 2);
}
