#include "core/disk/reader.hpp"

#include "core/base/hex.hpp"
#include "core/disk/store_detail.hpp"

namespace spacetime::disk {
error false_size(const path& directory, std::string_view name, byte_view key) {
  return {errc::corrupt, directory.string() + ": table " + std::string{name}
                             + ", key " + to_hex(key)
                             + ": a value of a false size"};
}

result<bytes> get_from(const environment& env, std::string_view name,
                       byte_view key) {
  auto txn = env.read();
  if (!txn) return fail(txn.error());
  auto value = txn->get(env.table_named(name), key);
  if (!value) return fail(value.error());
  return copy_of(*value);
}

error chain_files::broken(std::string_view name, byte_view key) const {
  return false_size(directory, name, key);
}

result<bytes> chain_files::get(std::string_view name, byte_view key) const {
  return get_from(env, name, key);
}

result<bytes32> chain_files::get_id(std::string_view name,
                                    byte_view key) const {
  auto raw = get(name, key);
  if (!raw) return fail(raw.error());
  if (raw->size() != 32) return fail(broken(name, key));
  return to_bytes32(*raw);
}

result<location> chain_files::committed_end() const {
  auto raw = maybe(get("meta", view(end_key)));
  if (!raw) return fail(raw.error());
  if (!*raw) return location{};
  if ((*raw)->size() != location_size)
    return fail(broken("meta", view(end_key)));
  return take_location(**raw);
}

result<std::uint32_t> number_from(const environment& env, const path& directory,
                                  std::string_view key) {
  auto raw = maybe(get_from(env, "meta", view(key)));
  if (!raw) return fail(raw.error());
  if (!*raw) return 0u;
  if ((*raw)->size() != sizeof(std::uint32_t))
    return fail(false_size(directory, "meta", view(key)));
  return spacetime::reader{**raw}.take<std::uint32_t>();
}

result<std::uint32_t> chain_files::number(std::string_view key) const {
  return number_from(env, directory, key);
}

network_id reader::network() const {
  return files_->network;
}

result<block_id> reader::tip() const {
  return files_->get_id("meta", view(tip_key)).map([](const bytes32& id) {
    return block_id{id};
  });
}

result<location> reader::place_of(const block_id& id) const {
  auto raw = files_->get("blocks", id.value);
  if (!raw) return fail(raw.error());
  if (raw->size() < location_size)
    return fail(files_->broken("blocks", id.value));
  return take_location(*raw);
}

result<bytes> reader::block(const block_id& id) const {
  auto at = place_of(id);
  if (!at) return fail(at.error());
  if (at->length == 0) return fail(errc::not_found);
  auto raw = files_->segments.read(*at);
  if (raw || raw.error() != errc::corrupt) return raw;
  // A pruned file is missing; who prunes may be another process.
  auto kept = first_segment();
  if (!kept) return fail(kept.error());
  if (at->file >= *kept) return raw;
  return fail(errc::not_found, "pruned: the body of block " + to_hex(id.value)
                                   + " is not kept (storage.prune)");
}

result<bytes> reader::index_record(const block_id& id) const {
  auto raw = files_->get("blocks", id.value);
  if (!raw) return raw;
  if (raw->size() < location_size)
    return fail(files_->broken("blocks", id.value));
  raw->erase(raw->begin(), raw->begin() + location_size);
  return raw;
}

result<block_id> reader::id_at(height at) const {
  return files_->get_id("heights", be(at.value)).map([](const bytes32& id) {
    return block_id{id};
  });
}

result<bytes> reader::account(const account_id& id) const {
  return files_->get("accounts", id.value);
}

result<bytes> reader::rewards() const {
  return files_->get("rewards", view(rewards_key));
}

result<bytes> reader::undo(const block_id& id) const {
  return files_->get("undo", id.value);
}

result<bytes> reader::era_proof(const bytes32& seed) const {
  return files_->get("era_proofs", seed);
}

result<std::vector<stored_tick>> reader::ticks(const bytes32& seed,
                                               std::uint64_t from,
                                               std::size_t limit) const {
  std::vector<stored_tick> out;
  auto txn = files_->env.read();
  if (!txn) return fail(txn.error());
  if (limit == 0) return out;
  auto done = txn->for_each(
      files_->at("ticks"), tick_key(seed, from), [&](byte_view k, byte_view v) {
        spacetime::reader key{k};
        if (key.take<32>() != seed) return false;
        out.push_back({key.take<std::uint64_t>(), copy_of(v)});
        return out.size() < limit;
      });
  if (!done) return fail(done.error());
  return out;
}

result<std::vector<bytes32>> reader::tick_seeds() const {
  std::vector<bytes32> out;
  auto txn = files_->env.read();
  if (!txn) return fail(txn.error());
  // From each seed to behind its highest possible tick.
  for (bytes from{0};;) {
    bool found = false;
    auto done =
        txn->for_each(files_->at("ticks"), from, [&](byte_view k, byte_view) {
          out.push_back(to_bytes32(k));
          found = true;
          return false;
        });
    if (!done) return fail(done.error());
    if (!found) return out;
    from = tick_key(out.back(), ~std::uint64_t{0});
    from.push_back(0);
  }
}

namespace {
template <class F> // bool F(key, value)
status walk(const chain_files& files, std::string_view name, byte_view from,
            std::chrono::milliseconds longest, std::size_t least, F see) {
  auto txn = files.env.read();
  if (!txn) return fail(txn.error());
  time_limit limit{longest};
  status out;
  auto done =
      txn->for_each(files.at(name), from, [&](byte_view k, byte_view v) {
        if (limit.passed())
          out = fail(errc::timed_out,
                     "a read of table " + std::string{name} + " took too long");
        else if (k.size() != 32 || v.size() < least)
          out = fail(files.broken(name, k));
        return out && see(k, v);
      });
  return done ? out : done;
}
} // namespace

status reader::for_each_index(
    const std::function<bool(const block_id&, byte_view)>& see,
    std::chrono::milliseconds longest) const {
  return walk(*files_, "blocks", {}, longest, location_size,
              [&](byte_view k, byte_view v) {
                return see(block_id{to_bytes32(k)}, v.subspan(location_size));
              });
}

status reader::for_each_account(
    const std::function<bool(const account_id&, byte_view)>& see,
    const account_id& from, std::chrono::milliseconds longest) const {
  return walk(*files_, "accounts", from.value, longest, 0,
              [&](byte_view k, byte_view v) {
                return see(account_id{to_bytes32(k)}, v);
              });
}

namespace {
result<std::vector<block_id>> ids_in(const chain_files& files,
                                     std::string_view name) {
  std::vector<block_id> out;
  auto done =
      walk(files, name, {}, reader::forever, 0, [&](byte_view k, byte_view) {
        out.push_back({to_bytes32(k)});
        return true;
      });
  if (!done) return fail(done.error());
  return out;
}
} // namespace

result<std::vector<block_id>> reader::side_blocks() const {
  return ids_in(*files_, "side");
}

result<std::vector<block_id>> reader::invalidated() const {
  return ids_in(*files_, "invalidated");
}

status reader::copy_to(const path& directory) const {
  // First the tables: every record they name is in the segments by then, and
  // segments only grow. A tail that came later is cut at the copy's opening.
  if (auto copied = files_->env.copy_to(directory); !copied) return copied;
  return files_->segments.copy_to(directory / "blocks");
}
} // namespace spacetime::disk
