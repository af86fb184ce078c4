#pragma once
// Waiting transactions as a file, `mempool.dat`: docs/disk-format.md.

#include "core/base/result.hpp"
#include "core/tx/tx.hpp"

#include <vector>

namespace spacetime::mempool {
struct saved_tx {
  tx t;
  timestamp since; ///< arrival
  friend bool operator==(const saved_tx&, const saved_tx&) = default;
};

/// Makes the bytes of a file, a transaction at a time.
class saved_writer {
public:
  explicit saved_writer(const network_id& network);
  void add(const tx& t, timestamp since);
  [[nodiscard]] std::uint32_t count() const { return count_; }
  /// The file without its checksum, which `seal` adds: that one takes long.
  [[nodiscard]] bytes take() && { return std::move(out_); }

private:
  bytes out_;
  std::uint32_t count_ = 0;
};
/// Completes what a writer has made: its count, and the checksum.
void seal(bytes& file, std::uint32_t count);

/// A whole file. The transactions have their ids on `network`; nothing else of
/// them is checked. Errors: `malformed` (magic, length), `bad_version`,
/// `bad_checksum`, `wrong_network`; of a transaction, `bad_tx_size`,
/// `bad_tx_version`, `bad_tx_format`.
result<std::vector<saved_tx>> open_saved(const network_id& network,
                                         byte_view file);
} // namespace spacetime::mempool
