#pragma once
// LMDB with checksummed values, typed errors and a map that grows by itself.
// docs/disk-format.md has the layout and why a crash loses nothing.

#include "core/disk/file.hpp"

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct MDB_env;
struct MDB_txn;

namespace spacetime::disk {
/// A named B+tree of an environment; keys of 1 to 511 bytes, in memcmp order.
struct table {
  std::string name;
  unsigned handle; ///< LMDB's, valid while the environment is open
};

struct table_size {
  std::uint64_t entries, bytes; ///< bytes of whole pages
};

/// Sees one pair; both views die with the transaction. False stops.
using visitor = std::function<bool(byte_view key, byte_view value)>;

/// When a commit is on the disk.
enum class sync_policy : std::uint8_t {
  durable, ///< before `write` returns
  batch,   ///< a power loss may undo the last commit, whole; never damages
};

struct environment_options {
  /// Every table there is; those missing are created, unless read-only.
  std::vector<std::string> tables;
  /// Those of them that an older program did not make: where they are missing
  /// a read-only environment shows them as empty.
  std::vector<std::string> newer_tables{};
  /// Bytes of address space: where the map starts and where growth ends. The
  /// file is only as long as its data.
  std::uint64_t map_start = std::uint64_t{1} << 30;
  std::uint64_t map_max = std::uint64_t{1} << 40;
  sync_policy sync = sync_policy::durable;
  bool read_only = false;
  /// How long growth waits for the read transactions of this process.
  std::chrono::milliseconds growth_wait{10'000};
};

struct open_environment; // lmdb.cpp

/// What reading and writing transactions share. One thread at a time.
class transaction {
public:
  /// The value under `key`, as long as the transaction lives.
  /// Errors: `not_found`; `corrupt` naming file, table and key.
  result<byte_view> get(const table& in, byte_view key) const;

  /// Shows all pairs from the first key >= `from` on, ascending.
  status for_each(const table& in, byte_view from, const visitor& see) const;

  /// Shows all pairs with keys < `below`, descending.
  status for_each_below(const table& in, byte_view below,
                        const visitor& see) const;

  /// The pair with the highest key. Errors: `not_found`, `corrupt`.
  result<std::pair<bytes, bytes>> last(const table& in) const;

  result<std::uint64_t> count(const table& in) const;
  result<table_size> size(const table& in) const;
  /// Bytes of pages that are free, and used before the file grows.
  result<std::uint64_t> free_page_bytes() const;

protected:
  transaction(open_environment* env, MDB_txn* txn) : env_(env), txn_(txn) {}
  transaction(transaction&& other) noexcept
      : env_(other.env_), txn_(std::exchange(other.txn_, nullptr)) {}
  ~transaction();

  open_environment* env_;
  MDB_txn* txn_;
  friend class environment;
};

/// A place in the queue of the gate that readers pass.
using reader_ticket =
    std::list<std::chrono::steady_clock::time_point>::iterator;

/// A snapshot. Keep it short: while it lives, pages freed by writers cannot
/// be used again, and the map cannot grow. A thread that holds one must not
/// call `environment::write`, nor begin another.
class read_transaction : public transaction {
public:
  read_transaction(read_transaction&&) = default;
  ~read_transaction();

private:
  read_transaction(open_environment* env, MDB_txn* txn, reader_ticket ticket)
      : transaction(env, txn), ticket_(ticket) {}
  reader_ticket ticket_;
  friend class environment;
};

/// Changes that become visible together; made by `environment::write` alone.
class write_transaction : public transaction {
public:
  status put(const table& in, byte_view key, byte_view value);
  /// Success also if there is no such key.
  status erase(const table& in, byte_view key);
  /// Erases all keys >= `from` that begin with `prefix`; their number.
  result<std::uint64_t> erase_range(const table& in, byte_view from,
                                    byte_view prefix);
  /// Erases everything; the table stays.
  status clear(const table& in);

private:
  using transaction::transaction;
  status note(int code, const table& in, byte_view key);
  bool map_full_ = false;
  friend class environment;
};

struct environment_info {
  std::uint64_t map_bytes;    ///< address space now
  std::uint64_t map_max;      ///< where growth ends
  std::uint64_t used_bytes;   ///< high-water mark of pages, free ones included
  std::uint64_t transactions; ///< committed since creation
  unsigned readers;           ///< read slots in use, of all processes
  /// Age of the oldest read transaction of this process; zero without any.
  std::chrono::milliseconds oldest_reader;
  std::uint64_t dead_readers; ///< slots freed whose process was gone
};

/// A directory with data.mdb and lock.mdb, open at most once per process.
/// `get`, `read` and `write` may be called from any thread.
class environment {
public:
  /// Makes the directory and the tables when missing. Errors: `not_found`
  /// (read-only), `already_running` (open in this process), `corrupt`,
  /// `disk_full`, `io_error`. A damaged file can crash LMDB: after an unclean
  /// stop call `verify_in_child` first.
  static result<environment> open(const path& directory,
                                  environment_options options);
  environment(environment&&) noexcept;
  environment& operator=(environment&&) noexcept;
  ~environment();

  /// Of the names given to `open`.
  [[nodiscard]] const table& table_named(std::string_view name) const;

  /// Waits while the map grows. Errors: `busy` without a free read slot.
  result<read_transaction> read() const;

  /// Runs `change` in a transaction and commits if it succeeds; on any error
  /// nothing has happened. When the map is full the transaction is undone, the
  /// map doubled, and `change` run again: so it must be repeatable. One
  /// writer at a time; others wait. `how` replaces the environment's policy for
  /// this commit. Errors: those of `change`; `disk_full` (disk, or map at its
  /// maximum); `busy` when readers held up growth.
  status write(const std::function<status(write_transaction&)>& change,
               std::optional<sync_policy> how = {});

  /// Flushes what `sync_policy::batch` left in memory.
  status sync();

  /// Whether the last writer ended with `close`; true for a new environment.
  [[nodiscard]] bool was_clean() const;

  /// Leaves the mark that `was_clean` reads, durably. The environment stays
  /// readable; a later `write` is a bug. Without it: as after a crash.
  status close();

  /// A consistent, compact copy into another directory, also under writes.
  status copy_to(const path& directory) const;
  /// The same into an open file or pipe; a pipe that is closed ends it with
  /// `io_error`. `what` is for the message.
  status copy_to(int fd, const path& what) const;

  [[nodiscard]] environment_info info() const;

private:
  explicit environment(std::unique_ptr<open_environment> env);
  status open_tables(const std::vector<std::string>& names);
  result<bool> has_mark() const;
  status take_mark();
  status write_once(const std::function<status(write_transaction&)>& change,
                    bool& map_full);
  std::unique_ptr<open_environment> env_;
};

/// Reads the whole file: each page is used once, inside the file and in order,
/// and each value of each table fits its checksum. May run beside a writer
/// process, not in a process that has the environment open. Damage that gets
/// past the page check may still crash LMDB: see `verify_in_child`.
/// Errors: `corrupt`, `not_found`, `io_error`, `already_running`.
status verify_environment(const path& directory);

enum class verify_when : std::uint8_t { always, unclean };

/// `verify_environment` in a forked child, whose crash is `corrupt`, too. With
/// `unclean` a file that is whole and has the mark of `environment::close` has
/// only its headers checked. `timed_out` after `timeout`, when the child is
/// killed. Best called before threads exist (fork); the child needs nothing of
/// ours but malloc, which glibc keeps usable in any case.
status verify_in_child(const path& directory, std::chrono::milliseconds timeout,
                       verify_when when = verify_when::always);
} // namespace spacetime::disk
