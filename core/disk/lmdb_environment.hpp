#pragma once
// An open environment, shared by lmdb.cpp and lmdb_transaction.cpp; nobody else
// includes it.

#include "core/base/hex.hpp"
#include "core/disk/lmdb_detail.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace spacetime::disk {
// Lets any number of readers in, or the grower alone; readers that arrive
// while it waits queue up behind it, so that a stream of them cannot starve it.
class gate {
public:
  using clock = std::chrono::steady_clock;

  reader_ticket enter() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return !closed_; });
    return inside_.insert(inside_.end(), clock::now());
  }
  void leave(reader_ticket who) {
    std::lock_guard lock{mutex_};
    inside_.erase(who);
    if (inside_.empty() && closed_) changed_.notify_all();
  }
  /// How long the one that came first is inside; zero without any.
  std::chrono::milliseconds oldest() const {
    std::lock_guard lock{mutex_};
    return inside_.empty()
               ? std::chrono::milliseconds{0}
               : std::chrono::duration_cast<std::chrono::milliseconds>(
                   clock::now() - inside_.front());
  }
  bool close(std::chrono::milliseconds patience) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return !closed_; });
    closed_ = true;
    if (changed_.wait_for(lock, patience, [&] { return inside_.empty(); }))
      return true;
    closed_ = false;
    changed_.notify_all();
    return false;
  }
  void open() {
    std::lock_guard lock{mutex_};
    closed_ = false;
    changed_.notify_all();
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<clock::time_point> inside_; // in the order in which they came
  bool closed_ = false;
};

struct open_environment {
  path directory;
  environment_options options;
  open_claim claim;
  MDB_env* env = nullptr;
  std::vector<table> tables{};
  bool clean = true;
  bool marked = false; ///< `close` was called
  std::mutex writing{};
  gate readers{};
  /// When slots of readers that died were last freed, and how many so far.
  gate::clock::time_point looked_for_dead = gate::clock::now();
  std::atomic<std::uint64_t> dead_readers{0};

  open_environment(path d, environment_options o, open_claim c)
      : directory(std::move(d)), options(std::move(o)), claim(std::move(c)) {}
  ~open_environment() {
    if (env) mdb_env_close(env);
  }

  [[nodiscard]] error failed(int code, std::string_view action) const {
    return lmdb_error(code, directory, action);
  }
  [[nodiscard]] error failed(int code, std::string_view action, const table& in,
                             byte_view key) const {
    return lmdb_error(code, directory,
                      std::string{action} + " table " + in.name + ", key "
                          + to_hex(key));
  }
  status resize(std::uint64_t bytes);
  status grow();
  status grow_early();
  void free_dead_readers();
};

/// The handle of a table that a read-only environment lacks: it is empty.
inline constexpr unsigned no_handle = ~0u;
} // namespace spacetime::disk
