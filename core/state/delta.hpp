#pragma once
// What one block changes: enough to undo it and to store it.

#include "core/state/account.hpp"

#include <optional>
#include <span>
#include <vector>

namespace spacetime::state {
/// Fees and subsidy of a block, until they are credited.
struct reward {
  spacetime::height height; ///< of the block that earned it
  account_id payee;
  amount value;
  friend bool operator==(const reward&, const reward&) = default;
};

struct account_change {
  account_id id;
  account before, after; ///< never equal
  friend bool operator==(const account_change&,
                         const account_change&) = default;
};

/// The difference between the states before and after a block.
struct delta {
  spacetime::height height;             ///< of the block
  std::vector<account_change> accounts; ///< ids strictly ascending
  std::optional<reward> credited;       ///< left the front of the rewards
  reward earned;                        ///< joined their end; of this height
  bytes32 root_before{}, root_after{};  ///< state roots
  friend bool operator==(const delta&, const delta&) = default;
};

/// Keeps the promises in the comments above.
bool well_formed(const delta& d);

/// u32 height | u8 credited? | [reward] | reward | root before[32] |
/// root after[32] | u32 n | n x (id[32] | account before | account after),
/// where a reward is u32 height | payee[32] | u64 amount.
bytes encode(const delta& d);
/// The only encoding of its value. Errors: `malformed`.
result<delta> decode_delta(byte_view raw);

/// u32 n | n rewards: what the rewards root covers.
bytes encode(std::span<const reward> rewards);
/// Heights must be consecutive, from 1 or more. Errors: `malformed`.
result<std::vector<reward>> decode_rewards(byte_view raw);
/// Heights are consecutive and above 0.
bool well_formed(std::span<const reward> rewards);
} // namespace spacetime::state
