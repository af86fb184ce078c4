#include "core/base/check.hpp"
#include "core/disk/store_writing.hpp"

namespace spacetime::disk {
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
status store::write(const std::function<status(write_transaction&)>& change,
                    std::optional<sync_policy> how) {
  auto done = files_->env.write(change, how);
  if (!done && done.error() == errc::io_error) writing_->failed = true;
  return done;
}

namespace {
using locations = std::vector<location>;

/// Of a block that came without its height: above every other.
constexpr height unknown_height{~std::uint32_t{0}};

// The highest block of each segment file tells when the file may go.
status note_height(const chain_files& files, write_transaction& txn,
                   std::uint32_t file, std::optional<height> at) {
  const auto& segments = files.at("segments");
  const auto key = be(file);
  auto highest = at.value_or(unknown_height).value;
  auto known = maybe(txn.get(segments, key));
  if (!known) return fail(known.error());
  if (*known) {
    if ((*known)->size() != sizeof highest)
      return fail(files.broken("segments", key));
    highest =
        std::max(highest, spacetime::reader{**known}.take<std::uint32_t>());
  }
  return txn.put(segments, key, be(highest));
}

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
  if (!b.raw.empty())
    if (auto r = note_height(files, txn, at.file, b.at); !r) return r;
  if (!b.undo) return {};
  return txn.put(files.at("undo"), b.id.value, *b.undo);
}

// Who leaves the heights is on a side branch from now on.
status cut_heights(const chain_files& files, write_transaction& txn,
                   height above) {
  const auto& heights = files.at("heights");
  std::vector<bytes> gone;
  const auto first = be(above.value + 1);
  auto seen = txn.for_each(heights, first, [&](byte_view, byte_view id) {
    gone.push_back(copy_of(id));
    return true;
  });
  if (!seen) return seen;
  for (const auto& id : gone)
    if (auto r = txn.put(files.at("side"), id, {}); !r) return r;
  auto erased = txn.erase_range(heights, first, {});
  return erased ? status{} : status{fail(erased.error())};
}

status put_heights(const chain_files& files, write_transaction& txn,
                   const commit& change) {
  const auto above = change.truncate_heights_above;
  if (above && above->value + 1 != 0)
    if (auto r = cut_heights(files, txn, *above); !r) return r;
  for (const auto& c : change.connected) {
    if (auto r = txn.put(files.at("heights"), be(c.at.value), c.id.value); !r)
      return r;
    if (auto r = txn.erase(files.at("side"), c.id.value); !r) return r;
  }
  return {};
}

status put_marks(const chain_files& files, write_transaction& txn,
                 const commit& change) {
  const auto& marks = files.at("invalidated");
  for (const auto& id : change.invalidated)
    if (auto r = txn.put(marks, id.value, {}); !r) return r;
  for (const auto& id : change.reconsidered)
    if (auto r = txn.erase(marks, id.value); !r) return r;
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

status put_indexes(const chain_files& files, write_transaction& txn,
                   const commit& change) {
  for (const auto& w : change.index_writes) {
    const auto& table = files.at(index_tables[static_cast<unsigned>(w.in)]);
    if (auto r =
            w.value ? txn.put(table, w.key, *w.value) : txn.erase(table, w.key);
        !r)
      return r;
  }
  for (const auto& [which, range] : change.indexed) {
    const std::string_view key = index_keys[static_cast<unsigned>(which)];
    writer value;
    value.put(range.from.value).put(range.next);
    value.put(byte_view{range.last.value});
    if (auto r = txn.put(files.at("meta"), view(key), value.view()); !r)
      return r;
  }
  return {};
}

status put_pruning(const chain_files& files, write_transaction& txn,
                   const commit& change) {
  for (const auto& [file, at] : change.segment_heights)
    if (auto r = note_height(files, txn, file, at); !r) return r;
  if (!change.undo_from) return {};
  return txn.put(files.at("meta"), view(undo_from_key),
                 be(change.undo_from->value));
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
  for (std::size_t i = 0; i < change.blocks.size(); ++i) {
    const auto& b = change.blocks[i];
    if (auto r = put_block(files, txn, b, where[i]); !r) return r;
    if (b.raw.empty()) continue;
    if (auto r = txn.put(files.at("side"), b.id.value, {}); !r) return r;
  }
  for (const auto& id : change.undo_erased)
    if (auto r = txn.erase(files.at("undo"), id.value); !r) return r;
  if (auto r = put_heights(files, txn, change); !r) return r;
  if (auto r = put_marks(files, txn, change); !r) return r;
  for (const auto& id : change.forgotten)
    for (const char* name : {"blocks", "undo", "side", "invalidated"})
      if (auto r = txn.erase(files.at(name), id.value); !r) return r;
  if (auto r = put_accounts(files, txn, change); !r) return r;
  if (auto r = put_indexes(files, txn, change); !r) return r;
  if (auto r = put_pruning(files, txn, change); !r) return r;
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
    done = write(
        [&](write_transaction& txn) {
          return put_all(*files_, txn, change, *where);
        },
        change.sync);
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

status store::sync() {
  if (auto ready = ready_to_write(); !ready) return ready;
  auto done = files_->env.sync();
  if (!done) writing_->failed = true;
  return done;
}

status store::clear_index(chain_index which) {
  if (auto ready = ready_to_write(); !ready) return ready;
  const auto n = static_cast<unsigned>(which);
  return write([&](write_transaction& txn) -> status {
    if (auto r = txn.clear(files_->at(index_tables[n])); !r) return r;
    const std::string_view key = index_keys[n];
    return txn.erase(files_->at("meta"), view(key));
  });
}

status store::forget_segments(std::uint32_t first) {
  if (auto ready = ready_to_write(); !ready) return ready;
  first = std::min(first, writing_->end.file);
  auto now = first_segment();
  if (!now) return fail(now.error());
  if (first <= *now) return {};
  auto forgotten = write(
      [&](write_transaction& txn) -> status {
        for (auto n = *now; n < first; ++n)
          if (auto r = txn.erase(files_->at("segments"), be(n)); !r) return r;
        return txn.put(files_->at("meta"), view(first_segment_key), be(first));
      },
      // What a power loss gave back would be gone.
      sync_policy::durable);
  if (!forgotten) return forgotten;
  return files_->segments.forget_before(first);
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
} // namespace spacetime::disk
