#pragma once

#include "core/base/strong.hpp"
#include "core/crypto/hash.hpp"

namespace spacetime {
/// The account of a key: H("st/account", u8 version 0, key).
inline account_id account_of(const public_key& key) {
  return {hash("st/account", {be(std::uint8_t{0}), key.value})};
}
} // namespace spacetime
