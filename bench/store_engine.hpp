#pragma once
// What bench/store_bench.cpp asks of a database, LMDB or RocksDB.

#include "core/base/bytes.hpp"

#include <filesystem>
#include <memory>
#include <optional>

namespace spacetime::bench {
enum class table_id : unsigned { accounts, undo, meta };

struct change {
  table_id table;
  bytes key;
  std::optional<bytes> value; ///< nothing: erase
};

/// An open database. What fails ends the program.
class engine {
public:
  engine() = default;
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  virtual ~engine() = default; ///< without `close`: as after a crash, at best

  /// In a snapshot of its own.
  virtual std::optional<bytes> get(table_id in, byte_view key) = 0;
  /// All or none, on the disk when it returns.
  virtual void commit(const std::vector<change>& changes) = 0;
  /// The last use.
  virtual void close() = 0;
};

struct engine_kind {
  const char* name;
  std::unique_ptr<engine> (*open)(const std::filesystem::path& directory);
  /// What a start after a crash does before `open`; may be null.
  void (*recover)(const std::filesystem::path& directory);
};

extern const engine_kind lmdb_engine;    // bench/lmdb_engine.cpp
extern const engine_kind rocksdb_engine; // bench/rocksdb_engine.cpp
} // namespace spacetime::bench
