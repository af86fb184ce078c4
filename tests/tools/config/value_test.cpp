#include "tools/spacetime/config/names.hpp"
#include "tools/spacetime/config/toml_text.hpp"
#include "tools/spacetime/config/value.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::config;
using std::chrono::milliseconds;

namespace {
constexpr rule any{0, std::numeric_limits<std::uint64_t>::max()};

/// The value of `text` written as a TOML value.
raw toml(const std::string& text) {
  auto read = read_toml("x = " + text);
  REQUIRE(read);
  return read->front();
}

template <class T>
std::optional<T> value_of(const raw& in, rule r = any) {
  T out{};
  if (assign(&out, r, in)) return std::nullopt;
  return out;
}

template <class T>
std::string refusal(const raw& in, rule r = any) {
  T out{};
  const auto bad = assign(&out, r, in);
  REQUIRE(bad);
  return bad->text;
}

std::optional<milliseconds> time_of(std::string text) {
  return value_of<milliseconds>({std::move(text)});
}

std::optional<std::uint64_t> size_of(std::string text) {
  const auto size = value_of<byte_size>({std::move(text)});
  return size ? std::optional{size->value} : std::nullopt;
}

std::optional<host_port> address_of(std::string text) {
  return value_of<host_port>({std::move(text)}, {0, 65535});
}
} // namespace

