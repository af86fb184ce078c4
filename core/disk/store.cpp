#include "core/disk/store.hpp"

#include "core/base/check.hpp"
#include "core/base/hex.hpp"
#include "core/disk/store_detail.hpp"

namespace spacetime::disk {
namespace {
status make_schema(environment& env, network_id network) {
  return env.write([&](write_transaction& txn) -> status {
    const auto& meta = env.table_named("meta");
    if (auto r = txn.put(meta, view(schema_key), be(schema_version)); !r)
      return r;
    return txn.put(meta, view(network_key), network.value);
  });
}

// Whose data these are, if this program can read them.
result<network_id> check_schema(const environment& env, const path& directory) {
  auto raw = get_from(env, "meta", view(schema_key));
  if (!raw) return fail(raw.error());
  if (raw->size() != 4)
    return fail(false_size(directory, "meta", view(schema_key)));
  const auto schema = spacetime::reader{*raw}.take<std::uint32_t>();
  if (schema != schema_version)
    return fail(errc::bad_config,
                directory.string() + ": schema " + std::to_string(schema)
                    + (schema > schema_version
                           ? " was written by a newer program; this one knows "
                           : " is not known to this program, which knows ")
                    + std::to_string(schema_version));
  auto id = get_from(env, "meta", view(network_key));
  if (!id) return fail(id.error());
  if (id->size() != 32)
    return fail(false_size(directory, "meta", view(network_key)));
  return network_id{to_bytes32(*id)};
}
} // namespace

struct store::writing {
  store_options options;
  directory_lock lock;
  location end{}; ///< committed
  std::atomic<bool> low{false};
  std::atomic<bool> failed{false};

