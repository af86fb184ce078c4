#pragma once
// Forks and reorganisations as messages.

#include "actors/protocol.hpp"
#include "core/base/result.hpp"
#include "core/consensus/fork_tree.hpp"

#include <deque>

namespace spacetime {
/// A step that took blocks off the chain.
struct reorg {
  timestamp time; ///< of the commit, by this node's clock
  height fork;
  std::uint32_t disconnected = 0, connected = 0; ///< blocks
  block_id old_tip, new_tip;
  std::string reason; ///< "heavier", "invalidate" or "reconsider"
};

fork_list_msg message_of(const std::vector<consensus::fork>& forks);
/// Errors: `malformed`.
result<std::vector<consensus::fork>> open(const fork_list_msg& m);

/// The last one comes first.
reorg_list_msg message_of(const std::deque<reorg>& oldest_first);
/// Errors: `malformed`.
result<std::vector<reorg>> open(const reorg_list_msg& m);
} // namespace spacetime
