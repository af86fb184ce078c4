#include "core/crypto/hash.hpp"
#include "core/crypto/mnemonic.hpp"
#include "core/crypto/random.hpp"
#include "tests/core/crypto/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <sstream>

using namespace spacetime;

namespace {
bool mentions(const error& e, std::string_view what) {
  return e.detail.find(what) != std::string::npos;
}

std::string words_of(const bytes32& entropy) {
  return std::string{to_mnemonic(entropy)};
}

std::vector<std::string> split(const std::string& text) {
  std::istringstream in{text};
  return {std::istream_iterator<std::string>{in}, {}};
}

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& w : words) out += (out.empty() ? "" : " ") + w;
  return out;
}
} // namespace

TEST_CASE("words, entropy and seed equal BIP-39's vectors of 256 bits") {
  const auto file = test::vectors("bip39.json");
  const auto passphrase = test::text(file["passphrase"]);
  CHECK(file["vectors"].size() == 8);
  for (const auto& v : file["vectors"]) {
    const auto entropy = test::raw<32>(v["entropy"]);
    CHECK(words_of(entropy) == test::text(v["words"]));
    CHECK(*from_mnemonic(test::text(v["words"])) == entropy);
    CHECK(to_hex(mnemonic_seed(entropy, passphrase).value)
          == test::text(v["seed"]));
  }
}

TEST_CASE("the seed without a passphrase equals the independent computation") {
  const auto people = test::vectors("keys.json")["identities"];
  REQUIRE(people.size() == 3);
  for (const auto& x : people)
    CHECK(to_hex(mnemonic_seed(test::raw<32>(x["entropy"])).value)
          == test::text(x["seed"]));
}

TEST_CASE("the word list is BIP-39's: sorted, and told apart by 4 letters") {
  std::string file;
  for (auto w : mnemonic_words) file.append(w).append("\n");
  CHECK(to_hex(sha256({view(file)}))
        == "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
  CHECK(std::all_of(mnemonic_words.begin(), mnemonic_words.end(),
                    [](auto word) { return word.size() <= 8; }));
  CHECK(std::is_sorted(mnemonic_words.begin(), mnemonic_words.end()));
  for (std::size_t i = 1; i < mnemonic_words.size(); ++i)
    CHECK(mnemonic_words[i - 1].substr(0, 4) != mnemonic_words[i].substr(0, 4));
}

TEST_CASE("random entropy survives its words") {
  for (int i = 0; i < 2000; ++i) {
    const auto entropy = random_bytes32();
    const auto back = from_mnemonic(words_of(entropy));
    REQUIRE(back);
    CHECK(*back == entropy);
  }
}

TEST_CASE("case, tabs, line ends and more spaces do not matter") {
  const bytes32 entropy{7, 7, 7};
  std::string text = "\t ";
  for (const auto& word : split(words_of(entropy)))
    text += word + (word.size() % 2 ? " \r\n" : "\t\t");
  for (auto& c : text)
    if (c >= 'a' && c <= 'm') c = static_cast<char>(c - 32);
  CHECK(*from_mnemonic(text) == entropy);
}

TEST_CASE("an unknown word is named with its place and the nearest word") {
  auto words = split(words_of({}));
  words[6] = "abandom";
  const auto e = from_mnemonic(join(words));
  REQUIRE_FALSE(e);
  CHECK(e.error() == errc::bad_encoding);
  CHECK(mentions(e.error(), "word 7"));
  CHECK(mentions(e.error(), "\"abandom\""));
  CHECK(mentions(e.error(), "\"abandon\""));
  words[6] = "zo";
  CHECK(mentions(from_mnemonic(join(words)).error(), "nearest is \"zoo\""));
}

TEST_CASE("a word of odd bytes is refused and shown without them") {
  auto words = split(words_of({}));
  words[0] = "\x1b[31mred\x07";
  const auto e = from_mnemonic(join(words));
  REQUIRE_FALSE(e);
  CHECK(std::none_of(e.error().detail.begin(), e.error().detail.end(),
                     [](char c) { return c < 32; }));
  words[0] = "abandon" + std::string(100, 'n');
  CHECK(from_mnemonic(join(words)).error() == errc::bad_encoding);
}

TEST_CASE("another number of words is refused, and counted") {
  auto words = split(words_of({}));
  words.pop_back();
  CHECK(mentions(from_mnemonic(join(words)).error(), "these are 23"));
  words.insert(words.end(), 2, "abandon");
  CHECK(mentions(from_mnemonic(join(words)).error(), "these are 25"));
  CHECK(from_mnemonic("").error() == errc::bad_encoding);
  CHECK(from_mnemonic(std::string(1 << 20, 'a')).error() == errc::bad_encoding);
}

TEST_CASE("every last word but eight fails the checksum") {
  auto words = split(words_of(bytes32{9, 8, 7}));
  int fitting = 0;
  for (auto w : mnemonic_words) {
    words.back() = w;
    const auto entropy = from_mnemonic(join(words));
    if (entropy)
      ++fitting;
    else
      CHECK(entropy.error() == errc::bad_checksum);
  }
  CHECK(fitting == 8); // 3 bits of entropy, 8 of checksum
}

TEST_CASE("no random bytes crash the reader of words") {
  std::mt19937 random{39};
  for (int i = 0; i < 500; ++i) {
    std::string text(random() % 300, ' ');
    for (auto& c : text) c = static_cast<char>(random());
    CHECK_FALSE(from_mnemonic(text));
  }
}
