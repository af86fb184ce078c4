#pragma once
// Shared by lmdb.cpp and the verifier; nobody else includes it.

#include "core/disk/lmdb.hpp"

#include <lmdb.h>

namespace spacetime::disk {
/// XXH3-64 of key || value.
std::uint64_t value_checksum(byte_view key, byte_view value);

inline constexpr std::size_t checksum_size = 8; ///< big-endian, at the end
inline constexpr const char* meta_table = "meta";
inline constexpr const char* clean_key = "clean";

/// `stored` without its checksum. Errors: `corrupt` naming all three.
result<byte_view> checked_value(const path& directory, const std::string& table,
                                byte_view key, byte_view stored);

/// LMDB's code as ours. `not_found` for MDB_NOTFOUND, `disk_full` for
/// MDB_MAP_FULL and ENOSPC, `busy` for no free reader slot, `corrupt` for what
/// LMDB refuses to read.
error lmdb_error(int code, const path& directory, std::string_view action);

inline MDB_val lmdb_value(byte_view raw) {
  // LMDB takes keys and values through pointers to non-const, unchanged.
  return {raw.size(), const_cast<std::uint8_t*>(raw.data())};
}
inline byte_view view_of(const MDB_val& x) {
  return {static_cast<const std::uint8_t*>(x.mv_data), x.mv_size};
}
inline path data_file(const path& directory) {
  return directory / "data.mdb";
}

/// LMDB's file locks break when a process opens an environment twice: one
/// claim per directory and process.
class open_claim {
public:
  /// Errors: `already_running`.
  static result<open_claim> take(const path& directory);
  open_claim(open_claim&& other) noexcept
      : name_(std::exchange(other.name_, {})) {}
  open_claim& operator=(open_claim&& other) noexcept {
    std::swap(name_, other.name_);
    return *this;
  }
  ~open_claim();

private:
  explicit open_claim(std::string name) : name_(std::move(name)) {}
  std::string name_;
};

/// Checks the two header pages; whether the file has all of its pages (those
/// freed before they were ever written may be missing in a sound file).
/// Errors: `corrupt`, `not_found` without a file.
result<bool> check_headers(const path& directory);

/// Checks the structure of the snapshot `transaction_id` with bounded reads of
/// the file, without LMDB: it cannot crash. 0 = the newest. `stale` when that
/// snapshot is no longer one of the two newest; `not_found` without a file.
status check_pages(const path& directory, std::uint64_t transaction_id);
} // namespace spacetime::disk
