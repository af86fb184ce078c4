#pragma once
// mempool.dat: what waits, kept over a restart. docs/disk-format.md.

#include "actors/boot.hpp"
#include "core/mempool/saved.hpp"

#include <mutex>

namespace spacetime {
/// The file, for the mempool and its writer. Any thread may use it.
class pool_file {
public:
  pool_file(std::filesystem::path where, network_id network)
      : where_(std::move(where)), network_(network) {}

  /// What the file holds; nothing if there is none. One that cannot be used is
  /// renamed to `.bad`, and the log says so.
  std::vector<mempool::saved_tx> load();
  /// Seals and replaces the file. After `last` nothing is written any more.
  void write(bytes content, std::uint32_t count, bool last);

private:
  void set_aside(const error& why);
  const std::filesystem::path where_;
  const network_id network_;
  std::mutex mutex_; // of the file
  bool closed_ = false;
};

/// Reads and writes the file on a thread of its own.
using pool_file_worker = caf::typed_actor<
    // The next transactions of the file, at most 500; none at its end.
    caf::replies_to<atom::load>::with<saved_txs_msg>,
    // The n-th piece of what is to be written, from 0 on; the last one writes
    // it. Answers with the number of transactions so far.
    caf::replies_to<atom::save, saved_txs_msg, std::uint32_t,
                    bool>::with<std::uint32_t>>;

pool_file_worker spawn_pool_file_worker(caf::actor_system& sys,
                                        const boot& from,
                                        std::shared_ptr<pool_file> file);
} // namespace spacetime
