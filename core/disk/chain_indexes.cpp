#include "core/disk/chain_indexes.hpp"

#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/disk/chain_loader.hpp"
#include "core/disk/snapshot.hpp"
#include "core/tx/rules.hpp"

#include <algorithm>

namespace spacetime::disk {
namespace {
constexpr std::array all_indexes{chain_index::times, chain_index::txs,
                                 chain_index::history};
constexpr std::size_t history_key_size = 40;

bytes history_key(const account_id& whose, height at, std::uint32_t sequence) {
  return std::move(
             writer{}.put(byte_view{whose.value}).put(at.value).put(sequence))
      .take();
}

error off(const char* what, const char* key) {
  return {errc::unavailable, std::string{what} + " is off: set storage." + key
                                 + " = true in node.toml and start the node"};
}

error bad_entry(const reader& s, const char* table, byte_view key) {
  return {errc::corrupt, s.directory().string() + ": table " + table + ", key "
                             + to_hex(key) + ": a value of a false form"};
}

/// Which indexes one block goes into.
using wanted = std::array<bool, all_indexes.size()>;

bool has(const wanted& w, chain_index i) {
  return w[static_cast<unsigned>(i)];
}

struct entry {
  chain_index in;
  bytes key, value;
};

void add_premine(const consensus::protocol& p, std::vector<entry>& out) {
  std::uint32_t sequence = 0;
  for (const auto& e : p.spec.genesis.premine)
    out.push_back(
        {chain_index::history, history_key(e.account, {0}, ++sequence),
         std::move(writer{}
                       .put(static_cast<std::uint8_t>(history_kind::premine))
                       .put(e.value.value)
                       .put(std::uint32_t{0}))
             .take()});
}

void add_reward(height at, const state::reward& r, std::vector<entry>& out) {
  out.push_back(
      {chain_index::history, history_key(r.payee, at, 0),
       std::move(writer{}
                     .put(static_cast<std::uint8_t>(history_kind::reward))
                     .put(r.value.value)
                     .put(r.height.value))
           .take()});
}

void add_tx(const wanted& which, height at, std::uint32_t position, const tx& t,
            std::vector<entry>& out) {
  if (has(which, chain_index::txs))
    out.push_back({chain_index::txs,
                   bytes(t.id.value.begin(), t.id.value.end()),
                   std::move(writer{}.put(at.value).put(position)).take()});
  if (!has(which, chain_index::history)) return;
  const auto row = [&](const account_id& whose, history_kind kind) {
    out.push_back({chain_index::history,
                   history_key(whose, at, position + 1),
                   {static_cast<std::uint8_t>(kind)}});
  };
  row(sender_of(t), history_kind::outgoing);
  row(t.recipient, history_kind::incoming);
}

/// All entries of one block. `raw` and `undo` give its bytes when they are
/// needed.
template <class Raw, class Undo>
status entries_of(const consensus::protocol& p, const wanted& which, height at,
                  timestamp time, Raw raw, Undo undo, std::vector<entry>& out) {
  if (has(which, chain_index::times)) {
    const auto key = be(time.value);
    const auto value = be(at.value);
    out.push_back({chain_index::times,
                   {key.begin(), key.end()},
                   {value.begin(), value.end()}});
  }
  const bool history = has(which, chain_index::history);
  if (history && at == height{0}) add_premine(p, out);
  if (at == height{0} || (!has(which, chain_index::txs) && !history)) return {};
  result<bytes> body = raw();
  if (!body) return fail(body.error());
  auto b = codec::decode_block(p.spec.network(), *body);
  if (!b)
    return fail(errc::corrupt, "block at height " + std::to_string(at.value)
                                   + ": " + to_string(b.error()));
  std::uint32_t position = 0;
  for (const auto& t : b->txs) add_tx(which, at, position++, t, out);
  if (!history) return {};
  result<bytes> record = undo();
  if (!record) return fail(record.error());
  auto change = state::decode_delta(*record);
  if (!change)
    return fail(errc::corrupt,
                "undo record of height " + std::to_string(at.value));
  if (change->credited) add_reward(at, *change->credited, out);
  return {};
}

status entries_of_stored(const consensus::protocol& p, const reader& s,
                         const wanted& which, height at,
                         std::vector<entry>& out) {
  auto id = s.id_at(at);
  if (!id) return fail(id.error());
  auto context = context_of(s, *id);
  if (!context) return fail(context.error());
  return entries_of(
      p, which, at, context->facts.time, [&] { return s.block(*id); },
      [&] { return s.undo(*id); }, out);
}

/// In the order of the tables' keys, so that neighbours share a page.
void move_into(commit& change, std::vector<entry>& from, bool erase) {
  std::ranges::sort(from, [](const entry& a, const entry& b) {
    return std::tie(a.in, a.key) < std::tie(b.in, b.key);
  });
  for (auto& e : from)
    change.index_writes.push_back(
        {e.in, std::move(e.key),
         erase ? std::optional<bytes>{}
               : std::optional<bytes>{std::move(e.value)}});
  from.clear();
}

result<std::optional<indexed_range>> range_of(const reader& s, chain_index i) {
  auto range = s.indexed(i);
  if (range) return std::optional{*range};
  if (range.error() == errc::not_found) return std::optional<indexed_range>{};
  return fail(range.error());
}

/// Whether a range ends at a block of the present best chain.
bool fits(const reader& s, const indexed_range& r) {
  return r.next > 0 && r.next >= r.from.value
         && s.id_at({r.next - 1}) == r.last;
}

/// Those indexes that reach up to the tip.
result<wanted> complete_ones(const reader& s, height tip) {
  wanted out{};
  for (auto i : all_indexes) {
    auto range = range_of(s, i);
    if (!range) return fail(range.error());
    out[static_cast<unsigned>(i)] =
        *range && (*range)->next == tip.value + 1 && fits(s, **range);
  }
  return out;
}
} // namespace

result<tx_place> find_tx(const reader& s, const tx_id& id) {
  auto raw = s.index_entry(chain_index::txs, id.value);
  if (!raw && raw.error() == errc::not_found) {
    auto range = range_of(s, chain_index::txs);
    if (range && !*range) return fail(off("the transaction index", "tx_index"));
  }
  if (!raw) return fail(raw.error());
  if (raw->size() != 8) return fail(bad_entry(s, "txs", id.value));
  spacetime::reader in{*raw};
  const height at{in.take<std::uint32_t>()};
  return tx_place{at, in.take<std::uint32_t>()};
}

result<height> height_at(const reader& s, timestamp t) {
  std::optional<height> found;
  bool sound = true;
  auto key = be(t.value);
  bytes below{key.begin(), key.end()};
  below.push_back(0); // the key itself is to be seen
  auto done = s.for_each_entry_below(
      chain_index::times, below, [&](byte_view k, byte_view v) {
        sound = k.size() == 8 && v.size() == 4;
        if (sound) found = height{spacetime::reader{v}.take<std::uint32_t>()};
        return false;
      });
  if (!done) return fail(done.error());
  if (!sound) return fail(bad_entry(s, "times", below));
  if (!found) return fail(errc::not_found, "no block is that old");
  return *found;
}

result<std::vector<history_row>>
history_of(const reader& s, const account_id& whose,
           std::optional<std::pair<height, std::uint32_t>> below,
           std::size_t limit, std::chrono::milliseconds longest) {
  std::vector<history_row> out;
  std::optional<error> bad;
  auto start = below ? history_key(whose, below->first, below->second)
                     : history_key(whose, {~std::uint32_t{0}}, ~0u);
  const auto see = [&](byte_view k, byte_view v) {
    if (k.size() != history_key_size) {
      bad = bad_entry(s, "history", k);
      return false;
    }
    spacetime::reader key{k};
    if (key.take<32>() != whose.value || out.size() == limit) return false;
    history_row row{};
    row.at.value = key.take<std::uint32_t>();
    row.sequence = key.take<std::uint32_t>();
    spacetime::reader value{v};
    row.kind = static_cast<history_kind>(value.take<std::uint8_t>());
    const bool coins =
        row.kind == history_kind::reward || row.kind == history_kind::premine;
    if (coins) {
      row.value.value = value.take<std::uint64_t>();
      row.earned_at.value = value.take<std::uint32_t>();
    }
    if (v.size() != (coins ? 13 : 1) || row.kind < history_kind::outgoing
        || row.kind > history_kind::premine) {
      bad = bad_entry(s, "history", k);
      return false;
    }
    out.push_back(row);
    return true;
  };
  if (auto range = s.indexed(chain_index::history); !range)
    return fail(range.error() == errc::not_found
                    ? off("the history index", "history_index")
                    : range.error());
  if (limit == 0) return out;
  auto done = s.for_each_entry_below(chain_index::history, start, see, longest);
  if (!done) return fail(done.error());
  if (bad) return fail(*bad);
  return out;
}

status add_index_entries(const consensus::protocol& p, const reader& s,
                         commit& change) {
  if (!change.tip) return {};
  auto tip_id = s.tip();
  if (!tip_id && tip_id.error() == errc::not_found) return {};
  if (!tip_id) return fail(tip_id.error());
  auto tip = context_of(s, *tip_id);
  if (!tip) return fail(tip.error());
  auto which = complete_ones(s, tip->facts.height);
  if (!which) return fail(which.error());

  std::vector<entry> entries;
  const auto first = change.truncate_heights_above
                         ? change.truncate_heights_above->value + 1
                         : tip->facts.height.value + 1;
  for (auto h = first; h <= tip->facts.height.value; ++h)
    if (auto ok = entries_of_stored(p, s, *which, {h}, entries); !ok) return ok;
  move_into(change, entries, true);

  for (const auto& c : change.connected) {
    const auto b = std::ranges::find(change.blocks, c.id, &new_block::id);
    if (b == change.blocks.end())
      return fail(errc::internal, "a block is connected without its record");
    auto context = codec::decode_context(b->index_record);
    if (!context) return fail(context.error());
    auto ok = entries_of(
        p, *which, c.at, context->facts.time,
        [&] { return b->raw.empty() ? s.block(c.id) : result<bytes>{b->raw}; },
        [&] { return b->undo ? result<bytes>{*b->undo} : s.undo(c.id); },
        entries);
    if (!ok) return ok;
  }
  move_into(change, entries, false);

  const auto next =
      change.connected.empty() ? first : change.connected.back().at.value + 1;
  for (auto i : all_indexes) {
    if (!has(*which, i)) continue;
    auto range = s.indexed(i);
    if (!range) return fail(range.error());
    change.indexed.emplace_back(
        i,
        indexed_range{std::min(range->from, height{first}), next, *change.tip});
  }
  return {};
}

result<std::uint64_t> check_index_entries(const consensus::protocol& p,
                                          const reader& s, height at) {
  wanted which{};
  for (auto i : all_indexes) {
    auto range = range_of(s, i);
    if (!range) return fail(range.error());
    which[static_cast<unsigned>(i)] =
        *range && at >= (*range)->from && at.value < (*range)->next;
  }
  std::vector<entry> entries;
  if (auto ok = entries_of_stored(p, s, which, at, entries); !ok)
    return fail(ok.error());
  for (const auto& e : entries) {
    auto stored = s.index_entry(e.in, e.key);
    if (!stored && stored.error() != errc::not_found)
      return fail(stored.error());
    if (!stored || *stored != e.value)
      return fail(errc::corrupt,
                  std::string{"index "}
                      + std::array{"times", "txs",
                                   "history"}[static_cast<unsigned>(e.in)]
                      + ", key " + to_hex(e.key) + ": not what the block at "
                      + "height " + std::to_string(at.value) + " says");
  }
  return entries.size();
}

namespace {
/// Builds what is missing, up to the tip.
class builder {
public:
  builder(const consensus::protocol& p, store& s,
          const index_progress& progress)
      : protocol_(p), store_(s), progress_(progress) {}

