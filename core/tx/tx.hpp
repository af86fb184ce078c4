#pragma once

#include "core/base/strong.hpp"

namespace spacetime {
/// A signed payment; docs/protocol.md, "Transactions". Canonical bytes and the
/// id come from core/codec/tx.hpp.
struct tx {
  static constexpr std::uint8_t version = 1; ///< the only one
  static constexpr std::uint8_t payment = 1; ///< the only type
  static constexpr std::size_t max_memo = 80;

  public_key sender;     ///< who pays and signs
  std::uint64_t nonce{}; ///< counts the sender's transactions from 0
  account_id recipient;  ///< not the sender's own
  amount value;          ///< paid to the recipient, above 0, in motes
  amount fee;            ///< paid to the farmer, in motes
  height expiry;         ///< the last block that may hold it; 0: any
  bytes memo;            ///< at most `max_memo` bytes, without meaning
  signature seal;        ///< the sender's, over the id
  tx_id id;              ///< of all the above but the seal, on one network

  friend bool operator==(const tx&, const tx&) = default;
};
} // namespace spacetime
