#include "actors/log.hpp"
#include "tests/core/disk/disk_fixture.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <fstream>

using namespace spacetime;
using namespace spacetime::test;

namespace {
std::vector<std::string> lines_of(const path& file) {
  std::ifstream in{file};
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

/// A log in a directory of its own, closed at the latest by the end of a test.
struct open_one {
  temporary_directory home;
  path file = home / "spacetime.log";
  ~open_one() { close_log(); }

  bool open(log_options o = {}) {
    o.directory = *home;
    return open_log(o);
  }
  std::vector<std::string> closed_lines() {
    close_log();
    return lines_of(file);
  }
};

/// What lies between the time stamp and the end of a line.
std::string tail_of(const std::string& line) {
  const auto space = line.find(' ');
  REQUIRE(space != std::string::npos);
  return line.substr(space + 1);
}

const auto info = log_level::info;
} // namespace

TEST_CASE_FIXTURE(open_one, "an event is one line: time, level, actor, name, "
                            "then key=value") {
  REQUIRE(open());
  log_event(info, "state", "tip_updated", {{"height", "7"}, {"hash", "ab"}});
  const auto lines = closed_lines();
  REQUIRE(lines.size() == 1);
  CHECK(tail_of(lines[0]) == "info state tip_updated height=7 hash=ab");
  CHECK(lines[0].size() > 25);
  CHECK(lines[0][10] == 'T');
  CHECK(lines[0][23] == 'Z');
}

TEST_CASE_FIXTURE(open_one, "values with spaces, quotes or '=' are quoted") {
  REQUIRE(open());
  log_event(info, "a", "b",
            {{"why", "no space left"},
             {"empty", ""},
             {"q", "say \"x\""},
             {"eq", "a=b"},
             {"utf8", "K\xc3\xa4se"}});
  const auto lines = closed_lines();
  REQUIRE(lines.size() == 1);
  CHECK(tail_of(lines[0])
        == "info a b why=\"no space left\" empty=\"\" q=\"say \\\"x\\\"\" "
           "eq=\"a=b\" utf8=\"K\\u00e4se\"");
}

TEST_CASE_FIXTURE(open_one, "no value forges a line or a field") {
  REQUIRE(open());
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  const std::vector<std::string> hostile{
      "x\n2026-01-01T00:00:00.000Z error state tip_lost",
      "x\r\nerror",
      "x height=9",
      "x\tlevel=error",
      "\x1b[2J\x1b[31m",
      all,
      std::string{"\0\n", 2},
      "\xff\xfe\n\x80",
      "\xe2\x80\xa8line\xc2\x85next"};
  for (const auto& value : hostile)
    log_event(info, "peer", "said", {{"text", value}, {"end", "1"}});
  const auto lines = closed_lines();
  REQUIRE(lines.size() == hostile.size());
  for (const auto& line : lines) {
    CHECK(tail_of(line).starts_with("info peer said text=\""));
    CHECK(line.ends_with(" end=1"));
    for (unsigned char c : line) CHECK((c >= ' ' && c < 127));
  }
}

TEST_CASE_FIXTURE(open_one, "json mode writes one object per line that gives "
                            "every value back") {
  log_options o;
  o.json = true;
  REQUIRE(open(o));
  const std::string value = "a \"b\"\nc\t\\ K\xc3\xa4se";
  log_event(info, "rpc", "called", {{"method", value}});
  log_event(log_level::error, "rpc", "broke", {{"bytes", "\xff\x80"}});
  const auto lines = closed_lines();
  REQUIRE(lines.size() == 2);
  const auto first = nlohmann::json::parse(lines[0]);
  CHECK(first["level"] == "info");
  CHECK(first["actor"] == "rpc");
  CHECK(first["event"] == "called");
  CHECK(first["method"] == value);
  CHECK(nlohmann::json::parse(lines[1])["level"] == "error");
}

TEST_CASE_FIXTURE(open_one, "events below the level are not written") {
  log_options o;
  o.level = log_level::warning;
  REQUIRE(open(o));
  log_event(log_level::debug, "a", "one");
  log_event(info, "a", "two");
  log_event(log_level::warning, "a", "three");
  log_event(log_level::error, "a", "four");
  const auto lines = closed_lines();
  REQUIRE(lines.size() == 2);
  CHECK(tail_of(lines[0]) == "warning a three");
  CHECK(tail_of(lines[1]) == "error a four");
}

TEST_CASE_FIXTURE(open_one, "a full file is rotated, and old ones go") {
  log_options o;
  o.max_bytes = 2'000;
  o.files = 3;
  REQUIRE(open(o));
  for (int i = 0; i < 400; ++i)
    log_event(info, "a", "filling", {{"i", std::to_string(i)}});
  const auto lines = closed_lines();
  REQUIRE_FALSE(lines.empty());
  CHECK(lines.back().ends_with("i=399"));
  std::size_t files = 0;
  for (const auto& f : std::filesystem::directory_iterator{*home}) {
    ++files;
    CHECK(f.file_size() <= 2'000);
  }
  CHECK(files == 4); // the present one and three old ones
}

TEST_CASE_FIXTURE(open_one, "an opened log continues the file of an earlier "
                            "run") {
  REQUIRE(open());
  log_event(info, "a", "one");
  close_log();
  REQUIRE(open());
  log_event(info, "a", "two");
  CHECK(closed_lines().size() == 2);
}

TEST_CASE("without a log, events go nowhere and closing is harmless") {
  close_log();
  log_event(info, "a", "b");
  close_log();
}

TEST_CASE("an empty directory means no file, not one where we stand") {
  const auto before = std::filesystem::exists("spacetime.log");
  CHECK(open_log({}));
  log_event(info, "a", "b");
  close_log();
  CHECK(std::filesystem::exists("spacetime.log") == before);
}

TEST_CASE("a directory that cannot be written is reported, not thrown") {
  temporary_directory home;
  write_whole(home / "file", view("x"));
  log_options o;
  o.directory = home / "file";
  CHECK_FALSE(open_log(o));
  close_log();
}
