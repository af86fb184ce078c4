#pragma once
// Bech32m (BIP-350), and addresses in it.

#include "core/base/result.hpp"
#include "core/base/strong.hpp"

#include <string>
#include <string_view>

namespace spacetime {
/// What a bech32m string carries.
struct bech32m_parts {
  std::string prefix; ///< human-readable part, lower case
  bytes groups;       ///< 5 bits each, values 0-31, without the checksum
  friend bool operator==(const bech32m_parts&, const bech32m_parts&) = default;
};

/// Lower-case bech32m text.
/// @pre prefix: characters 33-126, none upper-case, at least one; groups below
///   32; prefix + groups at most 83 characters
std::string bech32m_encode(std::string_view prefix, byte_view groups);

/// Errors: `bad_encoding` for a length, character or case that bech32m does not
/// know, `bad_checksum` when the text is mistyped.
result<bech32m_parts> bech32m_decode(std::string_view text);

/// The address of an account: bech32m of version 0 and the account's 32 bytes.
/// `hrp` is the network's prefix, e.g. "st". @pre as bech32m_encode
std::string encode_address(std::string_view hrp, const account_id& account);

/// The account of an address on the network of prefix `hrp`.
/// Errors: `bad_checksum` when it is mistyped, `bad_encoding` when it belongs
/// to another network or is no address; the detail says which.
result<account_id> decode_address(std::string_view hrp, std::string_view text);
} // namespace spacetime
