#pragma once

#include "core/base/result.hpp"
#include "core/tx/tx.hpp"

namespace spacetime::codec {
/// Canonical bytes, seal included: u8 version | u8 type | sender[32] |
/// u64 nonce | recipient[32] | u64 amount | u64 fee | u32 expiry | u8 n |
/// memo[n] | signature[64]; integers big-endian. 159 to 239 bytes.
bytes encode(const tx& t);
/// The same without the seal: what the id covers.
bytes encode_unsigned(const tx& t);
/// H("st/tx", network id, unsigned bytes).
tx_id id_of(const network_id& network, const tx& t);
/// Exactly one transaction; its id is computed for `network`.
/// Errors: `bad_tx_size` (truncated, surplus, memo length), `bad_tx_version`,
/// `bad_tx_format` (type).
result<tx> decode_tx(const network_id& network, byte_view raw);

/// Bytes of a transaction with a memo of n bytes.
constexpr std::size_t tx_size(std::size_t memo) {
  return 159 + memo;
}
} // namespace spacetime::codec
