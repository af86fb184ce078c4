#include "core/disk/lmdb_detail.hpp"

#include "core/base/hex.hpp"

#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <set>

namespace spacetime::disk {
namespace {
struct claims {
  std::mutex mutex;
  std::set<std::string> names;
};
claims& all_claims() {
  static claims instance;
  return instance;
}
} // namespace

std::uint64_t value_checksum(byte_view key, byte_view value) {
  // One shot on the stack is faster than a streaming state for small pairs.
  std::array<std::uint8_t, 1024> both;
  if (key.size() + value.size() <= both.size()) {
    std::copy(key.begin(), key.end(), both.begin());
    std::copy(value.begin(), value.end(),
              both.begin() + static_cast<std::ptrdiff_t>(key.size()));
    return XXH3_64bits(both.data(), key.size() + value.size());
  }
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, key.data(), key.size());
  XXH3_64bits_update(&state, value.data(), value.size());
  return XXH3_64bits_digest(&state);
}

result<byte_view> checked_value(const path& directory, const std::string& table,
                                byte_view key, byte_view stored) {
  if (stored.size() >= checksum_size) {
    const auto value = stored.first(stored.size() - checksum_size);
    reader sum{stored.last(checksum_size)};
    if (sum.take<std::uint64_t>() == value_checksum(key, value)) return value;
  }
  return fail(errc::corrupt, data_file(directory).string() + ": table " + table
                                 + ", key " + to_hex(key)
                                 + ": the value does not fit its checksum");
}

error lmdb_error(int code, const path& directory, std::string_view action) {
  auto kind = errc::io_error;
  switch (code) {
  case MDB_NOTFOUND: kind = errc::not_found; break;
  case MDB_MAP_FULL: kind = errc::disk_full; break;
  case MDB_READERS_FULL: kind = errc::busy; break;
  case MDB_CORRUPTED:
  case MDB_PAGE_NOTFOUND:
  case MDB_VERSION_MISMATCH:
  case MDB_INVALID:
  case MDB_INCOMPATIBLE: kind = errc::corrupt; break;
  case MDB_BAD_VALSIZE:
  case MDB_BAD_DBI:
  case MDB_BAD_RSLOT:
  case MDB_BAD_TXN:
  case MDB_TXN_FULL: kind = errc::internal; break;
  case ENOMEM: kind = errc::out_of_memory; break;
  case ENOENT: kind = errc::not_found; break;
  default:
    if (code > 0) return os_error(code, data_file(directory), action);
  }
  return {kind, data_file(directory).string() + ": cannot "
                    + std::string{action} + ": " + mdb_strerror(code)};
}

result<open_claim> open_claim::take(const path& directory) {
  std::error_code why;
  const auto whole = std::filesystem::weakly_canonical(directory, why);
  // A forked child inherits the set, but none of its parent's open
  // environments may be used there: the process id tells them apart.
  auto name = std::to_string(::getpid()) + ":" + whole.string();
  auto& all = all_claims();
  std::lock_guard lock{all.mutex};
  if (!all.names.insert(name).second)
    return fail(errc::already_running,
                directory.string() + " is open in this process already");
  return open_claim{std::move(name)};
}

open_claim::~open_claim() {
  if (name_.empty()) return;
  auto& all = all_claims();
  std::lock_guard lock{all.mutex};
  all.names.erase(name_);
}
} // namespace spacetime::disk
