#pragma once
// The map: who can be asked what. One comment per message. Requests go to
// actors booted earlier, events to those booted later; actors.def is the order.
// Every error is an `errc`; every actor answers `status`.

#include "actors/wire.hpp"
#include "core/base/error.hpp"
#include "schemas/node.capnp.h"

#include <caf/error.hpp>
#include <caf/type_id.hpp>
#include <caf/typed_actor.hpp>

namespace spacetime {
using account_msg = wire_message<schema::Account>;
using account_list_msg = wire_message<schema::AccountList>;
using block_msg = wire_message<schema::Block>;
using checked_block_msg = wire_message<schema::CheckedBlock>;
using commit_msg = wire_message<schema::Commit>;
using context_msg = wire_message<schema::Context>;
using draft_msg = wire_message<schema::Draft>;
using draft_answer_msg = wire_message<schema::DraftAnswer>;
using fork_list_msg = wire_message<schema::ForkList>;
using id_msg = wire_message<schema::Id>;
using id_list_msg = wire_message<schema::IdList>;
using pool_page_msg = wire_message<schema::PoolPage>;
using pool_query_msg = wire_message<schema::PoolQuery>;
using pool_stats_msg = wire_message<schema::PoolStats>;
using saved_txs_msg = wire_message<schema::SavedTxs>;
using reorg_list_msg = wire_message<schema::ReorgList>;
using scan_msg = wire_message<schema::Scan>;
using scan_report_msg = wire_message<schema::ScanReport>;
using snapshot_msg = wire_message<schema::Snapshot>;
using status_msg = wire_message<schema::Status>;
using tick_msg = wire_message<schema::Tick>;
using tick_list_msg = wire_message<schema::TickList>;
using ticket_msg = wire_message<schema::Ticket>;
using tip_change_msg = wire_message<schema::TipChange>;
using tx_fate_msg = wire_message<schema::TxFate>;
using tx_msg = wire_message<schema::Tx>;
using tx_list_msg = wire_message<schema::TxList>;
using tx_verdicts_msg = wire_message<schema::TxVerdicts>;
using verdict_msg = wire_message<schema::Verdict>;
} // namespace spacetime

CAF_BEGIN_TYPE_ID_BLOCK(spacetime, caf::first_custom_type_id)
// Atoms have at most 10 characters.
CAF_ADD_ATOM(spacetime, spacetime::atom, account, "account")
CAF_ADD_ATOM(spacetime, spacetime::atom, best, "best")
CAF_ADD_ATOM(spacetime, spacetime::atom, context, "context")
CAF_ADD_ATOM(spacetime, spacetime::atom, fee, "fee")
CAF_ADD_ATOM(spacetime, spacetime::atom, find, "find")
CAF_ADD_ATOM(spacetime, spacetime::atom, follow, "follow")
CAF_ADD_ATOM(spacetime, spacetime::atom, forks, "forks")
CAF_ADD_ATOM(spacetime, spacetime::atom, invalidate, "invalidate")
CAF_ADD_ATOM(spacetime, spacetime::atom, list, "list")
CAF_ADD_ATOM(spacetime, spacetime::atom, load, "load")
CAF_ADD_ATOM(spacetime, spacetime::atom, reconsider, "reconsider")
CAF_ADD_ATOM(spacetime, spacetime::atom, renew, "renew")
CAF_ADD_ATOM(spacetime, spacetime::atom, reorgs, "reorgs")
CAF_ADD_ATOM(spacetime, spacetime::atom, respawn, "respawn")
CAF_ADD_ATOM(spacetime, spacetime::atom, save, "save")
CAF_ADD_ATOM(spacetime, spacetime::atom, stats, "stats")
CAF_ADD_ATOM(spacetime, spacetime::atom, status, "status")
CAF_ADD_ATOM(spacetime, spacetime::atom, sync, "sync")
CAF_ADD_ATOM(spacetime, spacetime::atom, ticks, "ticks")
CAF_ADD_ATOM(spacetime, spacetime::atom, wait, "wait")
CAF_ADD_ATOM(spacetime, spacetime::atom, wake, "wake")
CAF_ADD_ATOM(spacetime, spacetime::atom, work, "work")

