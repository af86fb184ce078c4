// One AESENC is one round; eight states at once hide its latency.
#include "core/space/hash.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>
#include <array>

#define AES_NI __attribute__((target("aes,sse4.1")))
#define AES_NI_INLINE                                                          \
  __attribute__((always_inline, target("aes,sse4.1"))) inline

// States must stay in registers; at -O2 GCC keeps short loops rolled.
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

namespace spacetime::space {
namespace {
constexpr std::size_t lanes = 8;

AES_NI_INLINE void rounds(const aes_keys& keys, __m128i* s, std::uint32_t n) {
  const auto* raw = reinterpret_cast<const __m128i*>(keys.value.data());
  const __m128i k1 = _mm_load_si128(raw);
  const __m128i k2 = _mm_load_si128(raw + 1);
  __m128i a = s[0], b = s[1], c = s[2], d = s[3];
  __m128i e = s[4], f = s[5], g = s[6], h = s[7];
  for (; n > 0; --n) {
    a = _mm_aesenc_si128(a, k1), b = _mm_aesenc_si128(b, k1);
    c = _mm_aesenc_si128(c, k1), d = _mm_aesenc_si128(d, k1);
    e = _mm_aesenc_si128(e, k1), f = _mm_aesenc_si128(f, k1);
    g = _mm_aesenc_si128(g, k1), h = _mm_aesenc_si128(h, k1);
    a = _mm_aesenc_si128(a, k2), b = _mm_aesenc_si128(b, k2);
    c = _mm_aesenc_si128(c, k2), d = _mm_aesenc_si128(d, k2);
    e = _mm_aesenc_si128(e, k2), f = _mm_aesenc_si128(f, k2);
    g = _mm_aesenc_si128(g, k2), h = _mm_aesenc_si128(h, k2);
  }
  s[0] = a, s[1] = b, s[2] = c, s[3] = d;
  s[4] = e, s[5] = f, s[6] = g, s[7] = h;
}

AES_NI_INLINE __m128i state(std::uint64_t lo, std::uint64_t hi) {
  return _mm_set_epi64x(static_cast<long long>(hi), static_cast<long long>(lo));
}

AES_NI_INLINE std::uint64_t low(__m128i s) {
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(s));
}

AES_NI_INLINE std::uint64_t high(__m128i s) {
  return static_cast<std::uint64_t>(_mm_extract_epi64(s, 1));
}

AES_NI_INLINE std::uint32_t first_word(__m128i s) {
  return static_cast<std::uint32_t>(_mm_cvtsi128_si32(s));
}

// Runs op.step on eight states at a time, and on a copy of the last few.
template <class Op>
AES_NI_INLINE void for_each_batch(const Op& op, std::size_t count) {
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) op.step(i);
  if (i < count) op.tail(i, count - i);
}

// Halves of the last few states, padded to a whole batch.
struct padded {
  std::array<std::uint64_t, lanes> value{};
  padded(const std::uint64_t* from, std::size_t live) {
    std::copy_n(from, live, value.begin());
  }
};

struct permute_op {
  const aes_keys& keys;
  std::uint64_t *lo, *hi;
  std::uint32_t n;

  AES_NI_INLINE void step(std::size_t at) const {
    __m128i s[lanes];
    UNROLL for (std::size_t j = 0; j < lanes; ++j) s[j] =
        state(lo[at + j], hi[at + j]);
    rounds(keys, s, n);
    UNROLL for (std::size_t j = 0; j < lanes; ++j) {
      lo[at + j] = low(s[j]);
      hi[at + j] = high(s[j]);
    }
  }
  AES_NI_INLINE void tail(std::size_t at, std::size_t live) const {
    padded a{lo + at, live}, b{hi + at, live};
    permute_op{keys, a.value.data(), b.value.data(), n}.step(0);
    std::copy_n(a.value.begin(), live, lo + at);
    std::copy_n(b.value.begin(), live, hi + at);
  }
};

