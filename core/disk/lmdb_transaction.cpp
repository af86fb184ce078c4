#include "core/disk/lmdb_environment.hpp"

#include <algorithm>
#include <cstring>

namespace spacetime::disk {
transaction::~transaction() {
  if (txn_) mdb_txn_abort(txn_);
}

result<byte_view> transaction::get(const table& in, byte_view key) const {
  if (in.handle == no_handle) return fail(errc::not_found);
  auto k = lmdb_value(key);
  MDB_val v{};
  const int code = mdb_get(txn_, in.handle, &k, &v);
  if (code == MDB_NOTFOUND) return fail(errc::not_found);
  if (code != 0) return fail(env_->failed(code, "read", in, key));
  return checked_value(env_->directory, in.name, key, view_of(v));
}

namespace {
struct close_cursor {
  void operator()(MDB_cursor* c) const { mdb_cursor_close(c); }
};
using cursor = std::unique_ptr<MDB_cursor, close_cursor>;

result<cursor> open_cursor(MDB_txn* txn, const open_environment& env,
                           const table& in) {
  MDB_cursor* raw = nullptr;
  const int code = mdb_cursor_open(txn, in.handle, &raw);
  if (code != 0) return fail(env.failed(code, "read", in, {}));
  return cursor{raw};
}
} // namespace

status transaction::for_each(const table& in, byte_view from,
                             const visitor& see) const {
  if (in.handle == no_handle) return {};
  auto at = open_cursor(txn_, *env_, in);
  if (!at) return fail(at.error());
  auto k = lmdb_value(from);
  MDB_val v{};
  int code = mdb_cursor_get(at->get(), &k, &v,
                            from.empty() ? MDB_FIRST : MDB_SET_RANGE);
  for (; code == 0; code = mdb_cursor_get(at->get(), &k, &v, MDB_NEXT)) {
    auto value =
        checked_value(env_->directory, in.name, view_of(k), view_of(v));
    if (!value) return fail(value.error());
    if (!see(view_of(k), *value)) return {};
  }
  if (code == MDB_NOTFOUND) return {};
  return fail(env_->failed(code, "read", in, from));
}

status transaction::for_each_below(const table& in, byte_view below,
                                   const visitor& see) const {
  if (in.handle == no_handle) return {};
  auto at = open_cursor(txn_, *env_, in);
  if (!at) return fail(at.error());
  auto k = lmdb_value(below);
  MDB_val v{};
  int code = mdb_cursor_get(at->get(), &k, &v, MDB_SET_RANGE);
  if (code == 0 || code == MDB_NOTFOUND)
    code = mdb_cursor_get(at->get(), &k, &v, code == 0 ? MDB_PREV : MDB_LAST);
  for (; code == 0; code = mdb_cursor_get(at->get(), &k, &v, MDB_PREV)) {
    auto value =
        checked_value(env_->directory, in.name, view_of(k), view_of(v));
    if (!value) return fail(value.error());
    if (!see(view_of(k), *value)) return {};
  }
  if (code == MDB_NOTFOUND) return {};
  return fail(env_->failed(code, "read", in, below));
}

result<std::pair<bytes, bytes>> transaction::last(const table& in) const {
  if (in.handle == no_handle) return fail(errc::not_found);
  auto at = open_cursor(txn_, *env_, in);
  if (!at) return fail(at.error());
  MDB_val k{};
  MDB_val v{};
  const int code = mdb_cursor_get(at->get(), &k, &v, MDB_LAST);
  if (code == MDB_NOTFOUND) return fail(errc::not_found);
  if (code != 0) return fail(env_->failed(code, "read", in, {}));
  const auto key = view_of(k);
  auto value = checked_value(env_->directory, in.name, key, view_of(v));
  if (!value) return fail(value.error());
  return std::pair{bytes{key.begin(), key.end()},
                   bytes{value->begin(), value->end()}};
}

result<table_size> transaction::size(const table& in) const {
  if (in.handle == no_handle) return table_size{0, 0};
  MDB_stat stat{};
  const int code = mdb_stat(txn_, in.handle, &stat);
  if (code != 0) return fail(env_->failed(code, "read", in, {}));
  const auto pages =
      stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
  return table_size{stat.ms_entries, std::uint64_t{pages} * stat.ms_psize};
}

result<std::uint64_t> transaction::count(const table& in) const {
  return size(in).map([](const table_size& s) { return s.entries; });
}

// LMDB keeps them in a tree of its own: under each transaction's number the
// pages that it freed, their count first.
result<std::uint64_t> transaction::free_page_bytes() const {
  constexpr MDB_dbi free_pages = 0;
  const table tree{"free pages", free_pages};
  MDB_stat stat{};
  if (const int code = mdb_stat(txn_, free_pages, &stat); code != 0)
    return fail(env_->failed(code, "read", tree, {}));
  auto at = open_cursor(txn_, *env_, tree);
  if (!at) return fail(at.error());
  std::uint64_t pages = 0;
  MDB_val k{};
  MDB_val v{};
  int code = 0;
  while ((code = mdb_cursor_get(at->get(), &k, &v, MDB_NEXT)) == 0) {
    std::size_t n = 0;
    if (v.mv_size >= sizeof n) std::memcpy(&n, v.mv_data, sizeof n);
    pages += n;
  }
  if (code != MDB_NOTFOUND) return fail(env_->failed(code, "read", tree, {}));
  return pages * stat.ms_psize;
}

read_transaction::~read_transaction() {
  if (!txn_) return;
  mdb_txn_abort(std::exchange(txn_, nullptr));
  env_->readers.leave(ticket_);
}

status write_transaction::note(int code, const table& in, byte_view key) {
  if (code == 0) return {};
  if (code == MDB_MAP_FULL) map_full_ = true;
  return fail(env_->failed(code, "write", in, key));
}

status write_transaction::put(const table& in, byte_view key, byte_view value) {
  auto k = lmdb_value(key);
  MDB_val v{value.size() + checksum_size, nullptr};
  const int code = mdb_put(txn_, in.handle, &k, &v, MDB_RESERVE);
  if (code == 0) {
    auto* out = static_cast<std::uint8_t*>(v.mv_data);
    std::copy(value.begin(), value.end(), out);
    const auto sum = be(value_checksum(key, value));
    std::copy(sum.begin(), sum.end(), out + value.size());
  }
  return note(code, in, key);
}

status write_transaction::erase(const table& in, byte_view key) {
  auto k = lmdb_value(key);
  const int code = mdb_del(txn_, in.handle, &k, nullptr);
  return note(code == MDB_NOTFOUND ? 0 : code, in, key);
}

result<std::uint64_t> write_transaction::erase_range(const table& in,
                                                     byte_view from,
                                                     byte_view prefix) {
  auto at = open_cursor(txn_, *env_, in);
  if (!at) return fail(at.error());
  for (std::uint64_t n = 0;; ++n) {
    auto k = lmdb_value(from);
    MDB_val v{};
    int code = mdb_cursor_get(at->get(), &k, &v,
                              from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    if (code == MDB_NOTFOUND) return n;
    const auto key = view_of(k);
    if (code == 0
        && (key.size() < prefix.size()
            || !std::equal(prefix.begin(), prefix.end(), key.begin())))
      return n;
    if (code == 0) code = mdb_cursor_del(at->get(), 0);
    if (auto done = note(code, in, from); !done) return fail(done.error());
  }
}

status write_transaction::clear(const table& in) {
  return note(mdb_drop(txn_, in.handle, 0), in, {});
}
} // namespace spacetime::disk
