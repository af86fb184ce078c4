// RocksDB as a node would run it: a column family per table, a synced log, a
// Bloom filter, a cache that holds the state.

#include "bench/store_engine.hpp"
#include "core/base/check.hpp"

#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

namespace spacetime::bench {
namespace {
constexpr std::size_t cache_bytes = 256u << 20;

rocksdb::Slice slice(byte_view raw) {
  return {reinterpret_cast<const char*>(raw.data()), raw.size()};
}

class rocks final : public engine {
public:
  explicit rocks(const std::filesystem::path& directory) {
    rocksdb::DBOptions options;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    options.max_background_jobs = 2;
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    families.emplace_back(rocksdb::kDefaultColumnFamilyName, table_options());
    for (const auto* name : {"undo", "meta"})
      families.emplace_back(name, table_options());
    rocksdb::DB* db = nullptr;
    const auto opened =
        rocksdb::DB::Open(options, directory.string(), families, &tables_, &db);
    check(opened.ok(), "RocksDB opens");
    db_.reset(db);
  }
  ~rocks() override { release(); }

  std::optional<bytes> get(table_id in, byte_view key) override {
    rocksdb::PinnableSlice out;
    const auto found = db_->Get({}, at(in), slice(key), &out);
    if (found.IsNotFound()) return std::nullopt;
    check(found.ok(), "the value is sound");
    const auto raw = view({out.data(), out.size()});
    return bytes{raw.begin(), raw.end()};
  }

  void commit(const std::vector<change>& changes) override {
    rocksdb::WriteBatch batch;
    for (const auto& c : changes) {
      const auto done =
          c.value ? batch.Put(at(c.table), slice(c.key), slice(*c.value))
                  : batch.Delete(at(c.table), slice(c.key));
      check(done.ok(), "a batch takes a change");
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    check(db_->Write(options, &batch).ok(), "the commit is durable");
  }

  void close() override {
    for (auto* t : tables_)
      check(db_->Flush({}, t).ok(), "what is in memory goes to a table");
    release();
  }

private:
  static rocksdb::ColumnFamilyOptions table_options() {
    static const auto cache = rocksdb::NewLRUCache(cache_bytes);
    rocksdb::BlockBasedTableOptions t;
    t.block_cache = cache;
    t.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
    rocksdb::ColumnFamilyOptions out;
    out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(t));
    out.level_compaction_dynamic_level_bytes = true;
    return out;
  }
  rocksdb::ColumnFamilyHandle* at(table_id id) const {
    return tables_.at(static_cast<unsigned>(id));
  }
  void release() {
    if (!db_) return;
    for (auto* t : tables_) db_->DestroyColumnFamilyHandle(t);
    tables_.clear();
    db_.reset();
  }

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> tables_;
};
} // namespace

const engine_kind rocksdb_engine{
    "RocksDB",
    [](const std::filesystem::path& directory) -> std::unique_ptr<engine> {
      return std::make_unique<rocks>(directory);
    },
    nullptr};
} // namespace spacetime::bench
