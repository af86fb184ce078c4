#pragma once

#include "core/space/params.hpp"

#include <array>

namespace spacetime::space {
/// The fragment cipher: a 4-round Feistel network on blocks of 2k bits, keyed
/// by the plot id.
class feistel {
public:
  explicit feistel(const plot_params& p);

  /// E: a plain block (four half values) to a fragment; both below 2^2k.
  [[nodiscard]] std::uint64_t encrypt(std::uint64_t plain) const {
    auto left = plain >> k_, right = plain & mask_;
    for (const auto& key : keys_) {
      const auto next = left ^ mix(key, right);
      left = right;
      right = next;
    }
    return left << k_ | right;
  }

  /// D: the inverse of E.
  [[nodiscard]] std::uint64_t decrypt(std::uint64_t fragment) const {
    auto left = fragment >> k_, right = fragment & mask_;
    for (std::size_t r = keys_.size(); r-- > 0;) {
      const auto previous = right ^ mix(keys_[r], left);
      right = left;
      left = previous;
    }
    return left << k_ | right;
  }

  /// The four round keys, each at most 3k bits.
  [[nodiscard]] const std::array<std::uint64_t, 4>& keys() const {
    return keys_;
  }

private:
  [[nodiscard]] std::uint64_t rot(std::uint64_t x, unsigned n) const {
    return (x << n | x >> (k_ - n)) & mask_;
  }
  [[nodiscard]] std::uint64_t mix(std::uint64_t key, std::uint64_t a) const {
    auto b = key & mask_, c = (key >> k_) & mask_, d = (key >> 2 * k_) & mask_;
    a = (a + b) & mask_;
    d = rot(d ^ a, 16);
    c = (c + d) & mask_;
    b = rot(b ^ c, 12);
    a = (a + b) & mask_;
    d = rot(d ^ a, 8);
    c = (c + d) & mask_;
    return rot(b ^ c, 7);
  }

  unsigned k_;
  std::uint64_t mask_;
  std::array<std::uint64_t, 4> keys_{};
};
} // namespace spacetime::space
