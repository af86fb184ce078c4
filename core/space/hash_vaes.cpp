// VAES-512: one instruction is a round of four states; eight registers are
// 32 states. Unpacking eight low and eight high halves gives two registers
// of states, and unpacking those again restores the halves in order.
#include "core/space/hash.hpp"

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 warns of the undefined operand inside its own intrinsics (PR 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <cpuid.h>
#include <immintrin.h>

#include <algorithm>

#define VAES __attribute__((target("avx512f,avx512vl,vaes")))
#define VAES_INLINE                                                            \
  __attribute__((always_inline, target("avx512f,avx512vl,vaes"))) inline

// States must stay in registers; at -O2 GCC keeps short loops rolled.
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

namespace spacetime::space {
namespace {
constexpr std::size_t width = 8;      // 64-bit halves of a register
constexpr std::size_t most_pairs = 4; // pairs of registers in flight

template <std::size_t Registers>
VAES_INLINE void rounds(const aes_keys& keys, __m512i (&s)[Registers],
                        std::uint32_t n) {
  const auto* raw = reinterpret_cast<const __m128i*>(keys.value.data());
  const __m512i k1 = _mm512_broadcast_i32x4(_mm_load_si128(raw));
  const __m512i k2 = _mm512_broadcast_i32x4(_mm_load_si128(raw + 1));
  for (; n > 0; --n) {
    UNROLL for (auto& x : s) x = _mm512_aesenc_epi128(x, k1);
    UNROLL for (auto& x : s) x = _mm512_aesenc_epi128(x, k2);
  }
}

VAES_INLINE __mmask8 live_lanes(std::size_t count) {
  return static_cast<__mmask8>(
      count >= width ? 0xff : (1u << static_cast<unsigned>(count)) - 1);
}

VAES_INLINE __m512i load(const std::uint64_t* p, __mmask8 live) {
  return _mm512_maskz_loadu_epi64(live, p);
}

// Runs op.step on as many pairs as are left, four at most.
template <class Op>
VAES_INLINE void for_each_batch(const Op& op, std::size_t count) {
  for (std::size_t i = 0; i < count; i += most_pairs * width) {
    const auto live = std::min(most_pairs * width, count - i);
    if (live > 3 * width)
      op.template step<4>(i, live);
    else if (live > 2 * width)
      op.template step<3>(i, live);
    else if (live > width)
      op.template step<2>(i, live);
    else
      op.template step<1>(i, live);
  }
}

struct permute_op {
  const aes_keys& keys;
  std::uint64_t *lo, *hi;
  std::uint32_t n;

  template <std::size_t Pairs>
  VAES_INLINE void step(std::size_t at, std::size_t live) const {
    __m512i s[2 * Pairs];
    UNROLL for (std::size_t j = 0; j < Pairs; ++j) {
      const auto lanes = live_lanes(live - j * width);
      const auto a = load(lo + at + j * width, lanes);
      const auto b = load(hi + at + j * width, lanes);
      s[2 * j] = _mm512_unpacklo_epi64(a, b);
      s[2 * j + 1] = _mm512_unpackhi_epi64(a, b);
    }
    rounds(keys, s, n);
    UNROLL for (std::size_t j = 0; j < Pairs; ++j) {
      const auto lanes = live_lanes(live - j * width);
      _mm512_mask_storeu_epi64(lo + at + j * width, lanes,
                               _mm512_unpacklo_epi64(s[2 * j], s[2 * j + 1]));
      _mm512_mask_storeu_epi64(hi + at + j * width, lanes,
                               _mm512_unpackhi_epi64(s[2 * j], s[2 * j + 1]));
    }
  }
};

// Stores w0 of the eight states of a pair.
VAES_INLINE void store_first_words(std::uint32_t* out, __mmask8 lanes,
                                   __m512i even, __m512i odd) {
  const auto low = _mm512_unpacklo_epi64(even, odd);
  _mm512_mask_cvtepi64_storeu_epi32(out, lanes, low);
}

struct scan_op {
  const aes_keys& keys;
  std::uint32_t first, flip;
  std::uint32_t* out;

  template <std::size_t Pairs>
  VAES_INLINE void step(std::size_t at, std::size_t live) const {
    __m512i s[2 * Pairs];
    const auto start = first + static_cast<std::uint32_t>(at);
    auto x = _mm512_add_epi32(
        _mm512_set1_epi64(start),
        _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0)); // wraps inside 32 bits
    const auto zero = _mm512_setzero_si512();
    UNROLL for (std::size_t j = 0; j < Pairs; ++j) {
      const auto a = _mm512_xor_si512(x, _mm512_set1_epi64(flip));
      s[2 * j] = _mm512_unpacklo_epi64(a, zero);
      s[2 * j + 1] = _mm512_unpackhi_epi64(a, zero);
      x = _mm512_add_epi32(x, _mm512_set1_epi64(width));
    }
    rounds(keys, s, 16);
    UNROLL for (std::size_t j = 0; j < Pairs; ++j)
        store_first_words(out + at + j * width, live_lanes(live - j * width),
                          s[2 * j], s[2 * j + 1]);
  }
};

struct target_op {
  const aes_keys& keys;
  std::uint64_t lo;
  const std::uint64_t* hi;
  std::uint32_t n;
  std::uint32_t* out;

  template <std::size_t Pairs>
  VAES_INLINE void step(std::size_t at, std::size_t live) const {
    __m512i s[2 * Pairs];
    const auto a = _mm512_set1_epi64(static_cast<long long>(lo));
    UNROLL for (std::size_t j = 0; j < Pairs; ++j) {
      const auto b = load(hi + at + j * width, live_lanes(live - j * width));
      s[2 * j] = _mm512_unpacklo_epi64(a, b);
      s[2 * j + 1] = _mm512_unpackhi_epi64(a, b);
    }
    rounds(keys, s, n);
    UNROLL for (std::size_t j = 0; j < Pairs; ++j)
        store_first_words(out + at + j * width, live_lanes(live - j * width),
                          s[2 * j], s[2 * j + 1]);
  }
};

struct chain_op {
  const aes_keys& keys;
  std::uint64_t flip;
  const std::uint64_t* lo;
  std::uint64_t* out;

  template <std::size_t Pairs>
  VAES_INLINE void step(std::size_t at, std::size_t live) const {
    __m512i s[2 * Pairs];
    const auto x = _mm512_set1_epi64(static_cast<long long>(flip));
    const auto zero = _mm512_setzero_si512();
    UNROLL for (std::size_t j = 0; j < Pairs; ++j) {
      const auto lanes = live_lanes(live - j * width);
      const auto a = _mm512_xor_si512(load(lo + at + j * width, lanes), x);
      s[2 * j] = _mm512_unpacklo_epi64(a, zero);
      s[2 * j + 1] = _mm512_unpackhi_epi64(a, zero);
    }
    rounds(keys, s, 16);
    UNROLL for (std::size_t j = 0; j < Pairs; ++j) _mm512_mask_storeu_epi64(
        out + at + j * width, live_lanes(live - j * width),
        _mm512_unpacklo_epi64(s[2 * j], s[2 * j + 1]));
  }
};

VAES void permute(const aes_keys& keys, std::uint64_t* lo, std::uint64_t* hi,
                  std::size_t count, std::uint32_t n) {
  for_each_batch(permute_op{keys, lo, hi, n}, count);
}

VAES void scan(const aes_keys& keys, std::uint32_t first, std::uint32_t flip,
               std::size_t count, std::uint32_t* out) {
  for_each_batch(scan_op{keys, first, flip, out}, count);
}

VAES void target(const aes_keys& keys, std::uint64_t lo,
                 const std::uint64_t* hi, std::size_t count, std::uint32_t n,
                 std::uint32_t* out) {
  for_each_batch(target_op{keys, lo, hi, n, out}, count);
}

VAES void chain(const aes_keys& keys, std::uint64_t flip,
                const std::uint64_t* lo, std::size_t count,
                std::uint64_t* out) {
  for_each_batch(chain_op{keys, flip, lo, out}, count);
}

constexpr kernel vaes{"vaes-512", permute, scan, target, chain};

bool has_vaes() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (c & (1u << 9)) != 0;
}
} // namespace

// That of AVX-512 says whether the system saves the wide registers, too.
const kernel* vaes_kernel() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
                 && has_vaes()
             ? &vaes
             : nullptr;
}
} // namespace spacetime::space
#else
namespace spacetime::space {
const kernel* vaes_kernel() {
  return nullptr;
}
} // namespace spacetime::space
#endif