  writing(store_options o, directory_lock l)
      : options(std::move(o)), lock(std::move(l)) {}
};

store::store(std::shared_ptr<chain_files> files, std::unique_ptr<writing> w)
    : reader(std::move(files)), writing_(std::move(w)) {}
store::store(store&&) noexcept = default;
store& store::operator=(store&&) noexcept = default;
store::~store() = default;

namespace {
// Bytes of a segment that holds no block but genesis.
constexpr std::uint64_t genesis_limit = 1024;

status verify_first(const path& directory, const store_options& options) {
  if (options.verify == verify_policy::never) return {};
  const auto when = options.verify == verify_policy::always
                        ? verify_when::always
                        : verify_when::unclean;
  auto sound = verify_in_child(directory, options.verify_timeout, when);
  // Nothing there yet is nothing wrong.
  return !sound && sound.error() == errc::not_found ? status{} : sound;
}

result<environment> open_tables(const path& directory, network_id network,
                                const store_options& options) {
  environment_options o;
  o.tables = {table_names.begin(), table_names.end()};
  o.map_start = options.map_start;
  o.map_max = options.map_max;
  o.sync = options.sync;
  auto env = environment::open(directory, std::move(o));
  if (!env) return env;
  auto theirs = check_schema(*env, directory);
  if (!theirs && theirs.error() == errc::not_found) {
    if (auto made = make_schema(*env, network); !made)
      return fail(made.error());
    return env;
  }
  if (!theirs) return fail(theirs.error());
  if (*theirs == network) return env;
  return fail(errc::wrong_network, directory.string() + " holds network "
                                       + to_hex(theirs->value) + ", not "
                                       + to_hex(network.value));
}
} // namespace

result<store> store::open(const path& directory, network_id network,
                          store_options options) {
  auto lock = directory_lock::take(directory / "writer.lock");
  if (!lock) return fail(lock.error());
  if (auto sound = verify_first(directory, options); !sound)
    return fail(sound.error());
  auto env = open_tables(directory, network, options);
  if (!env) return fail(env.error());
  segment_options o;
  o.segment_bytes = options.segment_bytes;
  o.sync = options.sync_segment;
  auto segments = segment_files::open(directory / "blocks", network, o);
  if (!segments) return fail(segments.error());
  store out{std::make_shared<chain_files>(directory, std::move(*env),
                                          std::move(*segments), network),
            std::make_unique<writing>(std::move(options), std::move(*lock))};
  if (auto ok = out.cut_and_check(); !ok) return fail(ok.error());
  return out;
}

// What no commit knows goes; what was acknowledged last must be readable.
status store::cut_and_check() {
  auto end = files_->committed_end();
  if (!end) return fail(end.error());
  writing_->end = *end;
  auto id = maybe(tip());
  if (!id) return fail(id.error());
  // A first start that was cut short leaves a genesis block at most. More than
  // that is a chain whose database is gone: not ours to cut away.
  const auto there = files_->segments.end();
  if (!*id && (there.file > 0 || there.offset > genesis_limit))
    return fail(errc::corrupt,
                (files_->directory / "data.mdb").string()
                    + ": new or empty beside the blocks of a chain; restore "
                      "it, or move blocks/ away to start again");
  if (auto cut = files_->segments.truncate_to(*end); !cut) return cut;
  if (!*id) return {};
  auto record = index_record(**id);
  if (!record && record.error() == errc::not_found)
    return fail(errc::corrupt,
                files_->directory.string() + ": the tip is no known block");
  if (!record) return fail(record.error());
  auto body = block(**id);
  if (body || body.error() == errc::not_found) return {};
  return fail(body.error());
}

result<reader> store::open_read_only(const path& directory) {
  environment_options options;
  options.tables = {table_names.begin(), table_names.end()};
  options.read_only = true;
  auto env = environment::open(directory, std::move(options));
  if (!env) return fail(env.error());
  auto network = check_schema(*env, directory);
  if (!network) return fail(network.error());
  segment_options o;
  o.read_only = true;
  auto segments = segment_files::open(directory / "blocks", *network, o);
  if (!segments) return fail(segments.error());
  return reader{std::make_shared<chain_files>(directory, std::move(*env),
                                              std::move(*segments), *network)};
}

status store::ready_to_write() {
  check(writing_ != nullptr, "a closed store is not written");
  auto& w = *writing_;
  if (w.failed)
    return fail(errc::io_error,
                files_->directory.string()
                    + ": an earlier write failed; the chain must be reopened");
  auto room = w.options.free_space(files_->directory);
  if (!room) return fail(room.error());
  w.low = *room < (w.low ? w.options.low_until : w.options.low_below);
  if (!w.low) return {};
  return fail(errc::disk_full, files_->directory.string() + ": "
                                   + std::to_string(*room)
                                   + " bytes free; writing resumes above "
                                   + std::to_string(w.options.low_until));
}

// A full disk or a map at its limit undoes the transaction and no more. After
// any other failure of the system nobody knows what the disk holds.
status store::write(const std::function<status(write_transaction&)>& change) {
  auto done = files_->env.write(change);
  if (!done && done.error() == errc::io_error) writing_->failed = true;
  return done;
}

namespace {
using locations = std::vector<location>;

// An update without raw bytes leaves the location as it is.
status put_block(const chain_files& files, write_transaction& txn,
                 const new_block& b, location at) {
  const auto& blocks = files.at("blocks");
  if (at.length == 0) {
    auto known = maybe(txn.get(blocks, b.id.value));
    if (!known) return fail(known.error());
    if (*known) at = take_location(**known);
  }
  writer value;
  put_location(value, at);
  value.put(byte_view{b.index_record});
  if (auto r = txn.put(blocks, b.id.value, value.view()); !r) return r;
  if (!b.undo) return {};
  return txn.put(files.at("undo"), b.id.value, *b.undo);
}

status put_heights(const chain_files& files, write_transaction& txn,
                   const commit& change) {
  const auto& heights = files.at("heights");
  const auto above = change.truncate_heights_above;
  if (above && above->value + 1 != 0) {
    auto erased = txn.erase_range(heights, be(above->value + 1), {});
    if (!erased) return fail(erased.error());
  }
  for (const auto& c : change.connected)
    if (auto r = txn.put(heights, be(c.at.value), c.id.value); !r) return r;
  return {};
}

status put_accounts(const chain_files& files, write_transaction& txn,
                    const commit& change) {
  const auto& accounts = files.at("accounts");
  for (const auto& a : change.accounts)
    if (auto r = a.value ? txn.put(accounts, a.id.value, *a.value)
                         : txn.erase(accounts, a.id.value);
        !r)
      return r;
  return {};
}

status put_meta(const chain_files& files, write_transaction& txn,
                const commit& change) {
  const auto& meta = files.at("meta");
  writer end;
  put_location(end, files.segments.end());
  if (auto r = txn.put(meta, view(end_key), end.view()); !r) return r;
  if (change.rewards)
    if (auto r =
            txn.put(files.at("rewards"), view(rewards_key), *change.rewards);
        !r)
      return r;
  if (!change.tip) return {};
  return txn.put(meta, view(tip_key), change.tip->value);
}

status put_all(const chain_files& files, write_transaction& txn,
               const commit& change, const locations& where) {
  for (std::size_t i = 0; i < change.blocks.size(); ++i)
    if (auto r = put_block(files, txn, change.blocks[i], where[i]); !r)
      return r;
  for (const auto& id : change.undo_erased)
    if (auto r = txn.erase(files.at("undo"), id.value); !r) return r;
  if (auto r = put_heights(files, txn, change); !r) return r;
  if (auto r = put_accounts(files, txn, change); !r) return r;
  return put_meta(files, txn, change);
}

result<locations> append_blocks(segment_files& segments, const commit& change) {
  locations out;
  for (const auto& b : change.blocks) {
    if (b.raw.empty()) {
      out.emplace_back();
      continue;
    }
    auto at = segments.append(b.raw);
    if (!at) return fail(at.error());
    out.push_back(*at);
  }
  return out;
}
} // namespace

status store::apply(const commit& change) {
  if (auto ready = ready_to_write(); !ready) return ready;
  auto& segments = files_->segments;
  auto where = append_blocks(segments, change);
  auto done = where ? status{} : status{fail(where.error())};
  if (done && segments.end() != writing_->end) {
    done = segments.sync();
    if (!done) writing_->failed = true;
  }
  if (done)
    done = write([&](write_transaction& txn) {
      return put_all(*files_, txn, change, *where);
    });
  if (done) {
    writing_->end = segments.end();
    return {};
  }
  // What was appended is garbage now, and takes space. After a failed sync it
  // stays for the next `open`: nothing more is written here.
  if (!writing_->failed && !segments.truncate_to(writing_->end))
    writing_->failed = true;
  return done;
}

status store::put_ticks(const bytes32& seed,
                        const std::vector<stored_tick>& ticks) {
  if (auto ready = ready_to_write(); !ready) return ready;
  return write([&](write_transaction& txn) -> status {
    for (const auto& t : ticks)
      if (auto r = txn.put(files_->at("ticks"), tick_key(seed, t.i), t.tick);
          !r)
        return r;
    return {};
  });
}

status store::put_tick(const bytes32& seed, std::uint64_t i, byte_view tick) {
  return put_ticks(seed, {{i, copy_of(tick)}});
}

status store::erase_ticks_of(const bytes32& seed) {
  if (auto ready = ready_to_write(); !ready) return ready;
  return write([&](write_transaction& txn) -> status {
    auto n = txn.erase_range(files_->at("ticks"), seed, seed);
    if (!n) return fail(n.error());
    return {};
  });
}

status store::put_era_proof(const bytes32& seed, byte_view proof) {
  if (auto ready = ready_to_write(); !ready) return ready;
  return write([&](write_transaction& txn) {
    return txn.put(files_->at("era_proofs"), seed, proof);
  });
}

status store::erase_era_proof(const bytes32& seed) {
  if (auto ready = ready_to_write(); !ready) return ready;
  return write([&](write_transaction& txn) {
    return txn.erase(files_->at("era_proofs"), seed);
  });
}

bool store::disk_low() const {
  return writing_ && writing_->low;
}
bool store::failed() const {
  return writing_ && writing_->failed;
}
bool store::was_clean() const {
  return files_->env.was_clean();
}

status store::close() {
  check(writing_ != nullptr, "a store is closed once");
  if (writing_->failed)
    return fail(errc::io_error,
                files_->directory.string()
                    + ": not marked clean after a failed write");
  auto marked = files_->env.close();
  writing_.reset();
  return marked;
}
} // namespace spacetime::disk
