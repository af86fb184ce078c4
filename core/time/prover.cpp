#include "core/time/prover.hpp"

#include "core/base/check.hpp"
#include "core/time/verifier.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <utility>

namespace spacetime::vdf {
namespace {
// Forms kept at most, about 290 bytes each at 1024 bits: 5 MB for each of two
// ticks and 10 MB for the era.
constexpr std::uint64_t dense_forms = 16'384;
constexpr std::uint64_t sparse_forms = 32'768;
constexpr std::uint64_t smallest_stride = 8;
constexpr std::uint64_t squarings_per_look = 256;

bool is_set(const std::atomic<bool>* flag) {
  return flag != nullptr && flag->load(std::memory_order_relaxed);
}

std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) {
  return a / b + (a % b != 0 ? 1 : 0);
}

std::uint64_t stride_for(std::uint64_t squarings, std::uint64_t forms) {
  return std::max(smallest_stride, ceil_div(squarings, forms));
}

/// How the quotient q = floor(2^T / B) is cut up. Block i is the bits of q
/// from the i-th checkpoint x_i (0: the start) to the next. It is cut into
/// digits of `width` bits, the last of which may have fewer: so any stride
/// serves any width. Digits m of all blocks make part m, and the proof is
///   prod over m of (prod over i of x_i^digit(i, m))^(2^(width m)).
struct layout {
  std::uint64_t squarings; ///< T
  std::uint64_t first;     ///< bits of block 0
  std::uint64_t stride;    ///< bits of every other block
  std::uint64_t blocks;
  std::uint64_t parts;
  unsigned width;
};

/// Products that `parts` parts cost: one per digit and, for each bucket, two
/// in the running products.
std::uint64_t cost(const layout& l) {
  return l.blocks * l.parts + (l.parts << l.width);
}

/// The width of least cost. T = 1.6 M from 16,327 forms: width 11, 9 parts,
/// 165 K products. 64 such ticks from 32,768 forms: width 12, 9.6 M.
layout plan(const checkpoints& from, std::uint64_t squarings) {
  layout best{squarings, std::min(from.first, squarings), from.stride, 1, 0, 0};
  if (squarings > from.first)
    best.blocks += ceil_div(squarings - from.first, from.stride);
  const auto longest = best.blocks > 1 ? best.stride : best.first;
  for (unsigned width = 1; width <= 16; ++width) {
    auto l = best;
    l.width = width;
    l.parts = ceil_div(longest, width);
    if (best.width == 0 || cost(l) < cost(best)) best = l;
  }
  return best;
}

/// Digits of q without q: with e = 2^(T - at - width) mod B, the `width` bits
/// of q from bit `at` on are floor(2^width e / B).
class digits {
public:
  explicit digits(const integer& b) : b_(b) {}

  /// e for the digit at `at`.
  void go_to(std::uint64_t squarings, std::uint64_t at, unsigned width) {
    power(e_, squarings - at - width);
  }
  /// Moves `stride` bits down; needs `set_stride` before.
  void go_down() {
    mpz_mul(e_, e_, step_);
    mpz_tdiv_r(e_, e_, b_);
  }
  void set_stride(std::uint64_t stride) { power(step_, stride); }

  /// The digit in Booth's signed form, -2^(width-1) ... 2^(width-1): the bit
  /// below it is added and its own top bit counts negative. `lowest`: there
  /// is no bit below.
  long take(unsigned width, bool lowest) {
    mpz_mul_2exp(rest_, e_, width);
    mpz_tdiv_qr(quotient_, rest_, rest_, b_);
    auto digit = static_cast<long>(mpz_get_ui(quotient_));
    if ((digit >> (width - 1)) != 0) digit -= 1L << width;
    mpz_mul_2exp(rest_, rest_, 1);
    if (!lowest && mpz_cmp(rest_, b_) >= 0) ++digit;
    return digit;
  }

private:
  void power(integer& out, std::uint64_t exponent) {
    mpz_set_ui(out, 2);
    mpz_powm_ui(out, out, exponent, b_);
  }

