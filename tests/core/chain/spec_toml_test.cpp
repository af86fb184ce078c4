#include "core/chain/spec.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace spacetime;

namespace {
using lines = std::vector<std::string>;

lines split(std::string_view text) {
  lines out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    out.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::string join(const lines& all) {
  std::string out;
  for (const auto& line : all) out += line + "\n";
  return out;
}

/// A key of regtest's file: where it stands and what it is called.
struct key_line {
  std::size_t at; ///< index into the lines
  std::string section, key;
};

lines regtest() {
  return split(chain_spec::embedded_text("regtest"));
}

std::vector<key_line> keys_of(const lines& all) {
  std::vector<key_line> out;
  std::string section;
  int entries = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].starts_with("[[premine]]"))
      section = "premine[" + std::to_string(entries++) + "]";
    else if (all[i].starts_with("["))
      section = all[i].substr(1, all[i].find(']') - 1);
    else if (const auto end = all[i].find(" = ");
             end != std::string::npos && !all[i].starts_with("#"))
      out.push_back({i, section, all[i].substr(0, end)});
  }
  return out;
}

std::string path(const key_line& x) {
  return x.section + "." + x.key;
}

std::string value_of(const lines& all, const key_line& x) {
  return all[x.at].substr(x.key.size() + 3);
}

/// The refusal of `text`; "" if it parses.
std::string refusal(const std::string& text) {
  const auto spec = chain_spec::parse(text);
  if (spec) return {};
  CHECK(spec.error() == errc::bad_config);
  return spec.error().detail;
}

/// The refusal of regtest's file with another line for a key.
std::string with(const key_line& x, const std::string& line) {
  auto all = regtest();
  all[x.at] = line;
  return refusal(join(all));
}

std::string with_value(std::string_view key, const std::string& value) {
  for (const auto& x : keys_of(regtest()))
    if (path(x) == key) return with(x, x.key + " = " + value);
  FAIL("no such key");
  return {};
}

std::string line_of(std::string_view key) {
  for (const auto& x : keys_of(regtest()))
    if (path(x) == key) return "line " + std::to_string(x.at + 1) + ": ";
  FAIL("no such key");
  return {};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
} // namespace

TEST_CASE("the file names every key once") {
  // 11 of genesis, 4 premines of 2, the rules and the minimum weight.
  CHECK(keys_of(regtest()).size() == 11 + 4 * 2 + rule_fields().size() + 1);
  CHECK(refusal(join(regtest())).empty());
}

TEST_CASE("no key but the seed may be missing") {
  for (const auto& x : keys_of(regtest())) {
    const auto why = with(x, "");
    if (x.key == "seed")
      CHECK(why.empty());
    else {
      CHECK(why.starts_with("line "));
      CHECK(has(why, "`" + path(x) + "` is missing"));
    }
  }
}

TEST_CASE("a missing key is named with the line of its section") {
  const auto all = regtest();
  const auto at = std::ranges::find(all, "[rules]") - all.begin();
  for (const auto& x : keys_of(all))
    if (x.section == "rules")
      CHECK(with(x, "").starts_with("line " + std::to_string(at + 1) + ": "));
}

TEST_CASE("a misspelt key is named with its line and the nearest key") {
  for (const auto& x : keys_of(regtest())) {
    auto wrong = x.key;
    wrong.insert(wrong.size() / 2, "z");
    CHECK(with(x, wrong + " = " + value_of(regtest(), x))
          == "line " + std::to_string(x.at + 1) + ": unknown key `" + x.section
                 + "." + wrong + "`; nearest is `" + path(x) + "`");
  }
}

TEST_CASE("unknown sections are refused, and strange names made harmless") {
  auto text = join(regtest());
  const auto last = std::to_string(regtest().size() + 1);
  CHECK(refusal(text + "[rule]\n")
        == "line " + last + ": unknown key `rule`; nearest is `rules`");
  const auto odd =
      refusal(text + "[\"\\u001b[31m" + std::string(5000, 'a') + "\"]\n");
  CHECK(has(odd, "unknown key `?[31maaa"));
  CHECK(odd.size() < 120);
}

TEST_CASE("a value of another type is refused with key and line") {
  for (const auto& x : keys_of(regtest())) {
    for (const char* other :
         {"\"text\"", "1.5", "true", "[]", "{}", "-1", "1979-05-27", "[1]",
          "[[]]", "[{}]", "\"\"", "9223372036854775808"}) {
      if (x.key == "test_plots" && other == std::string_view{"true"}) continue;
      if (x.key == "name" && other == std::string_view{"\"text\""}) continue;
      if (x.key == "hrp" && other == std::string_view{"\"text\""}) continue;
      const auto why = with(x, x.key + " = " + other);
      CAPTURE(path(x));
      CAPTURE(other);
      CHECK(why.starts_with("line " + std::to_string(x.at + 1) + ": "));
      // Whether an integer fits 64 bits is seen before its key is.
      if (std::string_view{other} != "9223372036854775808")
        CHECK(has(why, "`" + path(x)));
    }
  }
}

