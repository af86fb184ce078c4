// Indexes, and what is known of space and age.

#include "core/disk/reader.hpp"
#include "core/disk/store_detail.hpp"

namespace spacetime::disk {
namespace {
const char* table_of(chain_index which) {
  return index_tables[static_cast<unsigned>(which)];
}
} // namespace

result<indexed_range> reader::indexed(chain_index which) const {
  const std::string_view key = index_keys[static_cast<unsigned>(which)];
  auto raw = files_->get("meta", view(key));
  if (!raw) return fail(raw.error());
  if (raw->size() != 40) return fail(files_->broken("meta", view(key)));
  spacetime::reader in{*raw};
  const height from{in.take<std::uint32_t>()};
  const auto next = in.take<std::uint32_t>();
  return indexed_range{from, next, {in.take<32>()}};
}

result<bytes> reader::index_entry(chain_index which, byte_view key) const {
  return files_->get(table_of(which), key);
}

status reader::for_each_entry_below(
    chain_index which, byte_view below,
    const std::function<bool(byte_view key, byte_view value)>& see,
    std::chrono::milliseconds longest) const {
  auto txn = files_->env.read();
  if (!txn) return fail(txn.error());
  time_limit limit{longest};
  status out;
  auto done = txn->for_each_below(
      files_->at(table_of(which)), below, [&](byte_view k, byte_view v) {
        if (limit.passed())
          out = fail(errc::timed_out, "a read of table "
                                          + std::string{table_of(which)}
                                          + " took too long");
        return out && see(k, v);
      });
  return done ? out : done;
}

status reader::for_each_entry(
    chain_index which,
    const std::function<bool(byte_view key, byte_view value)>& see) const {
  auto txn = files_->env.read();
  if (!txn) return fail(txn.error());
  return txn->for_each(files_->at(table_of(which)), {}, see);
}

result<std::uint32_t> reader::first_segment() const {
  return files_->number(first_segment_key);
}

result<height> reader::undo_from() const {
  return files_->number(undo_from_key).map([](std::uint32_t n) {
    return height{n};
  });
}

result<std::map<std::uint32_t, height>> reader::segment_heights() const {
  auto txn = files_->env.read();
  if (!txn) return fail(txn.error());
  std::map<std::uint32_t, height> out;
  status sound;
  auto done =
      txn->for_each(files_->at("segments"), {}, [&](byte_view k, byte_view v) {
        if (k.size() != 4 || v.size() != 4)
          sound = fail(files_->broken("segments", k));
        else
          out[spacetime::reader{k}.take<std::uint32_t>()] = {
              spacetime::reader{v}.take<std::uint32_t>()};
        return sound.has_value();
      });
  if (!done) return fail(done.error());
  if (!sound) return fail(sound.error());
  return out;
}

result<std::uint32_t> reader::first_needed_segment(height kept_from) const {
  auto first = first_segment();
  if (!first) return first;
  auto end = segment_end();
  if (!end) return fail(end.error());
  auto highest = segment_heights();
  if (!highest) return fail(highest.error());
  auto n = *first;
  for (; n < end->file; ++n) {
    const auto known = highest->find(n);
    if (known == highest->end() || known->second >= kept_from) break;
  }
  return n;
}

result<std::uint64_t> reader::segment_bytes() const {
  return files_->segments.size();
}

result<location> reader::segment_end() const {
  return files_->committed_end();
}

const path& reader::directory() const {
  return files_->directory;
}

environment_info reader::info() const {
  return files_->env.info();
}

result<std::uint64_t> reader::free_page_bytes() const {
  auto txn = files_->env.read();
  if (!txn) return fail(txn.error());
  return txn->free_page_bytes();
}

result<std::vector<std::pair<std::string, table_size>>>
reader::table_sizes() const {
  auto txn = files_->env.read();
  if (!txn) return fail(txn.error());
  std::vector<std::pair<std::string, table_size>> out;
  for (const auto& name : table_names) {
    auto n = txn->size(files_->at(name));
    if (!n) return fail(n.error());
    out.emplace_back(name, *n);
  }
  return out;
}

result<std::vector<std::pair<std::string, std::uint64_t>>>
reader::tables() const {
  auto sizes = table_sizes();
  if (!sizes) return fail(sizes.error());
  std::vector<std::pair<std::string, std::uint64_t>> out;
  for (const auto& [name, size] : *sizes) out.emplace_back(name, size.entries);
  return out;
}
} // namespace spacetime::disk
