#include "core/consensus/challenge.hpp"

#include "core/crypto/hash.hpp"

namespace spacetime::consensus {
challenge challenge_of(const bytes32& era_seed, epoch e, const bytes100& y) {
  return {hash("st/challenge", {era_seed, be(e.value), y})};
}

bytes32 infusion_of(const plot_id& plot, byte_view quality_blob) {
  return hash("st/infusion", {plot.value, quality_blob});
}

bytes32 next_seed(const bytes32& era_seed, std::uint64_t era,
                  const bytes100& y_end, const bytes32& infusion) {
  return hash("st/era", {era_seed, be(era), y_end, infusion});
}

bytes32 history_leaf(const block_id& id, const bytes32& chain_weight) {
  return hash("st/hist-leaf", {id.value, chain_weight});
}
} // namespace spacetime::consensus
