#pragma once
// The keyed permutation H_n under every hash of a plot: n double AES rounds.
// Kernels differ in speed only; callers hand them many states at once.

#include "core/base/strong.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace spacetime::space {
/// K1 || K2: the plot id's bytes as they stand.
struct alignas(16) aes_keys {
  bytes32 value{};
};

/// One way to compute H_n. A state is two halves: `lo` holds the words w0
/// (low) and w1, `hi` the words w2 (low) and w3. Any count is allowed; the
/// fastest kernels want 32 or more. Arrays need no alignment.
struct kernel {
  const char* name;
  /// (lo[i], hi[i]) becomes H_n of itself.
  void (*permute)(const aes_keys&, std::uint64_t* lo, std::uint64_t* hi,
                  std::size_t count, std::uint32_t n);
  /// out[i] = w0 of H_16((first + i) ^ flip, 0, 0, 0).
  void (*scan)(const aes_keys&, std::uint32_t first, std::uint32_t flip,
               std::size_t count, std::uint32_t* out);
  /// out[i] = w0 of H_n(lo, hi[i]).
  void (*target)(const aes_keys&, std::uint64_t lo, const std::uint64_t* hi,
                 std::size_t count, std::uint32_t n, std::uint32_t* out);
  /// out[i] = the low half of H_16(lo[i] ^ flip, 0).
  void (*chain)(const aes_keys&, std::uint64_t flip, const std::uint64_t* lo,
                std::size_t count, std::uint64_t* out);
};

/// Those this processor can run, fastest first; the last one runs anywhere.
std::span<const kernel* const> kernels();
inline const kernel& fastest_kernel() {
  return *kernels().front();
}

/// The kernels by themselves; null where the build or the processor has none.
const kernel* vaes_kernel();
const kernel* aes_ni_kernel();
const kernel* portable_kernel();
} // namespace spacetime::space
