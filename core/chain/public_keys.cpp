#include "core/chain/public_keys.hpp"

#include "core/crypto/hash.hpp"

namespace spacetime {
result<secret_key> public_test_key(std::string_view network_name,
                                   std::uint32_t index) {
  // The name carries no length: the part after it has a fixed width.
  return secret_key::from(
      hash("st/public-key", {view(network_name), be(index)}));
}
} // namespace spacetime