TEST_CASE("a rule out of its range is refused with key and line") {
  for (const auto& field : rule_fields()) {
    const auto key = "rules." + std::string{field.name};
    const auto start = line_of(key) + "`" + key + "` must be from "
                       + std::to_string(field.least);
    CHECK(with_value(key, std::to_string(field.most + 1)).starts_with(start));
    if (field.least > 0)
      CHECK(
          with_value(key, std::to_string(field.least - 1)).starts_with(start));
  }
}

TEST_CASE("a genesis value out of its range is refused with key and line") {
  const std::pair<const char*, const char*> bad[] = {
      {"genesis.name", "\"Regtest\""},
      {"genesis.hrp", "\"r1\""},
      {"genesis.time", "9223372036854775807"},
      {"genesis.mode", "\"class group\""},
      {"genesis.mode", "\"simulated\""},
      {"genesis.vdf_bits", "65792"}, // 256 in sixteen bits
      {"genesis.vdf_bits", "128"},
      {"genesis.squarings", "0"},
      {"genesis.squarings", "999"},
      {"genesis.k", "274"}, // 18 in eight bits
      {"genesis.k", "17"},
      {"genesis.strength", "258"},
      {"genesis.strength", "1"},
      {"genesis.target", "\"12\""},
      {"genesis.seed", "\"00\""},
      {"premine[0].amount", "0"},
      {"premine[2].amount", "\"9223372036854775808\""},
      {"premine[2].amount", "\"-5\""},
      {"premine[2].amount", "\"5 \""},
      {"premine[2].amount", "\"+5\""},
      {"premine[3].account", "\"0g\""},
  };
  for (const auto& [key, value] : bad) {
    const auto why = with_value(key, value);
    CAPTURE(why);
    // With simulated time it is the sizes that are wrong.
    if (std::string_view{value} == "\"simulated\"")
      CHECK(why.starts_with(line_of("genesis.vdf_bits")));
    else
      CHECK(why.starts_with(line_of(key) + "`" + key + "` must "));
  }
}

TEST_CASE("an account is given coins once") {
  const auto all = regtest();
  std::vector<key_line> accounts;
  for (const auto& x : keys_of(all))
    if (x.key == "account") accounts.push_back(x);
  CHECK(with(accounts[3], all[accounts[0].at])
        == line_of("premine[3].account")
               + "`premine[3].account` must be listed only once");
}

