#include "core/disk/chain_rollback.hpp"

#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/disk/chain_indexes.hpp"
#include "core/disk/chain_loader.hpp"

#include <algorithm>
#include <map>

namespace spacetime::disk {
namespace {
constexpr std::uint32_t batch = 256; // blocks per transaction

std::string at_height(std::uint32_t h) {
  return "height " + std::to_string(h);
}

/// The record of the block at a height. Errors: `not_found`, `corrupt`.
result<state::delta> undo_at(const reader& s, std::uint32_t h) {
  auto id = s.id_at({h});
  if (!id) return fail(id.error());
  auto raw = s.undo(*id);
  if (!raw && raw.error() == errc::not_found)
    return fail(errc::not_found,
                "the undo record of " + at_height(h) + " is not kept");
  if (!raw) return fail(raw.error());
  auto out = state::decode_delta(*raw);
  if (!out || out->height != height{h})
    return fail(errc::corrupt, "the undo record of " + at_height(h));
  return out;
}

result<height> tip_height(const reader& s) {
  auto id = s.tip();
  if (!id) return fail(id.error());
  auto context = context_of(s, *id);
  if (!context) return fail(context.error());
  return context->facts.height;
}

class rollback {
public:
  rollback(const consensus::protocol& p, store& s, const rollback_options& o)
      : protocol_(p), store_(s), options_(o) {}

  result<rollback_summary> run() {
    if (auto ok = check_rollback(protocol_, store_, options_.to); !ok)
      return fail(ok.error());
    auto tip = tip_height(store_);
    if (!tip) return fail(tip.error());
    out_.from = *tip;
    out_.to = options_.to;
    if (auto ok = forget_side_blocks(); !ok) return fail(ok.error());
    for (auto top = tip->value; top > options_.to.value;) {
      if (options_.cancelled && options_.cancelled())
        return fail(errc::cancelled,
                    "the chain ends at " + at_height(top) + " now, whole");
      const auto down = std::max(options_.to.value, top - std::min(top, batch));
      if (auto ok = step(top, down); !ok) return fail(ok.error());
      top = down;
      if (options_.progress)
        options_.progress(tip->value - top, tip->value - options_.to.value);
    }
    return finish();
  }

private:
  /// First, since without their ancestors they would be a riddle.
  status forget_side_blocks() {
    std::vector<block_id> side;
    std::optional<error> bad;
    std::vector<std::pair<block_id, height>> high;
    auto seen = store_.for_each_index([&](const block_id& id, byte_view raw) {
      auto context = codec::decode_context(raw);
      if (!context)
        bad = error{errc::corrupt, "stored context of " + to_hex(id.value)};
      else if (context->facts.height > options_.to)
        high.emplace_back(id, context->facts.height);
      return !bad;
    });
    if (!seen) return seen;
    if (bad) return fail(*bad);
    for (const auto& [id, at] : high)
      if (store_.id_at(at) != id) side.push_back(id);
    for (std::size_t i = 0; i < side.size(); i += batch) {
      commit change;
      const auto n = std::min<std::size_t>(batch, side.size() - i);
      change.forgotten.assign(side.begin() + static_cast<std::ptrdiff_t>(i),
                              side.begin()
                                  + static_cast<std::ptrdiff_t>(i + n));
      if (auto ok = store_.apply(change); !ok) return ok;
      out_.forgotten += n;
    }
    return {};
  }

  /// Undoes the blocks of `top` down to `down` + 1.
  status step(std::uint32_t top, std::uint32_t down) {
    commit change;
    auto raw = store_.rewards();
    if (!raw) return fail(raw.error());
    auto rewards = state::decode_rewards(*raw);
    if (!rewards) return fail(errc::corrupt, "stored rewards");
    std::map<account_id, state::account> before;
    for (auto h = top; h > down; --h) {
      auto id = store_.id_at({h});
      if (!id) return fail(id.error());
      auto d = undo_at(store_, h);
      if (!d) return fail(d.error());
      if (rewards->empty() || rewards->back() != d->earned)
        return fail(errc::corrupt, "the stored rewards do not end with that of "
                                       + at_height(h));
      rewards->pop_back();
      if (d->credited) rewards->insert(rewards->begin(), *d->credited);
      for (const auto& a : d->accounts) before[a.id] = a.before;
      change.forgotten.push_back(*id);
    }
    for (const auto& [id, value] : before) {
      change.accounts.push_back({id, {}});
      if (!state::exists(value)) continue;
      const auto encoded = state::encode(value);
      change.accounts.back().value = bytes(encoded.begin(), encoded.end());
    }
    change.rewards = state::encode(*rewards);
    change.truncate_heights_above = height{down};
    auto tip = store_.id_at({down});
    if (!tip) return fail(tip.error());
    change.tip = *tip;
    if (auto ok = unindex(change); !ok) return ok;
    if (auto ok = store_.apply(change); !ok) return ok;
    out_.forgotten += top - down;
    return {};
  }

  status unindex(commit& change) {
    auto done = add_index_entries(protocol_, store_, change);
    if (done) return done;
    if (done.error() != errc::corrupt && done.error() != errc::not_found)
      return done;
    // What cannot be read cannot be looked up in them either.
    for (auto i : {chain_index::txs, chain_index::history})
      if (auto gone = store_.clear_index(i); !gone) return gone;
    out_.indexes_dropped = true;
    change.index_writes.clear();
    change.indexed.clear();
    return add_index_entries(protocol_, store_, change);
  }

  result<rollback_summary> finish() {
    auto chain = load_chain(protocol_, store_);
    if (!chain) return fail(chain.error());
    out_.tip = chain->tip.id;
    out_.state_root = chain->ledger.state_root();
    return out_;
  }

  const consensus::protocol& protocol_;
  store& store_;
  const rollback_options& options_;
  rollback_summary out_{};
};
} // namespace

status check_rollback(const consensus::protocol& p, const reader& s,
                      height to) {
  auto tip = tip_height(s);
  if (!tip) return fail(tip.error());
  if (to > *tip)
    return fail(errc::not_found, "the chain ends at " + at_height(tip->value));
  auto id = s.id_at(to);
  if (!id) return fail(id.error());
  auto body = s.block(*id);
  if (!body)
    return fail(body.error().code,
                "the block at " + at_height(to.value)
                    + " cannot become the tip: " + to_string(body.error()));
  auto b = codec::decode_block(p.spec.network(), *body);
  if (!b)
    return fail(errc::corrupt,
                "the block at " + at_height(to.value)
                    + " cannot become the tip: " + to_string(b.error()));
  auto root = b->head.state_root;
  for (auto h = to.value + 1; h <= tip->value; ++h) {
    auto d = undo_at(s, h);
    if (!d) return fail(d.error());
    if (d->root_before != root)
      return fail(errc::corrupt, "the undo record of " + at_height(h)
                                     + " does not follow the one below");
    root = d->root_after;
  }
  return {};
}

result<rollback_summary> roll_back(const consensus::protocol& p, store& s,
                                   const rollback_options& options) {
  return rollback{p, s, options}.run();
}
} // namespace spacetime::disk
