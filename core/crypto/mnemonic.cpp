#include "core/crypto/mnemonic.hpp"

#include "core/crypto/hash.hpp"

#include <botan/pwdhash.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace spacetime {
namespace {
constexpr std::size_t word_count = 24;
constexpr std::size_t bits_per_word = 11;
constexpr std::size_t rounds = 2048;
constexpr std::size_t max_text = 4096; // bytes; nobody types more
constexpr std::size_t max_shown = 24;  // characters of a word in an error
constexpr std::size_t max_known = 8;   // letters of the longest known word

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/// The next word of `text`, which is shortened by it; empty at the end.
std::string_view next_word(std::string_view& text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  const auto end = std::find_if(text.begin(), text.end(), is_space);
  const auto word =
      text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(word.size());
  return word;
}

/// Lower case, unprintable characters as '?', cut to a length worth showing.
std::string shown(std::string_view word) {
  std::string out;
  for (auto c : word.substr(0, max_shown)) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    out += c > 32 && c < 127 ? c : '?';
  }
  return out;
}

/// Letters to insert, delete or replace to make `known`, a word of the list, of
/// `word` (Levenshtein).
std::size_t distance(std::string_view word, std::string_view known) {
  std::array<std::size_t, max_known + 1> row;
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < word.size(); ++i) {
    auto diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < known.size(); ++j) {
      const auto replaced = diagonal + (word[i] == known[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row[known.size()];
}

std::string_view nearest(std::string_view word) {
  auto out = mnemonic_words.front();
  auto least = distance(word, out);
  for (auto known : mnemonic_words)
    if (const auto n = distance(word, known); n < least) {
      least = n;
      out = known;
    }
  return out;
}

/// The number of a word, 0-2047.
result<std::size_t> find(std::string_view raw, std::size_t position) {
  const auto word = shown(raw);
  const auto at =
      std::lower_bound(mnemonic_words.begin(), mnemonic_words.end(), word);
  if (raw.size() <= max_shown && at != mnemonic_words.end() && *at == word)
    return static_cast<std::size_t>(at - mnemonic_words.begin());
  return fail(errc::bad_encoding, "word " + std::to_string(position) + ", \""
                                      + word
                                      + "\", is not in the list; nearest is \""
                                      + std::string{nearest(word)} + "\"");
}

bool bit_of(byte_view raw, std::size_t i) {
  return (raw[i / 8] >> (7 - i % 8) & 1) != 0;
}

std::uint8_t checksum_of(const bytes32& entropy) {
  return sha256({entropy})[0];
}
} // namespace

secret_text to_mnemonic(const bytes32& entropy) {
  secret_array<33> raw;
  std::copy(entropy.begin(), entropy.end(), raw.value.begin());
  raw.value[32] = checksum_of(entropy);
  secret_text out;
  for (std::size_t w = 0; w < word_count; ++w) {
    std::size_t number = 0;
    for (std::size_t i = 0; i < bits_per_word; ++i)
      number = number << 1 | bit_of(raw.value, w * bits_per_word + i);
    if (w > 0) out += ' ';
    out += mnemonic_words[number];
  }
  return out;
}

result<bytes32> from_mnemonic(std::string_view text) {
  if (text.size() > max_text)
    return fail(errc::bad_encoding, "longer than 24 words can be");
  secret_array<33> raw;
  std::size_t n = 0;
  for (auto word = next_word(text); !word.empty(); word = next_word(text)) {
    const auto number = find(word, ++n);
    if (!number) return fail(number.error());
    if (n > word_count) continue;
    for (std::size_t i = 0; i < bits_per_word; ++i) {
      const auto bit = (n - 1) * bits_per_word + i;
      if (*number >> (bits_per_word - 1 - i) & 1)
        raw.value[bit / 8] |= static_cast<std::uint8_t>(128u >> bit % 8);
    }
  }
  if (n != word_count)
    return fail(errc::bad_encoding,
                "24 words are needed, these are " + std::to_string(n));
  bytes32 entropy;
  std::copy_n(raw.value.begin(), entropy.size(), entropy.begin());
  if (checksum_of(entropy) == raw.value[32]) return entropy;
  wipe(entropy);
  return fail(errc::bad_checksum,
              "every word is known, but one is mistaken or out of order");
}

secret_array<64> mnemonic_seed(const bytes32& entropy,
                               std::string_view passphrase) {
  const auto words = to_mnemonic(entropy);
  secret_text salt{"mnemonic"};
  salt += passphrase;
  const auto family =
      Botan::PasswordHashFamily::create_or_throw("PBKDF2(SHA-512)");
  secret_array<64> out;
  family->from_params(rounds)->derive_key(out.value.data(), out.value.size(),
                                          words.data(), words.size(),
                                          view(salt).data(), salt.size());
  return out;
}
} // namespace spacetime
