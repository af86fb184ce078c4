#include "tools/spacetime/coins.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace spacetime;
using cli::coins;
using cli::parse_coins;

TEST_CASE("amounts are read exactly, to the last mote") {
  const std::pair<const char*, std::uint64_t> known[] = {
      {"0", 0},
      {"0.000000001", 1},
      {"1", 1'000'000'000},
      {"12.5", 12'500'000'000},
      {"0.1", 100'000'000}, // no binary fraction is
      {"0.3", 300'000'000},
      {"0012.50", 12'500'000'000},
      {"1.000000000", 1'000'000'000},
      {"9007199.254740993", 9'007'199'254'740'993}, // no double is
      {"18446744073.709551615", ~std::uint64_t{0}},
  };
  for (const auto& [text, motes] : known) {
    const auto got = parse_coins(text);
    REQUIRE_MESSAGE(got.has_value(), text);
    CHECK_MESSAGE(got->value == motes, text);
  }
}

TEST_CASE("what is no amount is refused with the text and a reason") {
  const std::string long_zeros(5000, '0');
  const std::pair<std::string, const char*> bad[] = {
      {"", "digit comes first"},
      {".5", "digit comes first"},
      {"5.", "follow the point"},
      {".", "digit comes first"},
      {"-1", "not negative"},
      {"+1", "only digits"},
      {" 1", "only digits"},
      {"1 ", "only digits"},
      {"1.2.3", "only digits"},
      {"1e9", "only digits"},
      {"0x10", "only digits"},
      {"1,5", "a point"},
      {"1,000.5", "a point"},
      {"1_000", "only digits"},
      {"inf", "only digits"},
      {"nan", "only digits"},
      {"\xd9\xa1", "only digits"}, // an Arabic one
      {std::string{"1\0", 2}, "only digits"},
      {"0.0000000001", "nine decimals"},
      {"0." + long_zeros, "nine decimals"},
      {"18446744073.709551616", "more than there can be"},
      {"18446744074", "more than there can be"},
      {"99999999999999999999", "more than there can be"},
      {"1" + long_zeros, "more than there can be"},
  };
  for (const auto& [text, why] : bad) {
    const auto got = parse_coins(text);
    REQUIRE_MESSAGE(!got.has_value(), text);
    CHECK(got.error() == errc::bad_encoding);
    CHECK_MESSAGE(got.error().detail.find(why) != std::string::npos,
                  got.error().detail);
    CHECK(got.error().detail.size() < 160);
  }
  CHECK(parse_coins("1\x1b[2J").error().detail.find('\x1b')
        == std::string::npos);
}

TEST_CASE("amounts are shown without zeros at their end") {
  CHECK(coins({0}) == "0 ST");
  CHECK(coins({1}) == "0.000000001 ST");
  CHECK(coins({12'500'000'000}) == "12.5 ST");
  CHECK(coins({1'000'000'000}) == "1 ST");
  CHECK(coins({~std::uint64_t{0}}) == "18446744073.709551615 ST");
}

TEST_CASE("every amount is read as it was shown") {
  std::mt19937_64 random{1};
  for (int i = 0; i < 20'000; ++i) {
    const amount a{random() >> random() % 64};
    const auto text = coins(a);
    CHECK(parse_coins(std::string_view{text}.substr(0, text.size() - 3)) == a);
  }
}

TEST_CASE("no text is read as an amount that shows another value") {
  std::mt19937_64 random{2};
  for (int i = 0; i < 50'000; ++i) {
    std::string text;
    for (auto n = random() % 24; n > 0; --n)
      text += "0123456789..-e, x"[random() % 17];
    const auto got = parse_coins(text);
    if (!got) continue;
    auto shown = coins(*got);
    shown.resize(shown.size() - 3);
    text.erase(0, std::min(text.find_first_not_of('0'),
                           text.find('.') == text.npos ? text.size() - 1
                                                       : text.find('.') - 1));
    if (text.find('.') != text.npos) {
      text.erase(text.find_last_not_of('0') + 1);
      if (text.back() == '.') text.pop_back();
    }
    CHECK(shown == text);
  }
}
