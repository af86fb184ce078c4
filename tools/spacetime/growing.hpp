#pragma once
// Making blocks straight into a database, without a node.

#include "core/disk/chain_loader.hpp"
#include "core/sim/chain_maker.hpp"
#include "tools/spacetime/cli.hpp"

namespace spacetime::cli {
/// A chain that grows in memory and on disk.
struct growing_chain {
  sim::chain_maker& maker;
  disk::store& store;
  disk::loaded_chain at; ///< the tip: moves on with each block
};

struct growth {
  std::uint64_t blocks = 0;
  /// Transactions for the next block.
  std::function<std::vector<tx>(const growing_chain&)> txs{};
  std::optional<account_id> payee{};
  /// A block with a later time stamp is not made.
  std::function<timestamp()> latest{};
  /// Told of each block, after the ledger has moved on.
  std::function<void(const growing_chain&)> made{};
};

struct growth_summary {
  std::uint64_t blocks = 0, txs = 0;
  double seconds = 0;
  bool interrupted = false;
  bool caught_up = false; ///< the next block would be later than `latest`
  [[nodiscard]] double rate() const {
    return seconds > 0 ? static_cast<double>(blocks) / seconds : 0;
  }
};

/// Adds blocks above the tip, with progress on stderr, unpaced. They are
/// written a batch at a time, and at the end or at Ctrl-C: the database always
/// holds a valid chain. Errors: those of `store::apply`.
result<growth_summary> grow(growing_chain& chain, const growth& wanted,
                            const common_flags& flags);
} // namespace spacetime::cli
