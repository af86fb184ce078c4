#pragma once
// Actors that stand in for the neighbours of the one under test: they note what
// they are asked and answer as the test says.

#include "actors/boot.hpp"
#include "core/consensus/timeline.hpp"
#include "tests/actors/deterministic.hpp"

#include <caf/response_promise.hpp>

namespace spacetime::test {
/// One kind of request: what came, and what becomes of it.
template <class Message>
struct script {
  std::vector<Message> seen;
  std::optional<caf::error> refuse; ///< the answer, if there is one
  bool hold = false;                ///< answered by `let_go` alone
  std::vector<caf::response_promise> held;
};

struct storage_script {
  script<commit_msg> commits;
  script<tick_msg> ticks;
  std::vector<consensus::tick> stored; ///< answer to `ticks`
};
struct state_script {
  script<checked_block_msg> blocks;
  script<draft_msg> drafts;
  bytes32 state_root{};       ///< of every draft
  std::uint32_t accepted = 0; ///< that many of a draft's first transactions
  tip_change_msg tip;         ///< answer to `follow`
  script<id_msg> accounts;    ///< each has `balance` and `nonce`
  script<id_list_msg> lists;  ///< the same, many at once
  std::uint64_t balance = 0, nonce = 0;
};
struct mempool_script {
  script<std::uint32_t> asked; ///< for the best
  std::vector<tx> best;
};
struct validator_script {
  script<block_msg> blocks;
  script<tick_msg> ticks;
};
struct farmer_script {
  script<ticket_msg> tickets;
  std::vector<scan_report_msg> reports;
  scan_msg open; ///< answer to `follow`
};
/// Whoever listens.
struct heard {
  std::vector<tip_change_msg> tips;
  std::vector<tick_msg> ticks;
  std::vector<tick_list_msg> tick_lists;
  std::vector<scan_msg> scans;
};

/// Each lives as long as the test; the script outlives it.
storage_actor fake_storage(deterministic& t, storage_script& s);
state_actor fake_state(deterministic& t, state_script& s);
mempool_actor fake_mempool(deterministic& t, mempool_script& s);
validator_actor fake_validator(deterministic& t, validator_script& s);
farmer_actor fake_farmer(deterministic& t, farmer_script& s);
/// Take it with `actor_cast` as the listener that it should be.
caf::actor listener(deterministic& t, heard& h);

/// Answers the oldest held request of a fake, with success or an error.
template <class Handle>
void let_go(deterministic& t, const Handle& fake,
            std::optional<caf::error> with = {}) {
  const auto to = caf::actor_cast<caf::actor>(fake);
  if (with)
    caf::anon_send(to, atom::respawn_v, *with);
  else
    caf::anon_send(to, atom::respawn_v);
  t.run();
}

tick_msg message_of(const consensus::tick& t);
std::vector<consensus::tick> ticks_of(const std::vector<tick_msg>& all);
/// The event of a new tip; `connected` and `disconnected` hold raw blocks.
tip_change_msg tip_event(const consensus::chain_context& tip,
                         const std::vector<bytes>& connected = {},
                         const std::vector<bytes>& disconnected = {});
consensus::chain_context tip_of(const tip_change_msg& m);
block_msg message_of(byte_view raw_block, std::uint64_t source = 0);
id_msg id_message(const bytes32& id);
id_list_msg id_list_message(const std::vector<bytes32>& ids);
tx_msg message_of(const tx& t);
} // namespace spacetime::test
