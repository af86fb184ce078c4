@0xb3f2c1a09d8e7f61;
# Messages between the actors of one node. Consensus data travels as canonical
# bytes (docs/protocol.md), which core/codec opens; everything else has fields.
# Hashes and keys are 32 bytes, amounts motes, times milliseconds since 1970 UTC
# unless a field says otherwise.
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("spacetime::schema");

struct Id {
  value @0 :Data;
  # 32 bytes: a block, transaction or account id.
}

struct Tx {
  raw @0 :Data;
  # Canonical transaction, 159 to 239 bytes.
}

struct TxList {
  raws @0 :List(Data);
}

struct TxVerdicts {
  # One for each transaction of an offer, in its order.
  struct Verdict {
    code @0 :UInt8;
    # An errc; 0: it waits now, or passes the check that was asked for.
    detail @1 :Text;
  }
  verdicts @0 :List(Verdict);
}

struct SavedTxs {
  # Transactions with the times of their arrival.
  struct Entry {
    raw @0 :Data;
    since @1 :UInt64;
  }
  entries @0 :List(Entry);
}

struct PoolQuery {
  # A page of what waits: up to `limit` behind a place, best rates first.
  limit @0 :UInt32;
  fee @1 :UInt64;
  size @2 :UInt32;
  id @3 :Data;
  # The place: fee, bytes and id of a transaction; size 0: from the start.
}

struct PoolPage {
  struct Entry {
    raw @0 :Data;
    since @1 :UInt64;
    future @2 :Bool;
    # An earlier nonce of its sender is missing.
  }
  entries @0 :List(Entry);
}

struct PoolStats {
  struct Counter {
    name @0 :Text;
    count @1 :UInt64;
  }
  struct Cell {
    from @0 :UInt64;
    # Rates from here to the next cell, in motes per 1,000 bytes.
    count @1 :UInt64;
    bytes @2 :UInt64;
  }
  txs @0 :UInt64;
  bytes @1 :UInt64;
  maxBytes @2 :UInt64;
  senders @3 :UInt64;
  future @4 :UInt64;
  # Of txs: above a missing nonce.
  minRate @5 :UInt64;
  # What an offer must pay now, in motes per 1,000 bytes.
  added @6 :UInt64;
  gone @7 :List(Counter);
  # By reason.
  refused @8 :List(Counter);
  # By the name of the error.
  rates @9 :List(Cell);
  # Those that are not empty, lowest first.
}

struct TxFate {
  # What has become of a transaction that was in the mempool.
  enum What {
    confirmed @0;
    replaced @1;
    evicted @2;
    expired @3;
    invalid @4;
  }
  what @0 :What;
  block @1 :Data;
  # Id of the block that holds it; empty unless confirmed.
  height @2 :UInt32;
}

struct Block {
  raw @0 :Data;
  # u32 header length, header, body; at most 4 MiB.
  source @1 :UInt64;
  # Who gave it, by a number of the sender's choice, so that none fills a pool
  # alone; 0: this node itself.
}

struct Context {
  raw @0 :Data;
  # A chain context (core/codec/context.hpp).
}

struct CheckedBlock {
  # A block that has passed R1 to R12.
  block @0 :Data;
  context @1 :Data;
  # The chain context behind it.
  late @2 :Bool;
  # It arrived after 0.3 tau of the epoch that follows its own.
}

struct Verdict {
  # What became of an accepted block, or of an operator's order.
  tip @0 :Bool;
  # It is the new tip; else it waits on a side branch. Of an order: the tip is
  # another one now.
  height @1 :UInt32;
  # Of the block. Of an order: of the tip.
}

struct ForkList {
  # Tips beside the best chain, the heaviest first.
  struct Fork {
    id @0 :Data;
    height @1 :UInt32;
    epoch @2 :UInt64;
    weight @3 :Data;
    # 32 bytes big-endian, of the whole chain.
    pointId @4 :Data;
    pointHeight @5 :UInt32;
    # The last block that it shares with the best chain.
    standing @6 :UInt8;
    # consensus::standing
    cause @7 :Data;
    # The lowest block that is invalid or invalidated; empty: none.
    code @8 :UInt8;
    # errc of an invalid one, else 0.
  }
  forks @0 :List(Fork);
}

struct ReorgList {
  # Steps that took blocks off the chain, the last one first.
  struct Reorg {
    time @0 :UInt64;
    forkHeight @1 :UInt32;
    disconnected @2 :UInt32;
    connected @3 :UInt32;
    # Numbers of blocks.
    oldTip @4 :Data;
    newTip @5 :Data;
    reason @6 :Text;
    # "heavier", "invalidate" or "reconsider".
  }
  reorgs @0 :List(Reorg);
}

