#include "core/space/quality.hpp"

#include "core/crypto/hash.hpp"

#include <bit>

namespace spacetime::space {
quality quality_blob(std::uint8_t strength, const chain& c) {
  quality out;
  out[0] = strength;
  auto* at = out.data() + 1;
  for (auto fragment : c.fragments)
    for (int i = 0; i < 8; ++i, fragment >>= 8)
      *at++ = static_cast<std::uint8_t>(fragment);
  return out;
}

plot_id make_plot_id(const network_id& network, std::uint8_t k,
                     std::uint8_t strength, const public_key& farmer,
                     const bytes32& payout, const bytes32& seed) {
  return {hash("st/plot", {network.value, be(k), be(strength), farmer.value,
                           payout, seed})};
}

bytes32 plot_seed(const bytes32& farm_secret, std::uint64_t index) {
  return hash("st/plot-seed", {farm_secret, be(index)});
}

bytes32 space_challenge(const plot_id& id, const challenge& c) {
  return hash("st/space", {id.value, c.value});
}

bool passes_filter(const plot_id& id, const challenge& c, unsigned bits) {
  check(bits <= 256, "a filter has at most 256 bits");
  if (bits == 0) return true;
  const auto h = hash("st/filter", {id.value, c.value});
  unsigned zeros = 0;
  for (auto byte : h) {
    zeros += static_cast<unsigned>(std::countl_zero(byte));
    if (byte != 0) break;
  }
  return zeros >= bits;
}

u256 score(const challenge& c, byte_view quality_blob) {
  return to_u256(hash("st/score", {c.value, quality_blob}));
}

u256 sim_score(const challenge& c, const plot_id& id) {
  return to_u256(hash("st/sim-score", {c.value, id.value}));
}
} // namespace spacetime::space
