#pragma once
// The chain on disk: blocks, best chain, accounts, undo records, ticks. It
// keeps bytes and their order; what they mean is the business of others.
// docs/disk-format.md has tables, fsync order and the crash argument.

#include "core/disk/reader.hpp"

#include <atomic>
#include <optional>

namespace spacetime::disk {
/// Of tables and segments. A newer one on disk is refused; an older one is
/// carried over when a writer opens it.
inline constexpr std::uint32_t schema_version = 2;
inline constexpr std::uint32_t oldest_schema = 1;

/// When `store::open` reads the whole database first.
enum class verify_policy : std::uint8_t {
  unclean, ///< unless the last writer ended with `close`
  always,
  never, ///< a damaged file may crash the process; for tests
};

struct store_options {
  std::uint64_t map_start = std::uint64_t{1} << 30; ///< bytes
  std::uint64_t map_max = std::uint64_t{1} << 40;   ///< bytes
  sync_policy sync = sync_policy::durable;
  std::uint64_t segment_bytes = 128 << 20;
  verify_policy verify = verify_policy::unclean;
  /// Whether the tip's block must be readable; for repairs.
  bool check_tip = true;
  std::chrono::milliseconds verify_timeout{600'000};
  /// Free bytes below which commits are refused, and above which they resume.
  std::uint64_t low_below = 1'000'000'000;
  std::uint64_t low_until = 2'000'000'000;
  /// Tests put other answers here: of statvfs(2), of fdatasync(2).
  std::function<result<std::uint64_t>(const path&)> free_space = free_bytes;
  std::function<int(int)> sync_segment{};
};

struct new_block {
  block_id id;
  bytes index_record;
  /// Header and body; empty keeps what is stored of it, if anything.
  bytes raw;
  std::optional<bytes> undo;
  /// Of the block; without it its segment is never pruned.
  std::optional<height> at{};
};

struct connected_block {
  height at;
  block_id id;
};

struct account_write {
  account_id id;
  std::optional<bytes> value; ///< nothing: erase
};

struct index_write {
  chain_index in;
  bytes key;
  std::optional<bytes> value; ///< nothing: erase
};

/// One atomic change, in this order.
struct commit {
  std::vector<new_block> blocks;
  std::vector<block_id> undo_erased;
  /// Blocks of which nothing is to be left but garbage in their segments.
  std::vector<block_id> forgotten{};
  std::optional<height> truncate_heights_above;
  std::vector<connected_block> connected;
  std::vector<account_write> accounts;
  std::optional<bytes> rewards;
  std::optional<block_id> tip;
  /// The operator's marks: blocks not to be followed, and those again welcome.
  std::vector<block_id> invalidated{}, reconsidered{};
  std::vector<index_write> index_writes{};
  std::vector<std::pair<chain_index, indexed_range>> indexed{};
  /// Undo records below this height are gone.
  std::optional<height> undo_from{};
  /// Highest block of a segment file that older programs wrote.
  std::vector<std::pair<std::uint32_t, height>> segment_heights{};
  /// With `batch` a power loss may take this commit back, until a later one is
  /// durable or `store::sync` has returned. Nothing: the store's own policy.
  std::optional<sync_policy> sync{};
};

/// The one writer, from one thread; as a `reader`, from any. Holds
/// `<directory>/writer.lock`, so that a second process is refused.
class store : public reader {
public:
  /// Opens or makes a chain directory. Errors: `already_running`,
  /// `wrong_network`, `bad_config` (schema of a newer program), `corrupt`,
  /// `timed_out` (verification), `disk_full`, `io_error`.
  static result<store> open(const path& directory, network_id network,
                            store_options options = {});
  /// For tools, also while a node runs. Errors: `not_found` and as above.
  static result<reader> open_read_only(const path& directory);

  store(store&&) noexcept;
  store& operator=(store&&) noexcept;
  /// Without `close` before: as after a crash.
  ~store();

  /// Appends the raw blocks, syncs them, then commits everything in one
  /// transaction, `side_blocks` included; with `sync_policy::durable` it is on
  /// the disk when this returns. On an error nothing of it has happened.
  /// Errors: `disk_full`; `io_error`, after which each further call fails until
  /// reopened; `corrupt`; `busy` (readers held up growth); `too_large` (a raw
  /// block).
  status apply(const commit& change);

  /// Makes every commit so far durable. After a failure each further call
  /// fails, as after one of `apply`.
  status sync();

  /// Forgets an index and its range, in one transaction.
  status clear_index(chain_index which);
  /// Forgets the bodies of all blocks in segment files before `first`, then
  /// removes the files. A crash in between removes them at the next start.
  status forget_segments(std::uint32_t first);

  /// Stores proven ticks of the era with this seed, all or none.
  status put_ticks(const bytes32& seed, const std::vector<stored_tick>& ticks);
  status put_tick(const bytes32& seed, std::uint64_t i, byte_view tick);
  status erase_ticks_of(const bytes32& seed);
  status put_era_proof(const bytes32& seed, byte_view proof);
  status erase_era_proof(const bytes32& seed);

  /// Whether commits are refused for want of space, as of the last one.
  [[nodiscard]] bool disk_low() const;
  /// An operation failed in a way that only a new `open` can mend.
  [[nodiscard]] bool failed() const;
  /// Whether the writer before this one ended with `close`.
  [[nodiscard]] bool was_clean() const;

  /// Ends writing and marks the files as clean. Readers live on.
  status close();

private:
  struct writing;
  store(std::shared_ptr<chain_files> files, std::unique_ptr<writing> w);
  status cut_and_check();
  status ready_to_write();
  status write(const std::function<status(write_transaction&)>& change,
               std::optional<sync_policy> how = {});
  std::unique_ptr<writing> writing_;
};
} // namespace spacetime::disk
