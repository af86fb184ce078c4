#pragma once

#include "core/base/result.hpp"
#include "core/base/strong.hpp"

namespace spacetime::state {
/// What an account id owns. An absent account and one of zeros are the same:
/// it exists iff a field is non-zero.
struct account {
  std::uint64_t nonce{}; ///< of its next transaction
  amount balance;        ///< in motes
  bytes32 extension{};   ///< zero; reserved for contracts

  friend bool operator==(const account&, const account&) = default;
};

inline bool exists(const account& a) {
  return a != account{};
}

/// An account and whose it is; a non-existing one stands for its absence.
struct account_entry {
  account_id id;
  account value;
  friend bool operator==(const account_entry&, const account_entry&) = default;
};

/// u64 nonce | u64 balance | extension[32], big-endian.
inline constexpr std::size_t account_bytes = 48;
std::array<std::uint8_t, account_bytes> encode(const account& a);
/// Exactly one existing account; the only encoding of its value.
/// Errors: `malformed`.
result<account> decode_account(byte_view raw);
/// The next 48 bytes of `in`, absent accounts included.
account take_account(reader& in);
} // namespace spacetime::state