TEST_CASE("coins are integers or strings of motes, beyond 2^53 too") {
  auto all = regtest();
  for (const auto& x : keys_of(all))
    if (path(x) == "premine[1].amount")
      all[x.at] = "amount = \"9007199254740993\"";
  for (const auto& x : keys_of(all))
    if (path(x) == "premine[2].amount") all[x.at] = "amount = 9007199254740995";
  const auto spec = chain_spec::parse(join(all));
  REQUIRE(spec);
  CHECK(spec->genesis.premine[1].value.value == 9'007'199'254'740'993);
  CHECK(spec->genesis.premine[2].value.value == 9'007'199'254'740'995);
}

TEST_CASE("a list of changes is read, in either of TOML's forms") {
  auto all = regtest();
  for (const auto& x : keys_of(all)) {
    if (x.key == "filter_bits")
      all[x.at] = "filter_bits = [{ from = 0, value = 5 },\n"
                  "  { from = 70, value = 4 }]";
    if (x.key == "max_txs") all[x.at] = "";
  }
  const auto spec =
      chain_spec::parse(join(all)
                        + "[[rules.max_txs]]\nfrom = 0\nvalue = 8\n"
                          "[[rules.max_txs]]\nfrom = 71\nvalue = 9\n");
  REQUIRE(spec);
  CHECK(spec->at(epoch{69}).filter_bits == 5);
  CHECK(spec->at(epoch{70}).filter_bits == 4);
  CHECK(spec->at(epoch{70}).max_txs == 8);
  CHECK(spec->at(epoch{71}).max_txs == 9);
}

TEST_CASE("a list of one value from epoch 0 is that value") {
  auto all = regtest();
  for (const auto& x : keys_of(all))
    if (x.section == "rules" && x.key != "minimum_weight")
      all[x.at] = x.key + " = [{ from = 0, value = "
                  + all[x.at].substr(x.key.size() + 3,
                                     all[x.at].find('#') - x.key.size() - 3)
                  + "}]";
  const auto spec = chain_spec::parse(join(all));
  REQUIRE(spec);
  CHECK(spec->rules_id() == chain_spec::embedded("regtest")->rules_id());
}

TEST_CASE("a wrong list is refused with the entry's key and line") {
  const std::pair<const char*, const char*> bad[] = {
      {"[]", "`rules.filter_bits` must have a value from epoch 0"},
      {"[{ from = 1, value = 1 }]", "`rules.filter_bits` must have a value"},
      {"[{ from = 0 }]", "`rules.filter_bits[0].value` is missing"},
      {"[{ value = 0 }]", "`rules.filter_bits[0].from` is missing"},
      {"[{ from = 0, value = 1, till = 2 }]",
       "unknown key `rules.filter_bits[0].till`; nearest is"},
      {"[{ from = 0, value = 1 }, 2]",
       "`rules.filter_bits[1]` must be a table"},
      {"[{ from = 0, value = 1 }, { from = 0, value = 2 }]",
       "`rules.filter_bits[1]` must start after"},
      {"[{ from = 0, value = 1 }, { from = -1, value = 2 }]",
       "`rules.filter_bits[1].from` must be an integer"},
      {"[{ from = 0, value = 1 }, { from = 1, value = 33 }]",
       "`rules.filter_bits[1]` must be from 0 to 32, not 33"},
  };
  for (const auto& [value, why] : bad)
    CHECK(with_value("rules.filter_bits", value)
              .starts_with(line_of("rules.filter_bits") + why));
  CHECK(with_value("rules.filter_bits",
                   "[{ from = 0, value = 1 },\n{ from = 1, value = 33 }]")
            .starts_with(
                "line "
                + std::to_string(
                    std::stoul(line_of("rules.filter_bits").substr(5)) + 1)
                + ": `rules.filter_bits[1]`"));
}

TEST_CASE("a rule that holds for ever takes no list of changes") {
  const auto value = "[{ from = 0, value = 8 }, { from = 9, value = 8 }]";
  CHECK(with_value("rules.ticks_per_era", value)
        == line_of("rules.ticks_per_era")
               + "`rules.ticks_per_era` holds for ever: it cannot be a list of "
                 "changes");
}

TEST_CASE("text that is no TOML is refused with its line") {
  CHECK(refusal("").starts_with("line 1: `genesis` is missing"));
  CHECK(refusal("genesis = 1\nrules = 2\n")
            .starts_with("line 1: `genesis` must"));
  CHECK(refusal("[genesis]\nname = \n").starts_with("line 2: "));
  CHECK(refusal("\n\n\xff\xfe").starts_with("line "));
  for (auto broken :
       {"[=", "[[[", "[\n", "[", "[#", "[]", "=", "[a", "\"", "'"})
    CHECK(refusal("\n" + std::string{broken}).starts_with("line "));
  CHECK(refusal("[genesis]\n[genesis]\n").starts_with("line 2: "));
  CHECK(refusal(join(regtest()) + join(regtest())).starts_with("line "));
  CHECK_FALSE(refusal(std::string(100'000, '[')).empty());
  CHECK_FALSE(refusal("a = " + std::string(100'000, '[')).empty());
  CHECK_FALSE(refusal(std::string(1000, '\0')).empty());
}

TEST_CASE("letters beyond ASCII outside of strings are refused") {
  for (unsigned c = 0x80; c < 0x800; ++c) {
    const std::string text{static_cast<char>(0xc0 | (c >> 6)),
                           static_cast<char>(0x80 | (c & 63))};
    CHECK(refusal("\n" + text).starts_with("line "));
    CHECK(refusal("a =" + text).starts_with("line "));
    CHECK(refusal("[a" + text + "]").starts_with("line "));
  }
}

TEST_CASE("no prefix of a file crashes the parser") {
  const auto text = chain_spec::embedded_text("devnet");
  std::size_t whole = 0;
  for (std::size_t n = 0; n < text.size(); ++n)
    whole += chain_spec::parse(text.substr(0, n)).has_value();
  CHECK(whole == 1); // all but the last line's end
}

TEST_CASE("20,000 mutated files neither crash nor pass unchecked") {
  std::mt19937 random{1};
  const auto pick = [&](std::size_t n) { return random() % n; };
  constexpr std::string_view alphabet =
      "[]{}=\"'.,#\n\r\t 0179_-+eaxT:\\\xff\xc2\xa7";
  std::size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto names = chain_spec::names();
    std::string text{chain_spec::embedded_text(names[pick(names.size())])};
    for (auto edits = 1 + pick(4); edits-- > 0;) {
      const auto at = pick(text.size());
      switch (pick(4)) {
      case 0: text[at] = alphabet[pick(alphabet.size())]; break;
      case 1: text.insert(at, 1, alphabet[pick(alphabet.size())]); break;
      case 2: text.erase(at, 1 + pick(8)); break;
      default: text.insert(at, text.substr(pick(text.size()), 1 + pick(60)));
      }
    }
    auto spec = chain_spec::parse(text);
    if (!spec) {
      CHECK(spec.error() == errc::bad_config);
      CHECK(spec.error().detail.starts_with("line "));
      continue;
    }
    ++accepted;
    CHECK(spec->finish());
    CHECK(spec->at(epoch{12'345}).header_version >= 1);
  }
  CHECK(accepted > 1000); // a change of a comment is none
}