namespace spacetime {
/// Every actor.
using status_actor = caf::typed_actor<
    // Health and the key-value pairs that it publishes.
    caf::replies_to<atom::status>::with<status_msg>>;

/// Whoever follows somebody; sent to itself.
using follower_actor = caf::typed_actor<
    // Renew the places at those one follows.
    caf::reacts_to<atom::renew>>;

/// Who hears of the tip. A follower renews its place every `lease / 3`.
using tip_listener = caf::typed_actor<
    // The chain has another tip, durably.
    caf::reacts_to<tip_change_msg>>;

/// Who hears of proven ticks.
using tick_listener = caf::typed_actor<
    // The time chain went on; the tick is proven and stored.
    caf::reacts_to<tick_msg>,
    // Those of the tip's era and later, when one starts to follow.
    caf::reacts_to<tick_list_msg>>;

/// Who looks challenges up.
using scan_listener = caf::typed_actor<
    // A new challenge; replaces the one before.
    caf::reacts_to<scan_msg>>;

/// STORAGE: the only writer of the database and the segment files.
using storage_actor = caf::typed_actor<
    // Makes one step of the chain durable, then answers.
    caf::replies_to<commit_msg>::with<void>,
    // Makes durable what was committed with `batch`.
    caf::replies_to<atom::sync>::with<void>,
    // Stores a proven tick durably.
    caf::replies_to<tick_msg>::with<void>,
    // Stored ticks of an era and later ones.
    caf::replies_to<atom::ticks, std::uint64_t>::with<tick_list_msg>,
    // The chain context behind a stored block; `not_found`.
    caf::replies_to<atom::context,
                    id_msg>::with<context_msg>>::extend_with<status_actor>;

/// STATE: the ledger at the tip, fork choice, reorganisations.
using state_actor = caf::typed_actor<
    // Takes a block that passed R1-R12: R13, R14, commit, perhaps a new tip.
    caf::replies_to<checked_block_msg>::with<verdict_msg>,
    // Which of these transactions apply now, and the root behind them; `stale`.
    caf::replies_to<draft_msg>::with<draft_answer_msg>,
    // An account at the tip; zeros if it does not exist.
    caf::replies_to<atom::account, id_msg>::with<account_msg>,
    // Many at once, in the order of the ids; `too_large` above 1,024.
    caf::replies_to<atom::account, id_list_msg>::with<account_list_msg>,
    // The operator takes a stored block, and what builds on it, off, durably.
    caf::replies_to<atom::invalidate, id_msg>::with<verdict_msg>,
    // He takes it back, and max_reorg does not stand in its way.
    caf::replies_to<atom::reconsider, id_msg>::with<verdict_msg>,
    // At most so many tips beside the best chain.
    caf::replies_to<atom::forks, std::uint32_t>::with<fork_list_msg>,
    // The last reorganisations since the start, at most 100.
    caf::replies_to<atom::reorgs>::with<reorg_list_msg>,
    // Tells of each tip for `lease`; answers with the present one.
    caf::replies_to<atom::follow, tip_listener>::with<tip_change_msg>>::
    extend_with<status_actor>;

/// MEMPOOL: transactions that wait for a block.
using mempool_actor = caf::typed_actor<
    // Offers a transaction; answers with the pool size.
    caf::replies_to<tx_msg>::with<std::uint32_t>,
    // Offers up to 500 in order; a verdict for each. `too_large`, `busy`.
    caf::replies_to<tx_list_msg>::with<tx_verdicts_msg>,
    // The best-paying ones that fit (bytes, count), each sender's in order.
    caf::replies_to<atom::best, std::uint32_t,
                    std::uint32_t>::with<tx_list_msg>,
    // A waiting transaction by id; `not_found`.
    caf::replies_to<atom::find, id_msg>::with<tx_msg>,
    // What is left of an account (id, nonce, balance) behind all that waits
    // of it: the next nonce, the spendable balance.
    caf::replies_to<atom::account, id_msg, std::uint64_t,
                    std::uint64_t>::with<account_msg>,
    // A page of what waits, best rates first.
    caf::replies_to<atom::list, pool_query_msg>::with<pool_page_msg>,
    // Counters, and how many wait at which rate.
    caf::replies_to<atom::stats>::with<pool_stats_msg>,
    // Motes per 1,000 bytes that put an offer before all but so many bytes.
    caf::replies_to<atom::fee, std::uint64_t>::with<std::uint64_t>,
    // What a transaction has become, as soon as it waits no more, if within
    // so many ms; `not_found`, `busy`.
    caf::replies_to<atom::wait, id_msg, std::uint64_t>::with<tx_fate_msg>>::
    extend_with<tip_listener>::extend_with<follower_actor>::extend_with<
        status_actor>;

/// VALIDATOR: R1 to R12, on a pool of workers.
using validator_actor = caf::typed_actor<
    // Checks a block and hands it to state; its verdict. After `unknown_parent`
    // and `timestamp_too_late` it waits here, as far as the pools have room.
    caf::replies_to<block_msg>::with<verdict_msg>,
    // Checks the proof of a tick; later blocks that use it pass quickly.
    caf::replies_to<tick_msg>::with<void>,
    // The time of a held block has come; sent to itself.
    caf::reacts_to<atom::wake>>::extend_with<tip_listener>::
    extend_with<follower_actor>::extend_with<status_actor>;

/// TIMELORD: squares on its own thread and proves on another.
using timelord_actor = caf::typed_actor<
    // Tells of each proven tick for `lease`; answers with those of the tip's
    // era and later.
    caf::replies_to<atom::follow, tick_listener>::with<tick_list_msg>,
    // Its own threads have made and proven a tick.
    caf::reacts_to<atom::work, tick_msg>>::extend_with<tip_listener>::
    extend_with<follower_actor>::extend_with<status_actor>;

/// FARMER: the farming key, tickets, block building.
using farmer_actor = caf::typed_actor<
    // Registers a scanner by name for `lease`; answers with the open challenge.
    caf::replies_to<atom::follow, scan_listener, std::string>::with<scan_msg>,
    // A winning ticket; `stale` when its window has passed.
    caf::replies_to<ticket_msg>::with<void>,
    // What a scanner did for one challenge.
    caf::reacts_to<scan_report_msg>,
    // Build a block of this epoch's best ticket now; sent to itself.
    caf::reacts_to<atom::wake, std::uint64_t>>::extend_with<tip_listener>::
    extend_with<tick_listener>::extend_with<follower_actor>::extend_with<
        status_actor>;

/// PLOT SCANNER: plot files and the disks they lie on; one or many, anywhere.
using plot_scanner_actor =
    scan_listener::extend_with<follower_actor>::extend_with<status_actor>;

/// INSPECTOR: telemetry of every actor of its process; the console asks it.
using inspector_actor = caf::typed_actor<
    // Facts about every observed actor of this process.
    caf::replies_to<atom::stats>::with<snapshot_msg>>::
    extend_with<status_actor>;

/// RPC: JSON-RPC over HTTP; its threads ask the actors above.
using rpc_actor =
    tip_listener::extend_with<follower_actor>::extend_with<status_actor>;
} // namespace spacetime

CAF_ADD_TYPE_ID(spacetime, (spacetime::account_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::account_list_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::block_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::checked_block_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::commit_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::context_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::draft_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::draft_answer_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::fork_list_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::id_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::id_list_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::pool_page_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::pool_query_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::pool_stats_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::saved_txs_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::reorg_list_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::scan_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::scan_report_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::snapshot_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::status_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::tick_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::tick_list_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::ticket_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::tip_change_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::tx_fate_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::tx_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::tx_list_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::tx_verdicts_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::verdict_msg))
CAF_ADD_TYPE_ID(spacetime, (spacetime::tip_listener))
CAF_ADD_TYPE_ID(spacetime, (spacetime::tick_listener))
CAF_ADD_TYPE_ID(spacetime, (spacetime::scan_listener))
CAF_END_TYPE_ID_BLOCK(spacetime)
CAF_ERROR_CODE_ENUM(spacetime::errc, "spacetime")
