#include "core/crypto/random.hpp"

#include <botan/system_rng.h>

namespace spacetime {
void fill_random(std::span<std::uint8_t> out) {
  Botan::system_rng().randomize(out.data(), out.size());
}

bytes32 random_bytes32() {
  bytes32 out;
  fill_random(out);
  return out;
}
} // namespace spacetime