  status run(const wanted& chosen) {
    auto id = store_.tip();
    if (!id) return fail(id.error());
    auto context = context_of(store_, *id);
    if (!context) return fail(context.error());
    tip_ = context->facts.height.value;
    tip_id_ = *id;
    for (auto i : all_indexes)
      if (auto ok = begin(i, has(chosen, i)); !ok) return ok;
    return fill();
  }

private:
  struct part {
    chain_index index;
    indexed_range range;
  };

  /// Whether an index can take the block of this height.
  bool can_take(chain_index i, std::uint32_t h) const {
    auto id = store_.id_at({h});
    if (!id) return false;
    if (i == chain_index::times) return true;
    if (i == chain_index::history && h != 0) {
      auto kept = store_.undo_from();
      if (!kept || h < kept->value) return false;
    }
    auto raw = store_.block(*id);
    return raw && !is_header_alone(*raw);
  }

  /// The lowest height from which on it can take all: bodies go from below.
  std::uint32_t lowest(chain_index i) const {
    if (can_take(i, 0) && (tip_ == 0 || can_take(i, 1))) return 0;
    std::uint32_t no = 0;
    std::uint32_t yes = tip_ + 1;
    while (yes - no > 1) {
      const auto middle = no + (yes - no) / 2;
      (can_take(i, middle) ? yes : no) = middle;
    }
    return yes;
  }