  const integer& b_;
  integer e_, step_, rest_, quotient_;
};

/// A product that starts empty, so that nothing is multiplied by one.
struct product {
  form value;
  bool empty = true;

  void multiply(class_group& group, const form& f) {
    if (empty)
      value = f;
    else
      group.multiply(value, f);
    empty = false;
  }
  void multiply(class_group& group, const product& f) {
    if (!f.empty) multiply(group, f.value);
  }
};

/// One thread's share of a proof.
class worker {
public:
  worker(const discriminant& d, const checkpoints& from, const layout& l,
         const integer& b, const std::atomic<bool>* cancel)
      : from_(from), layout_(l), cancel_(cancel), group_(d), digits_(b),
        buckets_((std::size_t{1} << (l.width - 1)) + 1) {
    digits_.set_stride(l.stride);
  }

  /// Part m; whatever it is after a cancel, nobody looks.
  product part(std::uint64_t m) {
    for (auto& bucket : buckets_) bucket.empty = true;
    fill_from_start(m);
    fill_from_blocks(m);
    return empty_buckets();
  }

private:
  /// Bits of digit m in a block of `bits` bits.
  [[nodiscard]] unsigned width_of(std::uint64_t m, std::uint64_t bits) const {
    const auto skipped = m * layout_.width;
    if (skipped >= bits) return 0;
    return static_cast<unsigned>(
        std::min<std::uint64_t>(layout_.width, bits - skipped));
  }

  void fill_from_start(std::uint64_t m) {
    const auto width = width_of(m, layout_.first);
    if (width == 0) return;
    const auto at = m * layout_.width;
    digits_.go_to(layout_.squarings, at, width);
    put(from_.start, digits_.take(width, at == 0));
  }

  void fill_from_blocks(std::uint64_t m) {
    const auto width = width_of(m, layout_.stride);
    const auto lowest = layout_.first + m * layout_.width;
    // B > 2^263: a digit that reaches up to bit T or above is zero.
    if (layout_.blocks < 2 || width == 0 || lowest + width > layout_.squarings)
      return;
    auto i = (layout_.squarings - lowest - width) / layout_.stride;
    digits_.go_to(layout_.squarings, lowest + i * layout_.stride, width);
    while (!is_set(cancel_)) {
      put(from_.every[i], digits_.take(width, false));
      if (i-- == 0) break;
      digits_.go_down();
    }
  }

  void put(const form& f, long digit) {
    if (digit == 0) return;
    auto& bucket = buckets_[static_cast<std::size_t>(std::abs(digit))];
    if (digit > 0) return bucket.multiply(group_, f);
    inverse_ = f;
    class_group::invert(inverse_);
    bucket.multiply(group_, inverse_);
  }

  /// The product of bucket_d^d: each step multiplies by all buckets above.
  product empty_buckets() {
    product above;
    product out;
    for (auto d = buckets_.size() - 1; d > 0 && !is_set(cancel_); --d) {
      above.multiply(group_, buckets_[d]);
      out.multiply(group_, above);
    }
    return out;
  }

  const checkpoints& from_;
  const layout& layout_;
  const std::atomic<bool>* cancel_;
  class_group group_;
  digits digits_;
  std::vector<product> buckets_;
  form inverse_;
};

std::vector<product> make_parts(const discriminant& d, const checkpoints& from,
                                const layout& l, const integer& b,
                                unsigned threads,
                                const std::atomic<bool>* cancel) {
  std::vector<product> parts(l.parts);
  const auto share = [&](std::uint64_t first) {
    worker w(d, from, l, b, cancel);
    for (auto m = first; m < l.parts && !is_set(cancel); m += threads)
      parts[m] = w.part(m);
  };
  std::vector<std::thread> others;
  for (unsigned t = 1; t < threads && t < l.parts; ++t)
    others.emplace_back(share, t);
  share(0);
  for (auto& other : others) other.join();
  return parts;
}
} // namespace