struct Commit {
  # One durable step of the chain, written by storage in one transaction.
  struct NewBlock {
    id @0 :Data;
    context @1 :Data;
    raw @2 :Data;
    # Empty: stored before.
    undo @3 :Data;
    # Empty: not connected.
  }
  struct AccountWrite {
    id @0 :Data;
    value @1 :Data;
    # Canonical account; empty: erase.
  }
  blocks @0 :List(NewBlock);
  forkHeight @1 :UInt32;
  # Heights above it are replaced by `connected`, if there is a `tip`.
  connected @2 :List(Data);
  # Ids of the blocks above forkHeight, lowest first.
  accounts @3 :List(AccountWrite);
  rewards @4 :Data;
  # Canonical reward list after the step.
  batch @5 :Bool;
  # A power loss may take it back until a later commit or a sync is durable.
  tip @6 :Data;
  # Id of the tip after the step; empty: heights, accounts and tip stay.
  invalidated @7 :List(Data);
  reconsidered @8 :List(Data);
  # Ids that get, and lose, the operator's mark.
}

struct TipChange {
  # One event per change of the tip, after it is durable.
  disconnected @0 :List(Data);
  # Blocks that left the chain, highest first, as raw blocks.
  connected @1 :List(Data);
  # Blocks that joined it, lowest first, as raw blocks. Both are empty on
  # subscription.
  tip @2 :Data;
  # Chain context of the tip.
}

struct Draft {
  # A block body to try on the tip's state.
  parent @0 :Data;
  # Block id; another tip by now is answered with `stale`.
  payee @1 :Data;
  epoch @2 :UInt64;
  txs @3 :List(Data);
}

struct DraftAnswer {
  stateRoot @0 :Data;
  accepted @1 :List(UInt32);
  # Indices of the draft's transactions that apply, in order.
}

struct Account {
  nonce @0 :UInt64;
  balance @1 :UInt64;
  immature @2 :UInt64;
  # Rewards of this account that are not credited yet.
  height @3 :UInt32;
  # Of the tip that this answer belongs to.
}

struct IdList {
  values @0 :Data;
  # Ids one after another, 32 bytes each; at most 1,024.
}

struct AccountList {
  # Accounts in the order of the ids that were asked for.
  struct Entry {
    nonce @0 :UInt64;
    balance @1 :UInt64;
    # Both 0 if it does not exist.
  }
  accounts @0 :List(Entry);
  height @1 :UInt32;
  # Of the tip that this answer belongs to.
}

struct Tick {
  # A proven step of the time chain inside one era.
  era @0 :UInt64;
  seed @1 :Data;
  from @2 :UInt64;
  ticks @3 :UInt64;
  squarings @4 :UInt64;
  # Per tick.
  start @5 :Data;
  end @6 :Data;
  proof @7 :Data;
  # 100 bytes each.
}

struct TickList {
  ticks @0 :List(Tick);
}

struct Scan {
  # A challenge for every plot.
  epoch @0 :UInt64;
  challenge @1 :Data;
  target @2 :Data;
  # 32 bytes big-endian; only a score below it is worth a proof.
  filterBits @3 :UInt32;
  deadlineMs @4 :UInt64;
  # Lookups that have not started this long after arrival are late.
}

struct Ticket {
  # A winning plot with its full proof of space.
  epoch @0 :UInt64;
  challenge @1 :Data;
  k @2 :UInt8;
  strength @3 :UInt8;
  farmer @4 :Data;
  payout @5 :Data;
  seed @6 :Data;
  proof @7 :Data;
}

struct ScanReport {
  # One per challenge and scanner.
  epoch @0 :UInt64;
  scanner @1 :Text;
  plots @2 :UInt32;
  bytes @3 :UInt64;
  eligible @4 :UInt32;
  # Plots that passed the filter.
  done @5 :UInt32;
  late @6 :UInt32;
  errors @7 :UInt32;
  chains @8 :UInt32;
  lookupMicros @9 :List(UInt32);
  # Time of each lookup from arrival to result.
  problems @10 :List(Text);
  # Plots that cannot be used, by name and reason; at most 100.
}

struct Status {
  # What an actor says of itself.
  struct Entry {
    key @0 :Text;
    value @1 :Text;
  }
  enum Health {
    ok @0;
    degraded @1;
    failing @2;
    absent @3;
  }
  health @0 :Health;
  why @1 :Text;
  # Empty when ok.
  entries @2 :List(Entry);
}

struct Snapshot {
  # Telemetry of the observed actors of one process.
  struct Actor {
    name @0 :Text;
    id @1 :UInt64;
    restarts @2 :UInt32;
    depth @3 :UInt64;
    # Messages enqueued and not handled yet.
    handled @4 :UInt64;
    refused @5 :UInt64;
    # Messages without a handler.
    p50Ns @6 :UInt64;
    p99Ns @7 :UInt64;
    # Handler run time, sampled, rounded up to a power of two.
  }
  actors @0 :List(Actor);
}