  status begin(chain_index i, bool wanted_now) {
    auto range = range_of(store_, i);
    if (!range) return fail(range.error());
    const bool goes_on = wanted_now && *range && fits(store_, **range);
    // Made by a program that did not keep it, or not wanted any more.
    if (!goes_on && *range)
      if (auto gone = store_.clear_index(i); !gone) return gone;
    if (!wanted_now) return {};
    const auto from = goes_on ? 0 : lowest(i);
    part p{i, goes_on ? **range : indexed_range{{from}, from, {}}};
    if (p.range.next <= tip_) parts_.push_back(p);
    if (goes_on || p.range.next <= tip_) return {};
    // Nothing that is there can be taken: it begins with the next block.
    p.range.last = tip_id_;
    commit change;
    change.indexed.emplace_back(i, p.range);
    return store_.apply(change);
  }

  status fill() {
    if (parts_.empty()) return {};
    auto next = tip_;
    for (const auto& p : parts_) next = std::min(next, p.range.next);
    const auto start = next;
    for (; next <= tip_; ++next) {
      if (progress_.cancelled && next % 64 == 0 && progress_.cancelled())
        return fail(errc::cancelled, "building an index; it goes on from here "
                                     "at the next start");
      if (auto ok = add(next); !ok) return ok;
      if (next != tip_ && entries_.size() < batch && (next + 1) % 1000 != 0)
        continue;
      if (auto ok = flush(); !ok) return ok;
      if (progress_.report)
        progress_.report(next - start + 1, tip_ - start + 1);
    }
    return store_.sync();
  }

