#include "core/time/simulated.hpp"

#include "core/crypto/hash.hpp"

namespace spacetime::vdf {
bytes100 simulated_tick(const bytes32& seed, std::uint64_t i) {
  const auto digest = hash("st/sim", {seed, be(i)});
  bytes100 out{};
  std::copy(digest.begin(), digest.end(), out.begin());
  return out;
}
} // namespace spacetime::vdf
