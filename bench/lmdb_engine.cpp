// The environment that core/disk keeps a chain in, checksums included.

#include "bench/store_engine.hpp"
#include "core/base/check.hpp"
#include "core/disk/lmdb.hpp"

#include <array>

namespace spacetime::bench {
namespace {
constexpr std::array names{"accounts", "undo", "meta"};

class lmdb final : public engine {
public:
  explicit lmdb(const disk::path& directory)
      : env_(*disk::environment::open(directory, options())) {}

  std::optional<bytes> get(table_id in, byte_view key) override {
    auto txn = env_.read();
    check(txn.has_value(), "a read begins");
    auto out = txn->get(at(in), key);
    if (out) return bytes{out->begin(), out->end()};
    check(out.error() == errc::not_found, "the value is sound");
    return std::nullopt;
  }

  void commit(const std::vector<change>& changes) override {
    auto done = env_.write([&](disk::write_transaction& txn) -> status {
      for (const auto& c : changes)
        if (auto ok = c.value ? txn.put(at(c.table), c.key, *c.value)
                              : txn.erase(at(c.table), c.key);
            !ok)
          return ok;
      return {};
    });
    check(done.has_value(), "the commit is durable");
  }

  void close() override { check(env_.close().has_value(), "close works"); }

private:
  static disk::environment_options options() {
    disk::environment_options o;
    o.tables = {"accounts", "undo", "meta"};
    return o;
  }
  [[nodiscard]] const disk::table& at(table_id id) const {
    return env_.table_named(names.at(static_cast<unsigned>(id)));
  }
  disk::environment env_;
};
} // namespace

const engine_kind lmdb_engine{
    "LMDB",
    [](const disk::path& directory) -> std::unique_ptr<engine> {
      return std::make_unique<lmdb>(directory);
    },
    [](const disk::path& directory) {
      check(disk::verify_in_child(directory, std::chrono::minutes{10},
                                  disk::verify_when::unclean)
                .has_value(),
            "the file is sound");
    }};
} // namespace spacetime::bench