  status add(std::uint32_t h) {
    wanted which{};
    auto id = store_.id_at({h});
    for (auto& p : parts_) {
      if (p.range.next != h) continue;
      if (!id) return fail(id.error());
      which[static_cast<unsigned>(p.index)] = true;
      p.range.next = h + 1;
      p.range.last = *id;
    }
    return entries_of_stored(protocol_, store_, which, {h}, entries_);
  }

  status flush() {
    commit change;
    change.sync = sync_policy::batch;
    move_into(change, entries_, false);
    for (const auto& p : parts_) change.indexed.emplace_back(p.index, p.range);
    return store_.apply(change);
  }

  static constexpr std::size_t batch = 20'000; // entries per transaction
  const consensus::protocol& protocol_;
  store& store_;
  const index_progress& progress_;
  std::uint32_t tip_ = 0;
  block_id tip_id_;
  std::vector<part> parts_;
  std::vector<entry> entries_;
};

/// Databases of schema 1 do not say which blocks a segment file holds.
status note_segments(store& s) {
  auto known = s.segment_heights();
  if (!known) return fail(known.error());
  auto first = s.first_segment();
  if (!first) return fail(first.error());
  auto end = s.segment_end();
  if (!end) return fail(end.error());
  if (end->offset == 0 || known->size() == std::size_t{end->file} - *first + 1)
    return {};
  std::vector<std::pair<block_id, height>> blocks;
  std::optional<error> bad;
  auto seen = s.for_each_index([&](const block_id& id, byte_view record) {
    auto context = codec::decode_context(record);
    if (context)
      blocks.emplace_back(id, context->facts.height);
    else
      bad = error{errc::corrupt, "stored context of " + to_hex(id.value)};
    return !bad;
  });
  if (!seen) return seen;
  if (bad) return fail(*bad);
  std::map<std::uint32_t, height> highest;
  for (auto n = *first; n <= end->file; ++n) highest[n] = {};
  for (const auto& [id, at] : blocks) {
    auto place = s.place_of(id);
    if (!place) return fail(place.error());
    if (place->length != 0)
      highest[place->file] = std::max(highest[place->file], at);
  }
  commit change;
  change.segment_heights.assign(highest.begin(), highest.end());
  return s.apply(change);
}
} // namespace

status prepare_indexes(const consensus::protocol& p, store& s,
                       index_choice chosen, const index_progress& progress) {
  if (auto ok = note_segments(s); !ok) return ok;
  return builder{p, s, progress}.run({true, chosen.txs, chosen.history});
}
} // namespace spacetime::disk
