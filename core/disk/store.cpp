#include "core/disk/store.hpp"

#include "core/base/check.hpp"
#include "core/base/hex.hpp"
#include "core/disk/store_writing.hpp"

namespace spacetime::disk {
namespace {
status put_schema(environment& env, std::optional<network_id> network) {
  return env.write([&](write_transaction& txn) -> status {
    const auto& meta = env.table_named("meta");
    if (auto r = txn.put(meta, view(schema_key), be(schema_version)); !r)
      return r;
    if (!network) return {};
    return txn.put(meta, view(network_key), network->value);
  });
}

struct schema {
  std::uint32_t version;
  network_id network;
};

// Whose data these are, if this program can read them.
result<schema> check_schema(const environment& env, const path& directory) {
  auto raw = get_from(env, "meta", view(schema_key));
  if (!raw) return fail(raw.error());
  if (raw->size() != 4)
    return fail(false_size(directory, "meta", view(schema_key)));
  const auto version = spacetime::reader{*raw}.take<std::uint32_t>();
  if (version < oldest_schema || version > schema_version)
    return fail(errc::bad_config,
                directory.string() + ": schema " + std::to_string(version)
                    + (version > schema_version
                           ? " was written by a newer program; this one knows "
                           : " is not known to this program, which knows ")
                    + std::to_string(schema_version));
  auto id = get_from(env, "meta", view(network_key));
  if (!id) return fail(id.error());
  if (id->size() != 32)
    return fail(false_size(directory, "meta", view(network_key)));
  return schema{version, network_id{to_bytes32(*id)}};
}
} // namespace

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
    if (auto made = put_schema(*env, network); !made) return fail(made.error());
    return env;
  }
  if (!theirs) return fail(theirs.error());
  if (theirs->network != network)
    return fail(errc::wrong_network, directory.string() + " holds network "
                                         + to_hex(theirs->network.value)
                                         + ", not " + to_hex(network.value));
  // Schema 2 only adds tables, which are there by now and empty.
  if (theirs->version < schema_version)
    if (auto carried = put_schema(*env, {}); !carried)
      return fail(carried.error());
  return env;
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
  auto first = number_from(*env, directory, first_segment_key);
  if (!first) return fail(first.error());
  segment_options o;
  o.segment_bytes = options.segment_bytes;
  o.first = *first;
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
  if (!writing_->options.check_tip) return {};
  auto body = block(**id);
  if (body || body.error() == errc::not_found) return {};
  return fail(body.error());
}

result<reader> store::open_read_only(const path& directory) {
  environment_options options;
  options.tables = {table_names.begin(), table_names.end()};
  options.newer_tables = {newer_tables.begin(), newer_tables.end()};
  options.read_only = true;
  auto env = environment::open(directory, std::move(options));
  if (!env) return fail(env.error());
  auto theirs = check_schema(*env, directory);
  if (!theirs) return fail(theirs.error());
  auto first = number_from(*env, directory, first_segment_key);
  if (!first) return fail(first.error());
  segment_options o;
  o.read_only = true;
  o.first = *first;
  auto segments = segment_files::open(directory / "blocks", theirs->network, o);
  if (!segments) return fail(segments.error());
  return reader{std::make_shared<chain_files>(
      directory, std::move(*env), std::move(*segments), theirs->network)};
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
