#pragma once
// A copy of a chain directory: beside a running node, with a list of hashes.

#include "core/disk/reader.hpp"

namespace spacetime::disk {
struct copied_file {
  std::string name; ///< relative to the directory
  std::uint64_t bytes;
  bytes32 sha256;
};

struct copy_options {
  /// Bytes done and in all, about; from the calling thread.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress{};
  std::function<bool()> cancelled{};
};

/// Name of the list in a backup: lines as `sha256sum --check` reads them.
inline constexpr const char* hash_list = "SHA256SUMS";

/// Copies one snapshot of the tables, compact, and the segments up to where it
/// ends, into a new or empty directory, which is then a chain directory of its
/// own; syncs all; writes the hash list last, so that a copy without one is not
/// complete. Errors: `duplicate` if the directory holds anything; `disk_full`
/// before anything is written if there is no room, and later; `stale` if old
/// segments were pruned meanwhile; `cancelled`, after which what was written is
/// removed; `io_error`.
result<std::vector<copied_file>>
back_up(const reader& from, const path& directory, const copy_options& options);

/// Reads a backup again and compares it with its hash list. Errors: `corrupt`
/// naming the file; `not_found` without a list; `cancelled`.
status check_hashes(const path& directory, const copy_options& options);

/// Writes the tables of a chain directory anew, without free pages. The caller
/// holds `writer.lock`, and nobody has the environment open. The new file is
/// verified whole, and has the tables and the tip of the old one, before it
/// takes its place by one rename; the old one stays as data.mdb.old until the
/// new one was read back. Errors: `disk_full` before anything is written unless
/// the file's used size is free; `corrupt`; `cancelled`, leaving the old file
/// as it was; `io_error`.
status compact(const path& directory, const copy_options& options);
} // namespace spacetime::disk
