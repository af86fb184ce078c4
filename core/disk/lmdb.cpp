#include "core/disk/lmdb.hpp"

#include "core/base/check.hpp"
#include "core/disk/lmdb_environment.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace spacetime::disk {
status open_environment::resize(std::uint64_t bytes) {
  // LMDB unmaps before it maps: a refusal in between would leave no map at
  // all. So try the size elsewhere first.
  if (bytes > 0) {
    void* room = ::mmap(nullptr, bytes, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
      return fail(errc::out_of_memory, directory.string()
                                           + ": no address space for a map of "
                                           + std::to_string(bytes) + " bytes");
    ::munmap(room, bytes);
  }
  if (!readers.close(options.growth_wait))
    return fail(errc::busy,
                directory.string() + ": readers held up the growth of the map");
  const int code = mdb_env_set_mapsize(env, bytes);
  readers.open();
  if (code != 0) return fail(failed(code, "resize the map"));
  return {};
}

status open_environment::grow() {
  MDB_envinfo now{};
  mdb_env_info(env, &now);
  if (now.me_mapsize >= options.map_max)
    return fail(errc::disk_full,
                directory.string() + ": the map is at its maximum of "
                    + std::to_string(options.map_max) + " bytes");
  return resize(std::min<std::uint64_t>(2 * now.me_mapsize, options.map_max));
}

// Before the map is full, so that a rerun stays rare. A failure is no news
// yet: the transaction may fit.
status open_environment::grow_early() {
  MDB_envinfo now{};
  MDB_stat stat{};
  mdb_env_info(env, &now);
  mdb_env_stat(env, &stat);
  const auto used = (now.me_last_pgno + 1) * stat.ms_psize;
  if (used / 4 < now.me_mapsize / 5 || now.me_mapsize >= options.map_max)
    return {};
  return grow();
}

// The slot of a reader that was killed keeps every page freed since then from
// being used again, until somebody looks.
void open_environment::free_dead_readers() {
  constexpr std::chrono::minutes interval{1};
  const auto now = gate::clock::now();
  if (now - looked_for_dead < interval) return;
  looked_for_dead = now;
  int dead = 0;
  if (mdb_reader_check(env, &dead) == 0)
    dead_readers += static_cast<unsigned>(dead);
}

environment::environment(std::unique_ptr<open_environment> env)
    : env_(std::move(env)) {}
environment::environment(environment&&) noexcept = default;
environment& environment::operator=(environment&&) noexcept = default;
environment::~environment() = default;

result<environment> environment::open(const path& directory,
                                      environment_options options) {
  if (!options.read_only)
    if (auto made = make_directories(directory); !made)
      return fail(made.error());
  auto claim = open_claim::take(directory);
  if (!claim) return fail(claim.error());
  auto env = std::make_unique<open_environment>(directory, std::move(options),
                                                std::move(*claim));
  const auto& o = env->options;
  unsigned flags = MDB_NOTLS;
  if (o.read_only) flags |= MDB_RDONLY;
  if (o.sync == sync_policy::batch) flags |= MDB_NOMETASYNC;
  int code = mdb_env_create(&env->env);
  if (code == 0) code = mdb_env_set_maxreaders(env->env, 512);
  if (code == 0)
    code =
        mdb_env_set_maxdbs(env->env, static_cast<MDB_dbi>(o.tables.size() + 1));
  if (code == 0) code = mdb_env_set_mapsize(env->env, o.map_start);
  if (code == 0) code = mdb_env_open(env->env, directory.c_str(), flags, 0600);
  int dead = 0;
  if (code == 0) code = mdb_reader_check(env->env, &dead);
  env->dead_readers = static_cast<unsigned>(dead);
  if (code != 0) return fail(env->failed(code, "open"));
  environment out{std::move(env)};
  if (auto tables = out.open_tables(out.env_->options.tables); !tables)
    return fail(tables.error());
  if (auto mark = out.take_mark(); !mark) return fail(mark.error());
  return out;
}

// All in one transaction: handles opened in one that aborts are gone.
status environment::open_tables(const std::vector<std::string>& names) {
  const bool read_only = env_->options.read_only;
  auto& e = *env_;
  auto all = names;
  all.emplace_back(meta_table);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  MDB_txn* txn = nullptr;
  int code = mdb_txn_begin(e.env, nullptr, read_only ? MDB_RDONLY : 0, &txn);
  if (code == MDB_MAP_RESIZED) {
    code = mdb_env_set_mapsize(e.env, 0);
    if (code == 0)
      code = mdb_txn_begin(e.env, nullptr, read_only ? MDB_RDONLY : 0, &txn);
  }
  if (code != 0) return fail(e.failed(code, "begin"));
  for (auto& name : all) {
    MDB_dbi handle = 0;
    code =
        mdb_dbi_open(txn, name.c_str(), read_only ? 0u : MDB_CREATE, &handle);
    const bool absent = code == MDB_NOTFOUND && read_only
                        && std::ranges::find(e.options.newer_tables, name)
                               != e.options.newer_tables.end();
    if (absent) handle = no_handle;
    if (code != 0 && !absent) {
      mdb_txn_abort(txn);
      return fail(e.failed(code, "open the table " + name));
    }
    e.tables.push_back({std::move(name), handle});
  }
  code = mdb_txn_commit(txn);
  if (code != 0) return fail(e.failed(code, "commit"));
  return {};
}

result<bool> environment::has_mark() const {
  auto txn = read();
  if (!txn) return fail(txn.error());
  auto mark = txn->get(table_named(meta_table), view(clean_key));
  if (!mark && mark.error() != errc::not_found) return fail(mark.error());
  // A new one is clean without: its one transaction made the tables.
  env_->clean = mark.has_value() || mdb_txn_id(txn->txn_) <= 1;
  return mark.has_value();
}

status environment::take_mark() {
  auto mark = has_mark();
  if (!mark) return fail(mark.error());
  if (!*mark || env_->options.read_only) return {};
  auto taken = write([&](write_transaction& w) {
    return w.erase(table_named(meta_table), view(clean_key));
  });
  if (!taken) return taken;
  return sync();
}

const table& environment::table_named(std::string_view name) const {
  for (const auto& t : env_->tables)
    if (t.name == name) return t;
  check(false, "the table was named when the environment was opened");
  return env_->tables.front();
}

result<read_transaction> environment::read() const {
  for (;;) {
    const auto ticket = env_->readers.enter();
    MDB_txn* txn = nullptr;
    const int code = mdb_txn_begin(env_->env, nullptr, MDB_RDONLY, &txn);
    if (code == 0) return read_transaction{env_.get(), txn, ticket};
    env_->readers.leave(ticket);
    if (code != MDB_MAP_RESIZED) return fail(env_->failed(code, "begin"));
    // The writer is another process and has grown the map: follow it.
    std::lock_guard lock{env_->writing};
    if (auto done = env_->resize(0); !done) return fail(done.error());
  }
}

status
environment::write_once(const std::function<status(write_transaction&)>& change,
                        bool& map_full) {
  MDB_txn* raw = nullptr;
  int code = mdb_txn_begin(env_->env, nullptr, 0, &raw);
  if (code != 0) return fail(env_->failed(code, "begin"));
  write_transaction txn{env_.get(), raw};
  auto changed = change(txn);
  map_full = txn.map_full_;
  if (map_full || !changed) return changed;
  code = mdb_txn_commit(std::exchange(txn.txn_, nullptr));
  map_full = code == MDB_MAP_FULL;
  if (code != 0) return fail(env_->failed(code, "commit"));
  return {};
}

status
environment::write(const std::function<status(write_transaction&)>& change,
                   std::optional<sync_policy> how) {
  check(!env_->marked && !env_->options.read_only,
        "writes go to an environment that is open for writing");
  std::lock_guard lock{env_->writing};
  (void)env_->grow_early();
  env_->free_dead_readers();
  const bool batch = how.value_or(env_->options.sync) == sync_policy::batch;
  const int code = mdb_env_set_flags(env_->env, MDB_NOMETASYNC, batch);
  if (code != 0) return fail(env_->failed(code, "set the sync policy"));
  for (;;) {
    bool map_full = false;
    auto done = write_once(change, map_full);
    if (!map_full) return done;
    if (auto grown = env_->grow(); !grown) return grown;
  }
}

status environment::sync() {
  const int code = mdb_env_sync(env_->env, 1);
  if (code != 0) return fail(env_->failed(code, "sync"));
  return {};
}

bool environment::was_clean() const {
  return env_->clean;
}

status environment::close() {
  auto marked = write([&](write_transaction& w) {
    return w.put(table_named(meta_table), view(clean_key), view("1"));
  });
  env_->marked = true;
  if (!marked) return marked;
  return sync();
}

status environment::copy_to(const path& directory) const {
  if (auto made = make_directories(directory); !made) return made;
  const auto ticket = env_->readers.enter();
  const int code = mdb_env_copy2(env_->env, directory.c_str(), MDB_CP_COMPACT);
  env_->readers.leave(ticket);
  if (code != 0) return fail(lmdb_error(code, directory, "copy"));
  const auto copy = data_file(directory);
  auto file = open_file(copy, O_RDWR);
  if (!file) return fail(file.error());
  if (::fsync(file->fd()) != 0) return fail(os_error(errno, copy, "sync"));
  return fsync_directory(directory);
}

status environment::copy_to(int fd, const path& what) const {
  const auto ticket = env_->readers.enter();
  const int code = mdb_env_copyfd2(env_->env, fd, MDB_CP_COMPACT);
  env_->readers.leave(ticket);
  if (code != 0) return fail(lmdb_error(code, what, "copy"));
  return {};
}

environment_info environment::info() const {
  MDB_envinfo now{};
  MDB_stat stat{};
  // No transaction, but no remapping in between either.
  const auto oldest = env_->readers.oldest();
  const auto ticket = env_->readers.enter();
  mdb_env_info(env_->env, &now);
  mdb_env_stat(env_->env, &stat);
  env_->readers.leave(ticket);
  return {now.me_mapsize,
          env_->options.map_max,
          (now.me_last_pgno + 1) * stat.ms_psize,
          now.me_last_txnid,
          now.me_numreaders,
          oldest,
          env_->dead_readers};
}
} // namespace spacetime::disk
