#include "core/space/feistel.hpp"

namespace spacetime::space {
namespace {
// Bits [start, start + 3k) of the plot id, bit 0 the most significant one.
// The slice is gathered modulo 2^64 before the shift, as the original does:
// for wide slices the top bits are lost.
std::uint64_t slice(const bytes32& id, unsigned start, unsigned width) {
  const auto offset = start % 8;
  const auto count = (offset + width + 7) / 8;
  std::uint64_t value = 0;
  for (unsigned i = 0; i < count; ++i) value = value << 8 | id[start / 8 + i];
  value >>= 8 * count - offset - width;
  return value & mask(width);
}
} // namespace

feistel::feistel(const plot_params& p) : k_(p.k), mask_(mask(p.k)) {
  for (unsigned r = 0; r < keys_.size(); ++r)
    keys_[r] = slice(p.id.value, r * (256 - 3 * k_) / 3, 3 * k_);
}
} // namespace spacetime::space
