#include "core/space/park.hpp"

#include <bit>

namespace spacetime::space {
namespace {
constexpr std::size_t most_fragments = 0xffff;

constexpr std::size_t bytes_for(std::size_t bits) {
  return (bits + 7) / 8;
}

// Both streams run from the least significant bit of byte 0 up.
class bit_writer {
public:
  explicit bit_writer(bytes& out) : out_(out) {}
  /// Appends the `n` low bits of x, n <= 32. @pre x < 2^n
  void put(std::uint64_t x, unsigned n) {
    buffer_ |= x << held_;
    for (held_ += n; held_ >= 8; held_ -= 8, buffer_ >>= 8)
      out_.push_back(static_cast<std::uint8_t>(buffer_));
  }
  void pad() {
    if (held_ > 0) put(0, 8 - held_);
  }

private:
  bytes& out_;
  std::uint64_t buffer_ = 0;
  unsigned held_ = 0;
};

// Little-endian word at `at`; bytes past the end read as zero.
std::uint64_t word_at(byte_view raw, std::size_t at) {
  std::uint64_t out = 0;
  if (raw.size() >= 8 && at <= raw.size() - 8) {
    for (unsigned i = 0; i < 8; ++i)
      out |= std::uint64_t{raw[at + i]} << (8 * i); // one load, once compiled
    return out;
  }
  for (unsigned i = 0; i < 8 && at + i < raw.size(); ++i)
    out |= std::uint64_t{raw[at + i]} << (8 * i);
  return out;
}

// Reads unary numbers: q zero bits, then a one bit.
class unary_reader {
public:
  explicit unary_reader(byte_view raw) : raw_(raw) {}

  /// False at the end of the stream.
  bool take(std::uint64_t& q) {
    q = 0;
    while (bits_ == 0) {
      if (at_ >= raw_.size()) return false;
      q += left_;
      bits_ = word_at(raw_, at_);
      at_ += 8;
      left_ = 64;
    }
    const auto zeros = static_cast<unsigned>(std::countr_zero(bits_));
    q += zeros;
    left_ -= zeros + 1;
    bits_ = bits_ >> zeros >> 1;
    return true;
  }
  /// Whether all is read but less than a byte of zeros.
  [[nodiscard]] bool done() const {
    if (bits_ != 0) return false;
    const auto used = 8 * at_ - left_;
    return bytes_for(used) == raw_.size();
  }

private:
  byte_view raw_;
  std::size_t at_ = 0;     // bytes loaded
  std::uint64_t bits_ = 0; // of the current word, not yet used
  unsigned left_ = 0;      // how many those are
};

tl::unexpected<error> damaged(const char* what) {
  return fail(errc::corrupt, what);
}
} // namespace

std::size_t park_size(unsigned k, std::uint64_t number,
                      std::span<const std::uint64_t> fragments) {
  const auto r = k - 1;
  std::uint64_t previous = number << park_shift(k);
  std::size_t unary = fragments.size();
  for (const auto f : fragments) {
    unary += (f - previous) >> r;
    previous = f;
  }
  return 2 + bytes_for(fragments.size() * r) + bytes_for(unary);
}

void encode_park(unsigned k, std::uint64_t number,
                 std::span<const std::uint64_t> fragments, bytes& out) {
  check(fragments.size() <= most_fragments, "a park fits its 16-bit count");
  const auto r = k - 1;
  const auto base = number << park_shift(k);
  out.push_back(static_cast<std::uint8_t>(fragments.size()));
  out.push_back(static_cast<std::uint8_t>(fragments.size() >> 8));
  bit_writer bits{out};
  auto previous = base;
  for (const auto f : fragments) {
    bits.put((f - previous) & mask(r), r);
    previous = f;
  }
  bits.pad();
  previous = base;
  for (const auto f : fragments) {
    auto q = (f - previous) >> r;
    for (; q >= 32; q -= 32) bits.put(0, 32);
    bits.put(std::uint64_t{1} << q, static_cast<unsigned>(q) + 1);
    previous = f;
  }
  bits.pad();
}

status decode_park(unsigned k, std::uint64_t number, byte_view raw,
                   std::vector<std::uint64_t>& out) {
  if (raw.size() < 2) return damaged("park shorter than its count");
  const std::size_t n = raw[0] | std::size_t{raw[1]} << 8;
  const auto r = k - 1;
  const auto plain = raw.subspan(2);
  if (bytes_for(n * r) > plain.size()) return damaged("park too short");
  const auto remainders = plain.first(bytes_for(n * r));
  unary_reader quotients{plain.subspan(remainders.size())};
  const auto end = (number + 1) << park_shift(k);
  auto value = number << park_shift(k);
  out.reserve(out.size() + n);
  for (std::size_t i = 0; i < n; ++i) {
    std::uint64_t q = 0;
    if (!quotients.take(q)) return damaged("park ends inside a number");
    const auto at = i * r;
    // k <= 30: the remainder and seven bits before it fit into one word.
    const auto rem = (word_at(remainders, at / 8) >> (at % 8)) & mask(r);
    if (q > (end - value) >> r) return damaged("fragment outside its park");
    value += q << r | rem;
    if (value >= end) return damaged("fragment outside its park");
    out.push_back(value);
  }
  const auto used = (n * r) % 8;
  if (used != 0 && remainders.back() >> used != 0)
    return damaged("park padding is not zero");
  if (!quotients.done()) return damaged("bytes after the park");
  return {};
}
} // namespace spacetime::space
