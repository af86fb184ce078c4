#include "core/disk/store_check.hpp"

#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/disk/chain_indexes.hpp"
#include "core/disk/chain_loader.hpp"
#include "core/disk/snapshot.hpp"
#include "core/state/supply.hpp"

#include <algorithm>

namespace spacetime::disk {
namespace {
class check_run {
public:
  check_run(const consensus::protocol& p, const reader& s,
            const check_options& o)
      : protocol_(p), store_(s), options_(o) {}

  result<check_summary> run() {
    auto tip = store_.tip();
    if (!tip) return fail(tip.error());
    auto context = context_of(store_, *tip);
    if (!context) return fail(context.error());
    out_.tip = context->facts.height;
    tip_id_ = *tip;
    if (auto ok = list_blocks(); !ok) return fail(ok.error());
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      if (options_.cancelled && options_.cancelled())
        return fail(errc::cancelled);
      check_block(blocks_[i]);
      if (options_.progress) options_.progress(i + 1, blocks_.size());
    }
    check_heights();
    check_counts();
    if (auto ok = check_state(); !ok) return fail(ok.error());
    return out_;
  }

private:
  struct known {
    block_id id;
    height at;
    timestamp time;
    location place{};
    bool best = false;
  };

  void damage(const error& what) {
    ++out_.damages;
    options_.damage(what);
  }

  [[nodiscard]] std::string name_of(const known& b) const {
    return "block " + to_hex(b.id.value) + " at height "
           + std::to_string(b.at.value);
  }

  status list_blocks() {
    auto seen = store_.for_each_index([&](const block_id& id, byte_view raw) {
      auto context = codec::decode_context(raw);
      if (context && context->id == id)
        blocks_.push_back({id, context->facts.height, context->facts.time});
      else
        damage({errc::corrupt, "table blocks, key " + to_hex(id.value)
                                   + ": not the context of this block"});
      return true;
    });
    if (!seen) return seen;
    for (auto& b : blocks_) {
      auto place = store_.place_of(b.id);
      if (!place) return fail(place.error());
      b.place = *place;
      b.best = store_.id_at(b.at) == b.id;
    }
    std::ranges::sort(blocks_, [](const known& a, const known& b) {
      return std::tie(a.place.file, a.place.offset)
             < std::tie(b.place.file, b.place.offset);
    });
    return {};
  }

  void check_block(const known& b) {
    check_undo(b);
    if (b.place.length == 0) return;
    auto raw = store_.block(b.id);
    if (!raw && raw.error() == errc::not_found) {
      ++out_.pruned;
      return;
    }
    if (!raw)
      return damage(
          {raw.error().code, raw.error().detail + " (" + name_of(b) + ")"});
    ++out_.blocks;
    out_.bytes += raw->size();
    if (is_header_alone(*raw)) return check_header(b, *raw);
    auto decoded = codec::decode_block(protocol_.spec.network(), *raw);
    if (!decoded)
      return damage(
          {errc::corrupt, name_of(b) + ": " + to_string(decoded.error())});
    if (codec::id_of(protocol_.spec.network(), decoded->head) != b.id)
      return damage({errc::corrupt, name_of(b) + ": stored under another id"});
    if (codec::tx_root(decoded->txs) != decoded->head.tx_root)
      return damage(
          {errc::corrupt, name_of(b) + ": transactions of another block"});
    if (!b.best) return;
    auto n = check_index_entries(protocol_, store_, b.at);
    if (n)
      out_.index_entries += *n;
    else if (n.error() == errc::not_found && is_undo_pruned(b.at))
      all_counted_ = false; // which reward it credited is not known any more
    else if (store_.id_at(b.at) == b.id)
      damage(n.error());
  }

