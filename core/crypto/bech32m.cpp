#include "core/crypto/bech32m.hpp"

#include "core/base/check.hpp"

#include <algorithm>
#include <optional>

namespace spacetime {
namespace {
constexpr std::string_view alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t max_length = 90;         // of the whole text (BIP-173)
constexpr std::size_t checksum_length = 6;     // groups
constexpr std::uint32_t constant = 0x2bc830a3; // BIP-350
// Of an address: one group of version, then 256 bits in groups of 5.
constexpr std::size_t address_groups = 1 + 52;

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
char lower(char c) {
  return is_upper(c) ? static_cast<char>(c + 32) : c;
}

/// The BCH code of BIP-173 over groups of 5 bits.
class checksum {
public:
  void add(unsigned group) {
    constexpr std::uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa,
                                           0x3d4233dd, 0x2a1462b3};
    const auto top = state_ >> 25;
    state_ = (state_ & 0x1ffffff) << 5 ^ group;
    for (unsigned i = 0; i < 5; ++i)
      if (top >> i & 1) state_ ^= generator[i];
  }
  void add_prefix(std::string_view prefix) {
    for (auto c : prefix) add(static_cast<unsigned char>(c) >> 5);
    add(0);
    for (auto c : prefix) add(static_cast<unsigned char>(c) & 31);
  }
  [[nodiscard]] std::uint32_t state() const { return state_; }

private:
  std::uint32_t state_ = 1;
};

/// Why `text` cannot be bech32m before its checksum is looked at, or null.
const char* flaw(std::string_view text) {
  if (text.size() > max_length) return "longer than 90 characters";
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return c < 33 || c > 126; }))
    return "a character that is not printable ASCII, or a space";
  if (std::any_of(text.begin(), text.end(), is_upper)
      && std::any_of(text.begin(), text.end(), is_lower))
    return "mixed upper and lower case";
  const auto separator = text.rfind('1');
  if (separator == text.npos) return "no separator '1'";
  if (separator == 0) return "nothing before the separator '1'";
  if (text.size() - separator - 1 < checksum_length)
    return "too short for a checksum";
  return nullptr;
}

/// The 5-bit groups of 8-bit bytes, the last one padded with zero bits.
bytes to_groups(byte_view raw) {
  bytes out;
  unsigned held = 0, bits = 0;
  for (auto byte : raw) {
    held = (held << 8 | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5)
      out.push_back(held >> (bits - 5) & 31);
  }
  if (bits > 0) out.push_back(held << (5 - bits) & 31);
  return out;
}

/// The 32 bytes of 52 groups; nothing if the 4 bits of padding are not zero.
std::optional<bytes32> to_bytes32(byte_view groups) {
  bytes32 out;
  unsigned held = 0, bits = 0;
  std::size_t n = 0;
  for (auto group : groups) {
    held = (held << 5 | group) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out[n++] = static_cast<std::uint8_t>(held >> bits);
  }
  if ((held & ((1u << bits) - 1)) != 0) return std::nullopt;
  return out;
}

bool is_prefix(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c >= 33 && c <= 126 && !is_upper(c);
  });
}
} // namespace

std::string bech32m_encode(std::string_view prefix, byte_view groups) {
  check(is_prefix(prefix), "a bech32m prefix is lower-case printable ASCII");
  check(prefix.size() + 1 + groups.size() + checksum_length <= max_length,
        "bech32m text has at most 90 characters");
  std::string out{prefix};
  out += '1';
  checksum sum;
  sum.add_prefix(prefix);
  for (auto group : groups) {
    check(group < 32, "a bech32m group has 5 bits");
    sum.add(group);
    out += alphabet[group];
  }
  for (std::size_t i = 0; i < checksum_length; ++i) sum.add(0);
  const auto rest = sum.state() ^ constant;
  for (int shift = 25; shift >= 0; shift -= 5)
    out += alphabet[rest >> shift & 31];
  return out;
}

result<bech32m_parts> bech32m_decode(std::string_view text) {
  if (const auto* why = flaw(text)) return fail(errc::bad_encoding, why);
  bech32m_parts out;
  const auto separator = text.rfind('1');
  for (auto c : text.substr(0, separator)) out.prefix += lower(c);
  checksum sum;
  sum.add_prefix(out.prefix);
  for (auto i = separator + 1; i < text.size(); ++i) {
    const auto group = alphabet.find(lower(text[i]));
    if (group == alphabet.npos)
      return fail(errc::bad_encoding,
                  std::string{"character '"} + text[i] + "' at position "
                      + std::to_string(i + 1) + " is never used");
    sum.add(static_cast<unsigned>(group));
    out.groups.push_back(static_cast<std::uint8_t>(group));
  }
  if (sum.state() != constant)
    return fail(errc::bad_checksum, "mistyped or incomplete");
  out.groups.resize(out.groups.size() - checksum_length);
  return out;
}

std::string encode_address(std::string_view hrp, const account_id& account) {
  bytes groups{0};
  const auto body = to_groups(account.value);
  groups.insert(groups.end(), body.begin(), body.end());
  return bech32m_encode(hrp, groups);
}

result<account_id> decode_address(std::string_view hrp, std::string_view text) {
  auto parts = bech32m_decode(text);
  if (!parts)
    return fail(parts.error().code, "not an address: " + parts.error().detail);
  if (parts->prefix != hrp)
    return fail(errc::bad_encoding,
                "an address of another network: it starts with \""
                    + parts->prefix + "1\", this network's with \""
                    + std::string{hrp} + "1\"");
  const byte_view groups{parts->groups};
  if (groups.empty() || groups[0] != 0)
    return fail(errc::bad_encoding, "an address of an unknown version");
  if (groups.size() != address_groups)
    return fail(errc::bad_encoding, "an address of another length: "
                                        + std::to_string(groups.size() - 1)
                                        + " characters of account, not 52");
  const auto account = to_bytes32(groups.subspan(1));
  if (!account)
    return fail(errc::bad_encoding, "an address with bits after its account");
  return account_id{*account};
}
} // namespace spacetime
