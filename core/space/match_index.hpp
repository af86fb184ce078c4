#pragma once

#include "core/space/params.hpp"

#include <bit>
#include <span>
#include <vector>

namespace spacetime::space {
/// Looks records up by their match info, a nearly uniform k-bit number:
/// buckets by its top bits, about one record in each, and before them a bit
/// field that turns away most lookups without touching the buckets.
/// `Record` has a member `std::uint32_t info`.
template <class Record>
class match_index {
public:
  match_index(unsigned k, std::span<const Record> records) {
    const auto log2 = static_cast<unsigned>(std::bit_width(records.size() | 1));
    shift_ = k - std::min(k, log2);
    bit_shift_ = k - std::min(k, log2 + 2);
    heads_.assign((std::size_t{1} << (k - shift_)) + 2, 0);
    bits_.assign(((std::size_t{1} << (k - bit_shift_)) + 63) / 64, 0);
    sorted_.resize(records.size());
    auto* next = heads_.data() + 2; // two ahead: placing moves it by one
    for (const auto& r : records) {
      ++next[r.info >> shift_];
      const auto bit = r.info >> bit_shift_;
      bits_[bit / 64] |= std::uint64_t{1} << (bit % 64);
    }
    for (std::size_t i = 3; i < heads_.size(); ++i) heads_[i] += heads_[i - 1];
    --next;
    for (const auto& r : records) sorted_[next[r.info >> shift_]++] = r;
  }

  /// False: no record has this match info. True: one may.
  [[nodiscard]] bool may_hold(std::uint32_t info) const {
    const auto bit = info >> bit_shift_;
    return (bits_[bit / 64] >> (bit % 64) & 1) != 0;
  }

  template <class Use>
  void for_each(std::uint32_t info, Use&& use) const {
    if (!may_hold(info)) return;
    const auto end = heads_[(info >> shift_) + 1];
    for (auto i = heads_[info >> shift_]; i < end; ++i)
      if (sorted_[i].info == info) use(sorted_[i]);
  }

private:
  unsigned shift_ = 0, bit_shift_ = 0;
  std::vector<std::uint32_t> heads_;
  std::vector<std::uint64_t> bits_;
  std::vector<Record> sorted_;
};
} // namespace spacetime::space