evaluation::evaluation(const discriminant& d, form start,
                       std::uint64_t tick_squarings, std::uint64_t ticks)
    : d_(d), group_(d), current_(std::move(start)),
      tick_squarings_(tick_squarings), total_(tick_squarings * ticks),
      dense_stride_(stride_for(tick_squarings, dense_forms)),
      sparse_stride_(stride_for(total_, sparse_forms)), marks_{current_} {
  check(ticks > 0 && tick_squarings > 0
            && tick_squarings < (std::uint64_t{1} << 63) / ticks,
        "the length of an era");
}

evaluation::evaluation(const discriminant& d, std::uint64_t tick_squarings,
                       std::uint64_t ticks)
    : evaluation(d, generator(d), tick_squarings, ticks) {}

result<evaluation> evaluation::from(const discriminant& d, byte_view start,
                                    std::uint64_t tick_squarings,
                                    std::uint64_t ticks) {
  auto f = decode(d, start);
  if (!f) return fail(f.error());
  return evaluation(d, std::move(*f), tick_squarings, ticks);
}

status evaluation::advance(std::uint64_t n, const std::atomic<bool>* cancel) {
  check(n <= total_ - squarings_, "squarings past the era's end");
  while (n > 0) {
    if (is_set(cancel)) return fail(errc::cancelled);
    const auto in_tick = squarings_ % tick_squarings_;
    const auto step =
        std::min({n, squarings_per_look, tick_squarings_ - in_tick,
                  dense_stride_ - in_tick % dense_stride_,
                  sparse_stride_ - squarings_ % sparse_stride_});
    group_.square(current_, step);
    squarings_ += step;
    n -= step;
    record();
  }
  return {};
}

void evaluation::record() {
  if (squarings_ % sparse_stride_ == 0) sparse_.push_back(current_);
  const auto in_tick = squarings_ % tick_squarings_;
  if (in_tick == 0) {
    marks_.push_back(current_);
    proven_ = std::exchange(dense_, {});
  } else if (in_tick % dense_stride_ == 0) {
    dense_.push_back(current_);
  }
}

checkpoints evaluation::range(std::uint64_t from, std::uint64_t to) const {
  check(from < to && to <= ticks(), "a range of whole ticks");
  if (to == ticks() && from + 1 == to)
    return {marks_[from], dense_stride_, dense_stride_, proven_};
  const auto start = from * tick_squarings_;
  const auto before = start / sparse_stride_;
  const auto until = (to * tick_squarings_) / sparse_stride_;
  return {marks_[from],
          (before + 1) * sparse_stride_ - start,
          sparse_stride_,
          {sparse_.begin() + static_cast<std::ptrdiff_t>(before),
           sparse_.begin() + static_cast<std::ptrdiff_t>(until)}};
}

result<bytes100> prove(const discriminant& d, const checkpoints& from,
                       std::uint64_t squarings, const bytes100& y,
                       unsigned threads, const std::atomic<bool>* cancel) {
  check(squarings > 0 && from.first > 0 && from.first <= from.stride
            && threads > 0,
        "prove's arguments");
  const auto l = plan(from, squarings);
  if (from.every.size() + 1 < l.blocks) return fail(errc::internal);
  const auto b = challenge_prime(encode(d, from.start), y);
  const auto parts = make_parts(d, from, l, b, threads, cancel);

  class_group group(d);
  auto proof = identity(d);
  for (auto m = l.parts; m-- > 0 && !is_set(cancel);) {
    group.square(proof, l.width);
    if (!parts[m].empty) group.multiply(proof, parts[m].value);
  }
  if (is_set(cancel)) return fail(errc::cancelled);
  return encode(d, proof);
}
} // namespace spacetime::vdf
