#pragma once
// Reading the chain on disk; store.hpp writes it.

#include "core/base/strong.hpp"
#include "core/disk/lmdb.hpp"
#include "core/disk/segment_file.hpp"

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace spacetime::disk {
struct stored_tick {
  std::uint64_t i; ///< number inside its era
  bytes tick;
};

/// Tables that are made from the blocks of the best chain and follow it.
/// docs/disk-format.md has their keys and values.
enum class chain_index : std::uint8_t { times, txs, history };

/// The heights that an index covers.
struct indexed_range {
  height from;        ///< lower blocks are not in it
  std::uint32_t next; ///< the first height above
  block_id last;      ///< of the block at `next` - 1; zero for an empty range
  friend bool operator==(const indexed_range&, const indexed_range&) = default;
};

struct chain_files;  // store_detail.hpp
struct copied_file;  // backup.hpp
struct copy_options; // backup.hpp

/// Reads committed data, each call in a snapshot of its own. Copies are cheap;
/// they may live in any thread, and keep the files open while they live.
/// Errors of every function: `not_found`; `corrupt` naming file, table or
/// offset; `busy` without a read slot; `io_error`.
class reader {
public:
  [[nodiscard]] network_id network() const;
  result<block_id> tip() const;
  /// Header and body. `not_found` also for a block kept without them, and with
  /// a detail for one whose segment was pruned.
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

  /// Every stored block that is not on the best chain, by id.
  result<std::vector<block_id>> side_blocks() const;
  /// The operator's marks (`commit::invalidated`), by id.
  result<std::vector<block_id>> invalidated() const;

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

  /// Errors: `not_found` for an index that is off.
  result<indexed_range> indexed(chain_index which) const;
  result<bytes> index_entry(chain_index which, byte_view key) const;
  /// Shows entries with keys below `below`, descending, as above.
  status for_each_entry_below(
      chain_index which, byte_view below,
      const std::function<bool(byte_view key, byte_view value)>& see,
      std::chrono::milliseconds longest = forever) const;
  /// All of them, ascending.
  status for_each_entry(
      chain_index which,
      const std::function<bool(byte_view key, byte_view value)>& see) const;

  /// The lowest segment file that is kept.
  result<std::uint32_t> first_segment() const;
  /// The first segment file that must stay so that all blocks at `kept_from`
  /// and above do; never behind the file that is written to.
  result<std::uint32_t> first_needed_segment(height kept_from) const;
  /// Segment files that hold blocks, and the highest of each.
  result<std::map<std::uint32_t, height>> segment_heights() const;
  /// Bytes of all segment files.
  result<std::uint64_t> segment_bytes() const;
  /// Where the next record goes.
  result<location> segment_end() const;
  /// Where a block's bytes are. Length 0: they are not stored.
  result<location> place_of(const block_id& id) const;
  /// Undo records of lower blocks are gone.
  result<height> undo_from() const;

  [[nodiscard]] const path& directory() const;
  [[nodiscard]] environment_info info() const;
  /// Bytes of pages that are free inside of the database file.
  result<std::uint64_t> free_page_bytes() const;
  result<std::vector<std::pair<std::string, table_size>>> table_sizes() const;
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
  friend result<std::vector<copied_file>> back_up(const reader& from,
                                                  const path& directory,
                                                  const copy_options& options);
};
} // namespace spacetime::disk
