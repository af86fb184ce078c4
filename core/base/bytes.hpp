#pragma once
// Byte strings and the canonical (big-endian, fixed-width) integer layout.

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace spacetime {
using bytes = std::vector<std::uint8_t>;
using byte_view = std::span<const std::uint8_t>;
using bytes32 = std::array<std::uint8_t, 32>;
using bytes64 = std::array<std::uint8_t, 64>;
/// An encoded class-group element or its proof; docs/protocol.md.
using bytes100 = std::array<std::uint8_t, 100>;

inline byte_view view(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// `x` as big-endian bytes.
template <std::unsigned_integral T>
constexpr std::array<std::uint8_t, sizeof(T)> be(T x) {
  std::array<std::uint8_t, sizeof(T)> out{};
  for (std::size_t i = sizeof(T); i-- > 0; x = static_cast<T>(x >> 4 >> 4))
    out[i] = static_cast<std::uint8_t>(x);
  return out;
}

/// Appends canonical fields to a byte string.
class writer {
public:
  template <std::unsigned_integral T>
  writer& put(T x) {
    return put(byte_view{be(x)});
  }
  writer& put(byte_view raw) {
    out_.insert(out_.end(), raw.begin(), raw.end());
    return *this;
  }
  [[nodiscard]] const bytes& view() const { return out_; }
  [[nodiscard]] bytes take() && { return std::move(out_); }

private:
  bytes out_;
};

/// Takes canonical fields from a byte string. Reading past the end yields
/// zeros and makes `ok` false for ever; so check once, after the last field.
class reader {
public:
  explicit reader(byte_view in) : in_(in) {}

  template <std::unsigned_integral T>
  T take() {
    T x = 0;
    for (auto byte : take(sizeof(T)))
      x = static_cast<T>(static_cast<T>(x << 4 << 4) | byte);
    return x;
  }
  template <std::size_t N>
  std::array<std::uint8_t, N> take() {
    std::array<std::uint8_t, N> out{};
    const auto raw = take(N);
    std::copy(raw.begin(), raw.end(), out.begin());
    return out;
  }
  /// The next `n` bytes, as long as the input lives; empty past the end.
  byte_view take(std::size_t n) {
    if (n > in_.size()) {
      ok_ = false;
      in_ = {};
      return {};
    }
    const auto out = in_.first(n);
    in_ = in_.subspan(n);
    return out;
  }
  [[nodiscard]] std::size_t remaining() const { return in_.size(); }
  [[nodiscard]] bool ok() const { return ok_; }
  /// Everything was there and nothing is left.
  [[nodiscard]] bool done() const { return ok_ && in_.empty(); }

private:
  byte_view in_;
  bool ok_ = true;
};
} // namespace spacetime
