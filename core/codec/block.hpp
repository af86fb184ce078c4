#pragma once

#include "core/base/result.hpp"
#include "core/chain/block.hpp"

namespace spacetime::codec {
/// No header is longer than this plus 202 bytes per time entry (R1).
inline constexpr std::size_t header_base_limit = 4096;
inline constexpr std::size_t time_entry_bytes = 202;

/// Canonical header; docs/protocol.md, "Block", gives the layout.
bytes encode(const header& h);
/// The same without the signature: what the block id covers.
bytes encode_unsigned(const header& h);
/// H("st/block", network id, unsigned header).
block_id id_of(const network_id& network, const header& h);
/// Exactly one header. The only encoding of its value, by construction.
/// Errors (R1): `malformed`, `too_large`.
result<header> decode_header(byte_view raw);

/// Body: u32 count, then for each transaction u16 length and its bytes.
bytes encode_body(const std::vector<tx>& txs);
/// Bytes of `encode_body` without making them.
std::size_t body_size(const std::vector<tx>& txs);

/// In messages and files: u32 header length | header | body.
bytes encode(const block& b);
/// Errors (R1): `malformed`, also for whatever is wrong with the bytes of a
/// transaction, as nothing shows yet that they are the header's; `too_large`.
result<block> decode_block(const network_id& network, byte_view raw);
/// Only the header of such bytes.
result<header> header_of_block(byte_view raw);

/// Only the transaction at this place, from 0. Errors: `malformed`,
/// `bad_tx_format`; `not_found` if the block has fewer.
result<tx> tx_of_block(const network_id& network, byte_view raw,
                       std::uint32_t position);

/// H("st/tx-leaf", txid, signature) each, joined by "st/tx-node".
bytes32 tx_root(const std::vector<tx>& txs);
} // namespace spacetime::codec