  void check_header(const known& b, byte_view raw) {
    all_counted_ = false;
    auto head = codec::header_of_block(raw);
    if (!head)
      damage({errc::corrupt, name_of(b) + ": " + to_string(head.error())});
    else if (codec::id_of(protocol_.spec.network(), *head) != b.id)
      damage({errc::corrupt, name_of(b) + ": stored under another id"});
  }

  [[nodiscard]] bool is_undo_pruned(height at) const {
    auto kept = store_.undo_from();
    return kept && at < *kept;
  }

  void check_undo(const known& b) {
    if (!b.best || b.at == height{0}) return;
    auto raw = store_.undo(b.id);
    if (!raw && raw.error() == errc::not_found && is_undo_pruned(b.at)) return;
    if (!raw && store_.id_at(b.at) != b.id) return; // the node moved on
    if (!raw)
      return damage({errc::corrupt, "table undo: " + name_of(b) + ": "
                                        + to_string(raw.error())});
    auto change = state::decode_delta(*raw);
    if (!change || change->height != b.at)
      return damage({errc::corrupt,
                     "table undo: " + name_of(b) + ": not its undo record"});
    ++out_.undo_records;
  }

  /// Heights must lead from the tip to genesis without a gap.
  void check_heights() {
    std::optional<block_id> above;
    for (auto h = out_.tip.value + 1; h-- > 0;) {
      auto id = store_.id_at({h});
      if (!id && id.error() == errc::not_found && above
          && store_.index_record(*above).error() == errc::not_found)
        return; // below a snapshot nothing is known
      auto context = id ? context_of(store_, *id)
                        : result<consensus::chain_context>{fail(id.error())};
      if (!context || context->facts.height.value != h
          || (above && context->id != *above)) {
        if (store_.tip() == tip_id_)
          damage({errc::corrupt, "table heights, height " + std::to_string(h)
                                     + ": not the parent of the block above"});
        return;
      }
      above = context->parent;
    }
  }

  /// Nothing may be in an index but what the blocks put there.
  void check_counts() {
    std::uint64_t n = 0;
    for (auto i : {chain_index::times, chain_index::txs, chain_index::history})
      (void)store_.for_each_entry(i, [&](byte_view, byte_view) {
        ++n;
        return true;
      });
    auto now = store_.tip();
    auto context = now ? context_of(store_, *now)
                       : result<consensus::chain_context>{fail(now.error())};
    if (!context || context->facts.height != out_.tip) return; // it moved on
    if (n != out_.index_entries && out_.damages == 0 && out_.pruned == 0
        && all_counted_)
      damage({errc::corrupt, "the indexes have " + std::to_string(n)
                                 + " entries; the blocks make "
                                 + std::to_string(out_.index_entries)});
  }

  status check_state() {
    constexpr int tries = 5;
    for (int i = 0; i < tries; ++i) {
      auto before = store_.tip();
      auto chain = load_chain(protocol_, store_);
      auto after = store_.tip();
      if (!before || !after || *before != *after) continue; // it moved on
      if (!chain) {
        damage(chain.error());
        return {};
      }
      out_.state_root = chain->ledger.state_root();
      out_.accounts = chain->ledger.accounts().size();
      const auto at = chain->tip.facts.height;
      const auto right = state::issued(protocol_.spec, at);
      const auto sum = chain->ledger.total_supply();
      if (sum != right)
        damage({errc::corrupt, "balances and rewards add up to " + sum.str()
                                   + " motes; premine and subsidies are "
                                   + right.str()});
      return {};
    }
    return fail(errc::stale, "the node moves on too fast; try again");
  }

  const consensus::protocol& protocol_;
  const reader& store_;
  const check_options& options_;
  bool all_counted_ = true; // every block was compared with the indexes
  check_summary out_;
  std::vector<known> blocks_;
  block_id tip_id_;
};
} // namespace

result<check_summary> check_store(const consensus::protocol& p, const reader& s,
                                  const check_options& options) {
  return check_run{p, s, options}.run();
}
} // namespace spacetime::disk