TEST_CASE("a duration is a whole number with a unit of time") {
  CHECK(time_of("250ms") == milliseconds{250});
  CHECK(time_of("5s") == milliseconds{5'000});
  CHECK(time_of("5 s") == milliseconds{5'000});
  CHECK(time_of("3m") == milliseconds{180'000});
  CHECK(time_of("2h") == milliseconds{7'200'000});
  CHECK(time_of("7d") == milliseconds{604'800'000});
  for (const auto* bad :
       {"", "5", "s", "-5s", "+5s", "1.5s", "5  s", "5S", "5sec", " 5s", "5s ",
        "0x5s", "5s5s", "99999999999999999999s", "9999999999999999999h"})
    CHECK_MESSAGE(!time_of(bad), bad);
}

TEST_CASE("a size is a whole number with a decimal or a binary unit") {
  CHECK(size_of("0B") == 0);
  CHECK(size_of("7kB") == 7'000);
  CHECK(size_of("64MB") == 64'000'000);
  CHECK(size_of("64 MB") == 64'000'000);
  CHECK(size_of("3GB") == 3'000'000'000);
  CHECK(size_of("2TB") == 2'000'000'000'000);
  CHECK(size_of("1KiB") == 1'024);
  CHECK(size_of("1MiB") == 1'048'576);
  CHECK(size_of("1GiB") == 1'073'741'824);
  CHECK(size_of("1TiB") == 1'099'511'627'776);
  CHECK(size_of("18446744073709551615B") == ~std::uint64_t{0});
  for (const auto* bad : {"18446744073709551616B", "18446745TB", "64", "64mb",
                          "64M", "1.5GB", "-1B", "MB", "64MB,"})
    CHECK_MESSAGE(!size_of(bad), bad);
}

TEST_CASE("sizes and durations are written with the fewest digits, exactly") {
  const auto shown = [](auto x) { return render(&x); };
  CHECK(shown(byte_size{64'000'000}) == "\"64MB\"");
  CHECK(shown(byte_size{1u << 30}) == "\"1GiB\"");
  CHECK(shown(byte_size{1'000}) == "\"1kB\"");
  CHECK(shown(byte_size{1'025}) == "\"1025B\"");
  CHECK(shown(byte_size{0}) == "\"0B\"");
  CHECK(shown(milliseconds{0}) == "\"0ms\"");
  CHECK(shown(milliseconds{86'400'000}) == "\"24h\"");
  CHECK(shown(milliseconds{5'400'000}) == "\"90m\"");
  CHECK(shown(milliseconds{90'000}) == "\"90s\"");
  CHECK(shown(milliseconds{1'001}) == "\"1001ms\"");
}

TEST_CASE("an address is an IPv4 address, a bracketed IPv6 one or a name") {
  CHECK(address_of("127.0.0.1:9791") == host_port{"127.0.0.1", 9791});
  CHECK(address_of("[::1]:0") == host_port{"::1", 0});
  CHECK(address_of("node-1.example.org:65535")
        == host_port{"node-1.example.org", 65535});
  for (const auto* bad :
       {"", "127.0.0.1", "127.0.0.1:", ":9791", "127.0.0.1:65536",
        "127.0.0.1:-1", "127.0.0.1:9791x", "127.0.0.256:1", "127.1:1",
        "::1:9791", "[::1]", "[::g]:1", "[127.0.0.1]:1", "-a.b:1", "a..b:1",
        "a.:1", "a b:1", "a_b:1", "127.0.0.1 :1"})
    CHECK_MESSAGE(!address_of(bad), bad);
}

TEST_CASE("only the machine's own addresses are loopback") {
  for (const auto* host : {"127.0.0.1", "127.200.3.4", "::1", "localhost"})
    CHECK(is_loopback({host, 1}));
  for (const auto* host : {"0.0.0.0", "::", "192.0.2.1", "127.example.org"})
    CHECK_FALSE(is_loopback({host, 1}));
}

TEST_CASE("a placement is local, off, or an address behind tls://") {
  using where = placement::where;
  CHECK(value_of<placement>({"local"}) == placement{where::local});
  CHECK(value_of<placement>({"off"}) == placement{where::off});
  CHECK(value_of<placement>({"tls://nas1:9793"})
        == placement{where::remote, {"nas1", 9793}});
  for (const auto* bad : {"", "on", "Local", "nas1:9793", "tcp://nas1:9793",
                          "tls://nas1", "tls://nas1:0", "tls://:9793"})
    CHECK_MESSAGE(!value_of<placement>({bad}), bad);
}

TEST_CASE("a value of another type is refused, and both are named") {
  CHECK(refusal<bool>(toml("1")) == "expected true or false, got integer 1");
  CHECK(refusal<std::uint32_t>(toml("true"), {1, 9})
        == "expected a whole number from 1 to 9, got true");
  CHECK(refusal<std::uint32_t>(toml("10"), {1, 9})
        == "expected a whole number from 1 to 9, got integer 10");
  CHECK(refusal<std::uint32_t>(toml("-1"), any).ends_with("got integer -1"));
  CHECK(refusal<std::string>(toml("1.5")) == "expected a string, got a float");
  CHECK(refusal<std::string>(toml("2026-01-02")).ends_with("got a date"));
  CHECK(refusal<log_format>(toml("\"xml\""))
        == R"(expected "text" or "json", got "xml")");
  CHECK(refusal<std::vector<std::string>>(toml("[\"a\", 5]"))
        == "expected a string, got integer 5");
  CHECK(refusal<std::vector<std::filesystem::path>>(toml("{ a = 1 }"))
        == "expected a list of paths, got a table");
  CHECK(refusal<milliseconds>(toml("\"11s\""), {1, 10'000})
            .starts_with("expected a duration from \"1ms\" to \"10s\""));
  CHECK(refusal<byte_size>(toml("[]"), {1'000, 2'000})
            .starts_with("expected a size from \"1kB\" to \"2kB\""));
}

TEST_CASE("a refused value leaves the old one untouched") {
  std::vector<std::string> list{"old"};
  CHECK(assign(&list, any, toml("[\"new\", 5]")));
  CHECK(list == std::vector<std::string>{"old"});
  log_levels levels{{"sync", log_level::debug}};
  CHECK(assign(&levels, any, toml("{ rpc = \"info\", sync = 1 }")));
  CHECK(levels == log_levels{{"sync", log_level::debug}});
}

TEST_CASE("text with control bytes is no string and no path") {
  for (const auto* bad : {"\"a\\u0000b\"", "\"a\\nb\"", "\"\\u007f\""}) {
    CHECK_FALSE(value_of<std::string>(toml(bad)));
    CHECK_FALSE(value_of<std::filesystem::path>(toml(bad)));
  }
  CHECK_FALSE(value_of<std::filesystem::path>({""}));
  CHECK_FALSE(value_of<std::string>({std::string(4097, 'a')}));
}

TEST_CASE("a level for something that is no actor names the nearest actor") {
  CHECK(refusal<log_levels>(toml("{ validater = \"debug\" }"))
        == "unknown actor `validater`; nearest is `validator`");
}

TEST_CASE("variables need no quotes, and commas separate their lists") {
  bool flag = false;
  CHECK_FALSE(assign(&flag, any, from_text(&flag, "true")));
  CHECK(flag);
  CHECK(assign(&flag, any, from_text(&flag, "yes")));

  std::vector<std::string> list;
  CHECK_FALSE(assign(&list, any, from_text(&list, "a, b c ,d")));
  CHECK(list == std::vector<std::string>{"a", "b c", "d"});
  CHECK_FALSE(assign(&list, any, from_text(&list, "['a,b', \"c\"]")));
  CHECK(list == std::vector<std::string>{"a,b", "c"});
  CHECK_FALSE(assign(&list, any, from_text(&list, "")));
  CHECK(list.empty());
  CHECK(assign(&list, any, from_text(&list, "['a'")));
  CHECK(assign(&list, any, from_text(&list, "['a']\ny = 1")));

  log_levels levels;
  const log_levels two{{"rpc", log_level::off}, {"sync", log_level::trace}};
  CHECK_FALSE(
      assign(&levels, any, from_text(&levels, "sync=trace, rpc = off")));
  CHECK(levels == two);
  CHECK_FALSE(assign(&levels, any,
                     from_text(&levels, "{ sync = 'trace', rpc = 'off' }")));
  CHECK(levels == two);
  CHECK(assign(&levels, any, from_text(&levels, "sync")));
}

TEST_CASE("what is written reads back as the same value") {
  const auto same = [](auto x) {
    decltype(x) out{};
    CHECK_FALSE(assign(&out, any, toml(render(&x))));
    CHECK(out == x);
  };
  same(true);
  same(std::uint32_t{4'294'967'295});
  same(std::string{"a \"b\" \\ ü"});
  same(milliseconds{1'234'567});
  same(byte_size{123'456'789});
  same(host_port{"::1", 9791});
  same(log_level::warn);
  same(log_format::json);
  same(timelord_mode::automatic);
  same(std::filesystem::path{"/mnt/a b"});
  same(std::vector<std::filesystem::path>{"a", "/b"});
  same(std::vector<std::string>{});
  same(log_levels{{"sync", log_level::debug}, {"rpc", log_level::off}});
  same(log_levels{});
  same(placement{placement::where::remote, {"192.0.2.1", 9793}});
}

TEST_CASE("one slip of the finger is a distance of one") {
  CHECK(edit_distance("listen", "listen") == 0);
  CHECK(edit_distance("lisen", "listen") == 1);
  CHECK(edit_distance("listten", "listen") == 1);
  CHECK(edit_distance("lisden", "listen") == 1);
  CHECK(edit_distance("litsen", "listen") == 1);
  CHECK(edit_distance("", "listen") == 6);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance(std::string(1'000'000, 'a'), "") == 64);
}

TEST_CASE("names in messages cannot move the cursor or fill the screen") {
  CHECK(printable("a\x1b[2Jb\nc") == "a\\u001b[2Jb\\u000ac");
  CHECK(printable(std::string(100, 'x')) == std::string(60, 'x') + "...");
  const auto cut = printable(std::string(59, 'x') + "\u00fc\u00fc");
  CHECK(cut == std::string(59, 'x') + "...");
}
