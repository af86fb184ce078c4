#pragma once
// Reading the chain on disk; store.hpp writes it.

#include "core/base/strong.hpp"
#include "core/disk/lmdb.hpp"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace spacetime::disk {
struct stored_tick {
  std::uint64_t i; ///< number inside its era
  bytes tick;
};

struct chain_files; // store_detail.hpp

/// Reads committed data, each call in a snapshot of its own. Copies are cheap;
/// they may live in any thread, and keep the files open while they live.
/// Errors of every function: `not_found`; `corrupt` naming file, table or
/// offset; `busy` without a read slot; `io_error`.
class reader {
public:
  [[nodiscard]] network_id network() const;
  result<block_id> tip() const;
  /// Header and body. `not_found` also for a block kept without them.
  result<bytes> block(const block_id& id) const;
  result<bytes> index_record(const block_id& id) const;
  result<block_id> id_at(height at) const;
  result<bytes> account(const account_id& id) const;
  result<bytes> rewards() const;
  result<bytes> undo(const block_id& id) const;
  /// Proven ticks from number `from` on, ascending, at most `limit`.
  result<std::vector<stored_tick>> ticks(const bytes32& seed,
                                         std::uint64_t from,
                                         std::size_t limit = 1024) const;
  /// Every seed that has ticks, ascending.
  result<std::vector<bytes32>> tick_seeds() const;
  result<bytes> era_proof(const bytes32& seed) const;

  /// Shows all index records in one snapshot, by id; `see` returns false to
  /// stop. `timed_out` after `longest`: a snapshot keeps freed pages from being
  /// used again, and the map from growing. At start nobody else waits.
  status
  for_each_index(const std::function<bool(const block_id&, byte_view)>& see,
                 std::chrono::milliseconds longest = forever) const;
  /// All accounts, likewise, from `from` on.
  status
  for_each_account(const std::function<bool(const account_id&, byte_view)>& see,
                   const account_id& from = {},
                   std::chrono::milliseconds longest = forever) const;

  [[nodiscard]] environment_info info() const;
  /// Names and numbers of entries.
  result<std::vector<std::pair<std::string, std::uint64_t>>> tables() const;

  /// A consistent copy, also under writes, into an empty or new directory.
  status copy_to(const path& directory) const;

  static constexpr std::chrono::milliseconds forever =
      std::chrono::hours{24 * 365};

protected:
  explicit reader(std::shared_ptr<chain_files> files)
      : files_(std::move(files)) {}
  std::shared_ptr<chain_files> files_;
  friend class store;
};
} // namespace spacetime::disk