struct scan_op {
  const aes_keys& keys;
  std::uint32_t first, flip;
  std::uint32_t* out;

  AES_NI_INLINE void step(std::size_t at) const {
    __m128i s[lanes];
    UNROLL for (std::size_t j = 0; j < lanes; ++j) s[j] =
        state((first + static_cast<std::uint32_t>(at + j)) ^ flip, 0);
    rounds(keys, s, 16);
    UNROLL for (std::size_t j = 0; j < lanes; ++j) out[at + j] =
        first_word(s[j]);
  }
  AES_NI_INLINE void tail(std::size_t at, std::size_t live) const {
    std::array<std::uint32_t, lanes> some;
    scan_op{keys, first + static_cast<std::uint32_t>(at), flip, some.data()}
        .step(0);
    std::copy_n(some.begin(), live, out + at);
  }
};

struct target_op {
  const aes_keys& keys;
  std::uint64_t lo;
  const std::uint64_t* hi;
  std::uint32_t n;
  std::uint32_t* out;

  AES_NI_INLINE void step(std::size_t at) const {
    __m128i s[lanes];
    UNROLL for (std::size_t j = 0; j < lanes; ++j) s[j] = state(lo, hi[at + j]);
    rounds(keys, s, n);
    UNROLL for (std::size_t j = 0; j < lanes; ++j) out[at + j] =
        first_word(s[j]);
  }
  AES_NI_INLINE void tail(std::size_t at, std::size_t live) const {
    const padded some{hi + at, live};
    std::array<std::uint32_t, lanes> words;
    target_op{keys, lo, some.value.data(), n, words.data()}.step(0);
    std::copy_n(words.begin(), live, out + at);
  }
};

struct chain_op {
  const aes_keys& keys;
  std::uint64_t flip;
  const std::uint64_t* lo;
  std::uint64_t* out;

  AES_NI_INLINE void step(std::size_t at) const {
    __m128i s[lanes];
    UNROLL for (std::size_t j = 0; j < lanes; ++j) s[j] =
        state(lo[at + j] ^ flip, 0);
    rounds(keys, s, 16);
    UNROLL for (std::size_t j = 0; j < lanes; ++j) out[at + j] = low(s[j]);
  }
  AES_NI_INLINE void tail(std::size_t at, std::size_t live) const {
    padded some{lo + at, live};
    chain_op{keys, flip, some.value.data(), some.value.data()}.step(0);
    std::copy_n(some.value.begin(), live, out + at);
  }
};

AES_NI void permute(const aes_keys& keys, std::uint64_t* lo, std::uint64_t* hi,
                    std::size_t count, std::uint32_t n) {
  for_each_batch(permute_op{keys, lo, hi, n}, count);
}

AES_NI void scan(const aes_keys& keys, std::uint32_t first, std::uint32_t flip,
                 std::size_t count, std::uint32_t* out) {
  for_each_batch(scan_op{keys, first, flip, out}, count);
}

AES_NI void target(const aes_keys& keys, std::uint64_t lo,
                   const std::uint64_t* hi, std::size_t count, std::uint32_t n,
                   std::uint32_t* out) {
  for_each_batch(target_op{keys, lo, hi, n, out}, count);
}

AES_NI void chain(const aes_keys& keys, std::uint64_t flip,
                  const std::uint64_t* lo, std::size_t count,
                  std::uint64_t* out) {
  for_each_batch(chain_op{keys, flip, lo, out}, count);
}

constexpr kernel aes_ni{"aes-ni", permute, scan, target, chain};
} // namespace

const kernel* aes_ni_kernel() {
  return __builtin_cpu_supports("aes") && __builtin_cpu_supports("sse4.1")
             ? &aes_ni
             : nullptr;
}
} // namespace spacetime::space
#else
namespace spacetime::space {
const kernel* aes_ni_kernel() {
  return nullptr;
}
} // namespace spacetime::space
#endif
