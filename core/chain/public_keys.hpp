#pragma once
// Keys that everybody knows: the premine of the test networks.

#include "core/crypto/sign.hpp"

#include <string_view>

namespace spacetime {
/// The key of premine account `index` of a test network: the scalar is
/// H("st/public-key", network name, u32 index).
/// Warning: the secret is public, so anybody can spend what it holds. For
/// tests, and for wallets that warn whenever they use it.
/// Errors: `bad_encoding` if the hash is no scalar; of no embedded network.
result<secret_key> public_test_key(std::string_view network_name,
                                   std::uint32_t index);
} // namespace spacetime
