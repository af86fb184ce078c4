#include "core/space/prove.hpp"

#include "core/space/blake3.hpp"

#include <algorithm>

namespace spacetime::space {
namespace {
bytes32 expand(const plot_id& id, const bytes32& input) {
  std::array<std::uint8_t, 64> message;
  std::copy(id.value.begin(), id.value.end(), message.begin());
  std::copy(input.begin(), input.end(), message.begin() + 32);
  return blake3(message);
}

std::uint64_t little_endian(const bytes32& raw, std::size_t at,
                            std::size_t count) {
  std::uint64_t out = 0;
  for (std::size_t i = count; i-- > 0;) out = out << 8 | raw[at + i];
  return out;
}

constexpr std::size_t block = 128;           // above nearly every set's size
constexpr std::size_t most_hashes = 1 << 22; // 68 times the mean

class search {
public:
  search(const tables& plot, const challenge_keys& keys,
         const set_fragments& sets)
      : plot_(plot), keys_(keys), sets_(sets) {}

  std::vector<chain> run() {
    for (start_ = 0; start_ < sets_.size(); ++start_) extend(0, 0);
    return std::move(found_);
  }

private:
  void extend(unsigned link, std::uint64_t previous) {
    auto rest = sets_[(start_ + link) % sets_.size()];
    while (!rest.empty() && hashes_ < most_hashes) {
      const auto now = rest.first(std::min(rest.size(), block));
      rest = rest.subspan(now.size());
      hashes_ += now.size();
      extend_by(now, link, previous);
    }
  }

  void extend_by(std::span<const std::uint64_t> fragments, unsigned link,
                 std::uint64_t previous) {
    std::array<std::uint64_t, block> values;
    plot_.with().chain(plot_.keys(), previous ^ keys_.round_keys[link],
                       fragments.data(), fragments.size(), values.data());
    const std::uint64_t zeros = link == 0 ? 3 : 63; // most fail by these alone
    for (std::size_t i = 0; i < fragments.size(); ++i) {
      if ((values[i] & zeros) != 0 || !link_passes(link, values[i])) continue;
      path_.fragments[link] = fragments[i];
      if (link + 1 == chain_length)
        found_.push_back(path_);
      else
        extend(link + 1, values[i]);
    }
  }

  const tables& plot_;
  const challenge_keys& keys_;
  const set_fragments& sets_;
  std::size_t start_ = 0, hashes_ = 0;
  chain path_;
  std::vector<chain> found_;
};
} // namespace

challenge_keys derive_keys(const plot_id& id, unsigned k,
                           const bytes32& space_challenge) {
  challenge_keys out;
  auto h = expand(id, space_challenge);
  for (std::size_t i = 0; i < 4; ++i)
    out.sets[i] =
        (little_endian(h, 4 * i, 4) & mask(k - 6) & ~std::uint64_t{3}) | i;
  for (std::size_t j = 0; j < 4; ++j) {
    for (std::size_t i = 0; i < 4; ++i)
      out.round_keys[4 * j + i] = little_endian(h, 8 * i, 8);
    if (j < 3) h = expand(id, h);
  }
  return out;
}

std::vector<chain> find_chains(const tables& plot, const challenge_keys& keys,
                               const set_fragments& sets) {
  return search{plot, keys, sets}.run();
}

std::vector<chain> find_chains(const plot_params& p,
                               const bytes32& space_challenge,
                               const set_fragments& sets) {
  return find_chains(tables{p}, derive_keys(p.id, p.k, space_challenge), sets);
}
} // namespace spacetime::space
