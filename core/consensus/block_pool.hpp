#pragma once
// Blocks that cannot be judged yet: their parent is unknown (R3), or their time
// stamp lies ahead of the clock (R6).

#include "core/base/strong.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace spacetime::consensus {
struct pool_limits {
  std::size_t blocks = 256;
  std::size_t bytes = std::size_t{64} << 20; ///< of raw blocks
  std::size_t shares = 8; ///< a source has at most one of so many equal parts
};

struct waiting_block {
  block_id id, parent;
  std::uint64_t source = 0; ///< who gave it, by number; 0: this node itself
  bytes raw;
  timestamp until; ///< when it leaves, to be offered or to be forgotten
};

/// Bounded, and fair to the sources: a flood from one drops none of another's.
class block_pool {
public:
  explicit block_pool(pool_limits limits = {}) : limits_(limits) {}

  /// Whether it waits now: false if its source has had its share. A second
  /// copy from one source replaces the first, which may be a garbled one; a
  /// full pool drops the oldest block of the source that holds most.
  bool add(waiting_block b);

  /// Those on this parent, in order of arrival; they leave.
  std::vector<waiting_block> take_children(const block_id& parent);
  /// Those whose `until` has come, the earliest first; they leave.
  std::vector<waiting_block> take_until(timestamp now);

  /// The earliest `until`; nothing if the pool is empty.
  [[nodiscard]] std::optional<timestamp> next() const;
  [[nodiscard]] std::size_t size() const { return blocks_.size(); }
  [[nodiscard]] std::size_t bytes_held() const { return bytes_; }
  /// Blocks that a limit has kept out or driven out.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

private:
  struct holding {
    std::size_t blocks = 0, bytes = 0;
  };
  using position = std::map<std::uint64_t, waiting_block>::iterator;

  [[nodiscard]] bool is_full(std::size_t more) const;
  position erase(position at);
  void drop_one();
  template <class F>
  std::vector<waiting_block> take_if(F&& leaves);

  pool_limits limits_;
  std::map<std::uint64_t, waiting_block> blocks_; // by order of arrival
  std::map<std::uint64_t, holding> sources_;
  std::size_t bytes_ = 0;
  std::uint64_t arrivals_ = 0, dropped_ = 0;
};
} // namespace spacetime::consensus
