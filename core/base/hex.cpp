#include "core/base/hex.hpp"

namespace spacetime {
namespace {
int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
} // namespace

std::string to_hex(byte_view raw) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * raw.size());
  for (auto byte : raw) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

result<bytes> from_hex(std::string_view text) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  if (text.size() % 2 != 0)
    return fail(errc::bad_encoding, "an odd number of hex digits");
  bytes out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return fail(errc::bad_encoding, "not a hex digit");
    out.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return out;
}
} // namespace spacetime
