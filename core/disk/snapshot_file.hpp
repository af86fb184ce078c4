#pragma once
// A snapshot of a chain in one file; docs/disk-format.md, "Snapshots", has the
// bytes. What is in it is checked elsewhere (snapshot.hpp).

#include "core/chain/block.hpp"
#include "core/disk/file.hpp"
#include "core/state/account.hpp"

#include <functional>
#include <memory>

namespace spacetime::disk {
struct snapshot_head {
  network_id network;
  height at;                ///< of the block whose state it holds
  block_id id;              ///< of that block
  std::uint64_t accounts{}; ///< their number
};

/// Sees the contents in order; an error ends the reading. A function that is
/// not there sees nothing.
struct snapshot_visitor {
  std::function<status(std::uint64_t at, byte_view raw)> header;
  std::function<status(std::uint64_t i, const state::account_entry&)> account;
  std::function<status(byte_view raw)> rewards;
};

/// Reads a snapshot front to back, in pieces. A section's contents are seen
/// before its checksum: read once without a visitor first. Errors: `corrupt`
/// naming file and section; `wrong_network`; `bad_config` (a version that this
/// program does not know); `not_found`; the visitor's.
result<snapshot_head> read_snapshot(const path& file, network_id network,
                                    const snapshot_visitor& see);

/// Writes a snapshot beside its name, in pieces; `finish` puts it there.
/// Without it nothing stays.
class snapshot_writer {
public:
  /// Errors: `duplicate` if there is such a file, `disk_full`, `io_error`.
  static result<snapshot_writer> create(const path& file,
                                        const snapshot_head& head);
  snapshot_writer(snapshot_writer&&) noexcept;
  ~snapshot_writer();

  /// Headers from genesis on, then accounts by id, then the rewards once; all
  /// of what the head says, in this order.
  status put_header(byte_view raw);
  status put_account(const state::account_entry& e);
  status put_rewards(byte_view raw);
  /// Durable, under its name. Gives its size in bytes.
  result<std::uint64_t> finish();

private:
  struct output;
  explicit snapshot_writer(std::unique_ptr<output> out);
  std::unique_ptr<output> out_;
};
} // namespace spacetime::disk
