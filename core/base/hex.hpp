#pragma once

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

#include <string>
#include <string_view>

namespace spacetime {
/// Lower-case hex, two digits per byte, no prefix.
std::string to_hex(byte_view raw);

/// Bytes of `text`, either case, an optional leading "0x".
/// Errors: `bad_encoding` for another digit or an odd count.
result<bytes> from_hex(std::string_view text);

/// Exactly N bytes of `text`. Errors: `bad_encoding`, also for another length.
template <std::size_t N>
result<std::array<std::uint8_t, N>> from_hex(std::string_view text) {
  auto raw = from_hex(text);
  if (!raw) return fail(raw.error());
  if (raw->size() != N)
    return fail(errc::bad_encoding, "expected " + std::to_string(2 * N)
                                        + " hex digits, got "
                                        + std::to_string(2 * raw->size()));
  std::array<std::uint8_t, N> out{};
  std::copy(raw->begin(), raw->end(), out.begin());
  return out;
}
} // namespace spacetime
