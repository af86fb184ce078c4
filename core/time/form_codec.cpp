#include "core/time/form_codec.hpp"

#include "core/base/check.hpp"

#include <algorithm>
#include <optional>

namespace spacetime::vdf {
namespace {
// Flags of the first byte.
constexpr std::uint8_t negative_b = 0x01;
constexpr std::uint8_t negative_t = 0x02;
constexpr std::uint8_t is_identity = 0x04;
constexpr std::uint8_t is_generator = 0x08;

/// Two thirds of (a, |b|): b is a root of t^2 D modulo a / gcd(a, t), over t.
struct compressed {
  integer a; ///< a / g
  integer t; ///< t / g, signed; 0 stands for b = a
  integer g; ///< gcd(a, t)
  integer b; ///< |b| / a if g > 1, else 0
};

/// Widths in bytes of the four numbers; `extra` is that of g less one.
struct widths {
  std::size_t a, t, g;
  widths(unsigned bits, std::size_t extra)
      : a(bits / 16 - extra), t(bits / 32 - extra), g(extra + 1) {}
};

compressed compress(const form& f) {
  compressed out;
  out.a = f.a;
  if (f.a == f.b) return out;
  integer limit;
  mpz_sqrt(limit, f.a);
  integer r0 = f.a;
  integer r1;
  mpz_abs(r1, f.b);
  integer t0;
  integer t1(1);
  integer q;
  while (mpz_cmp(r1, limit) > 0) {
    mpz_tdiv_qr(q, r0, r0, r1);
    mpz_submul(t0, q, t1);
    r0.swap(r1);
    t0.swap(t1);
  }
  mpz_gcd(out.g, f.a, t1);
  mpz_divexact(out.a, f.a, out.g);
  mpz_divexact(out.t, t1, out.g);
  if (compare(out.g, 1) > 0) {
    mpz_abs(r1, f.b);
    mpz_tdiv_q(out.b, r1, out.a);
  }
  return out;
}

/// a > 0 and |b|, or nothing where a step cannot be undone.
std::optional<form> decompress(const discriminant& d, const compressed& in) {
  // t = 0 stands for b = a: gcd(a, b) = 1, so only for the identity, and
  // that has a byte of its own.
  if (sign(in.a) <= 0 || sign(in.t) == 0 || sign(in.g) <= 0) return {};
  integer x;
  mpz_gcd(x, in.t, in.a);
  if (compare(x, 1) != 0) return {};

  form f;
  mpz_mul(x, in.t, in.t);
  mpz_mul(x, x, d.magnitude());
  mpz_neg(x, x);
  mpz_fdiv_r(x, x, in.a);
  if (mpz_perfect_square_p(x) == 0) return {};
  mpz_sqrt(x, x);
  if (compare(in.a, 1) > 0) {
    mpz_invert(f.b, in.t, in.a);
    mpz_mul(f.b, f.b, x);
    mpz_fdiv_r(f.b, f.b, in.a);
  }
  mpz_addmul(f.b, in.a, in.b);
  mpz_mul(f.a, in.a, in.g);
  return f;
}

/// Whether 4a divides b^2 - D.
bool belongs(const form& f, const discriminant& d) {
  integer x;
  integer y;
  mpz_mul(x, f.b, f.b);
  mpz_add(x, x, d.magnitude());
  mpz_mul_2exp(y, f.a, 2);
  return mpz_divisible_p(x, y) != 0;
}

/// Writes x at `at` and moves on.
void put(std::uint8_t*& at, std::size_t width, mpz_srcptr x) {
  check((bit_size(x) + 7) / 8 <= width, "a compressed form is too wide");
  mpz_export(at, nullptr, -1, 1, -1, 0, x);
  at += width;
}

integer take(byte_view& in, std::size_t width) {
  integer x;
  mpz_import(x, width, -1, 1, -1, 0, in.data());
  in = in.subspan(width);
  return x;
}

result<form> refuse() {
  return fail(errc::bad_proof_of_time);
}

result<form> decode_general(const discriminant& d, byte_view raw) {
  const auto flags = raw[0];
  const std::size_t extra = raw[1];
  if (extra >= d.bits() / 32) return refuse();
  const widths w(d.bits(), extra);
  auto rest = raw.subspan(2);
  compressed in;
  in.a = take(rest, w.a);
  in.t = take(rest, w.t);
  in.g = take(rest, w.g);
  in.b = take(rest, w.g);
  if ((flags & negative_t) != 0) mpz_neg(in.t, in.t);

  auto f = decompress(d, in);
  if (!f || !belongs(*f, d)) return refuse();
  if ((flags & negative_b) != 0) mpz_neg(f->b, f->b);
  return with_third(d, std::move(f->a), std::move(f->b));
}
} // namespace

bytes100 encode(const discriminant& d, const form& f) {
  check(is_reduced(f), "only reduced forms are encoded");
  if (compare(f.a, 1) == 0) return identity_bytes();
  if (compare(f.a, 2) == 0 && compare(f.b, 1) == 0) return generator_bytes();

  const auto in = compress(f);
  const auto extra = (bit_size(in.g) + 7) / 8 - 1;
  const widths w(d.bits(), extra);
  bytes100 out{};
  if (sign(f.b) < 0) out[0] |= negative_b;
  if (sign(in.t) < 0) out[0] |= negative_t;
  out[1] = static_cast<std::uint8_t>(extra);
  auto* at = out.data() + 2;
  put(at, w.a, in.a);
  put(at, w.t, in.t);
  put(at, w.g, in.g);
  put(at, w.g, in.b);
  return out;
}

result<form> decode(const discriminant& d, byte_view raw) {
  if (raw.size() != bytes100{}.size()) return refuse();
  const auto flags = raw[0];
  if (flags > 0x0f) return refuse();
  result<form> f = (flags & is_identity) != 0    ? identity(d)
                   : (flags & is_generator) != 0 ? generator(d)
                                                 : decode_general(d, raw);
  if (!f || !is_reduced(*f)) return refuse();
  const auto again = encode(d, *f);
  if (!std::equal(raw.begin(), raw.end(), again.begin())) return refuse();
  return f;
}
} // namespace spacetime::vdf
