#pragma once

#include "core/base/u256.hpp"
#include "core/tx/tx.hpp"

#include <vector>

namespace spacetime {
/// One proven step of the time chain inside an era.
struct time_entry {
  std::uint16_t ticks{}; ///< at least 1; proof is over ticks * T squarings
  bytes100 y{};          ///< the class-group element after the step
  bytes100 proof{};      ///< Wesolowski's pi
  friend bool operator==(const time_entry&, const time_entry&) = default;
};

/// The winning plot and its proof of space.
struct space_part {
  std::uint8_t k{};        ///< 0 in genesis and in simulated space
  std::uint8_t strength{}; ///< pos2's s
  public_key farmer;       ///< signs the block
  bytes32 payout{};        ///< the only payee; zero: free for each block
  bytes32 seed{};          ///< tells plots of one farmer apart
  bytes proof;             ///< exactly 16 k bytes
  friend bool operator==(const space_part&, const space_part&) = default;
};

/// docs/protocol.md, "Block". Canonical bytes: core/codec/block.hpp.
struct header {
  std::uint16_t version{};
  spacetime::height height;
  spacetime::epoch epoch;
  block_id parent;
  timestamp time;
  u256 target;
  bytes32 history_root{}; ///< Merkle mountain range over all earlier blocks
  bytes32 tx_root{};
  bytes32 state_root{}; ///< after this block
  account_id payee;     ///< receives fees and subsidy after maturity
  std::vector<time_entry> time_entries; ///< from the parent's tick to ours
  space_part space;
  signature seal; ///< the farmer key's, over the block id
  friend bool operator==(const header&, const header&) = default;
};

struct block {
  header head;
  std::vector<tx> txs;
  friend bool operator==(const block&, const block&) = default;
};
} // namespace spacetime
