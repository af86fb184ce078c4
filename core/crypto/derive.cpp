#include "core/crypto/derive.hpp"

#include "core/crypto/hash.hpp"

namespace spacetime {
namespace {
derived_key derive(std::string_view tag, const secret_array<64>& seed,
                   std::uint32_t index) {
  return first_valid_key(index, [&](std::uint32_t i) {
    return hash(tag, {seed.value, be(i)});
  });
}
} // namespace

derived_key wallet_key(const secret_array<64>& seed, std::uint32_t index) {
  return derive("st/wallet-key", seed, index);
}

derived_key farmer_key(const secret_array<64>& seed, std::uint32_t index) {
  return derive("st/farmer-key", seed, index);
}

secret_array<32> farm_secret(const secret_array<64>& seed) {
  secret_array<32> out;
  out.value = hash("st/farm-secret", {seed.value});
  return out;
}
} // namespace spacetime
