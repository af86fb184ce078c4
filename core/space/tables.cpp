#include "core/space/tables.hpp"

namespace spacetime::space {
tables::tables(const plot_params& p, const kernel& with)
    : params_(p), cipher_(p), keys_{p.id.value}, kernel_(&with),
      flip_(p.testnet ? 0xa3b1c4d7 : 0) {
  check(check(p).has_value(), "tables of valid plot parameters");
}

std::uint32_t tables::g(std::uint32_t x) const {
  std::uint32_t out = 0;
  g(x, {&out, 1});
  return out;
}

void tables::g(std::uint32_t first, std::span<std::uint32_t> out) const {
  kernel_->scan(keys_, first, flip_, out.size(), out.data());
  const auto low = static_cast<std::uint32_t>(mask(params_.k));
  for (auto& info : out) info &= low;
}

std::uint32_t tables::target(unsigned table, std::uint32_t key,
                             std::uint64_t meta) const {
  std::uint32_t out = 0;
  target(table, key, {&meta, 1}, {&out, 1});
  return out;
}

void tables::target(unsigned table, std::uint32_t key,
                    std::span<const std::uint64_t> metas,
                    std::span<std::uint32_t> out) const {
  const auto lo = table | std::uint64_t{key} << 32;
  kernel_->target(keys_, lo, metas.data(), metas.size(),
                  hash_rounds(params_, table), out.data());
  const auto low =
      static_cast<std::uint32_t>(mask(target_bits(params_, table)));
  for (auto& t : out) t &= low;
}

pairing tables::pair(unsigned table, std::uint64_t left,
                     std::uint64_t right) const {
  pair(table, {&left, 1}, {&right, 1});
  return {left, right};
}

void tables::pair(unsigned table, std::span<std::uint64_t> left,
                  std::span<std::uint64_t> right) const {
  kernel_->permute(keys_, left.data(), right.data(), left.size(),
                   hash_rounds(params_, table));
}

std::uint64_t tables::chain(std::uint64_t v) const {
  std::uint64_t out = 0;
  kernel_->chain(keys_, 0, &v, 1, &out);
  return out;
}
} // namespace spacetime::space
