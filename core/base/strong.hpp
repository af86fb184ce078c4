#pragma once
// Types that do not mix: a height is not an amount.

#include "core/base/bytes.hpp"

#include <compare>
#include <cstring>
#include <functional>

namespace spacetime {
/// A value of type `T` that only meets values of the same `Tag`.
template <class Tag, class T>
struct strong {
  using value_type = T;
  T value{};
  friend auto operator<=>(const strong&, const strong&) = default;
};

/// Number of blocks between a block and genesis; genesis is 0.
using height = strong<struct height_tag, std::uint32_t>;
/// Number of VDF ticks since genesis; docs/protocol.md, "Time".
using epoch = strong<struct epoch_tag, std::uint64_t>;
/// Smallest unit of coin, the mote; 10^9 motes = 1 ST.
using amount = strong<struct amount_tag, std::uint64_t>;
/// Milliseconds since 1970-01-01 UTC.
using timestamp = strong<struct timestamp_tag, std::uint64_t>;

using block_id = strong<struct block_id_tag, bytes32>;
using tx_id = strong<struct tx_id_tag, bytes32>;
using plot_id = strong<struct plot_id_tag, bytes32>;
/// H("st/account", version 0, key): who owns coins.
using account_id = strong<struct account_id_tag, bytes32>;
using network_id = strong<struct network_id_tag, bytes32>;
/// What an epoch asks of every plot: c_e.
using challenge = strong<struct challenge_tag, bytes32>;
/// An x-only secp256k1 public key (BIP-340).
using public_key = strong<struct public_key_tag, bytes32>;
/// A BIP-340 signature.
using signature = strong<struct signature_tag, bytes64>;
} // namespace spacetime

/// Ids are hashes already: their first bytes serve.
template <class Tag>
struct std::hash<spacetime::strong<Tag, spacetime::bytes32>> {
  std::size_t
  operator()(const spacetime::strong<Tag, spacetime::bytes32>& x) const {
    std::size_t out = 0;
    std::memcpy(&out, x.value.data(), sizeof out);
    return out;
  }
};
