#include "core/crypto/secret.hpp"

#include <botan/mem_ops.h>

namespace spacetime {
void wipe(std::span<std::uint8_t> raw) {
  Botan::secure_scrub_memory(raw.data(), raw.size());
}
} // namespace spacetime
