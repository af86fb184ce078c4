#include "core/disk/chain_commit.hpp"

#include "core/base/hex.hpp"
#include "core/codec/context.hpp"
#include "core/disk/chain_loader.hpp"

#include <map>

namespace spacetime::disk {
namespace {
/// Final value of every account that a step touches.
std::map<account_id, state::account>
written_accounts(const consensus::chain_step& step) {
  std::map<account_id, state::account> out;
  for (const auto& d : step.undone)
    for (const auto& a : d.accounts) out[a.id] = a.before;
  for (const auto& c : step.connected)
    for (const auto& a : c.change.accounts) out[a.id] = a.after;
  return out;
}

void put_connected(commit& out, const consensus::chain_step& step) {
  for (const auto& c : step.connected) {
    out.blocks.push_back({c.context.id, codec::encode(c.context),
                          c.stored ? bytes{} : c.raw, state::encode(c.change),
                          c.context.facts.height});
    out.connected.push_back({c.context.facts.height, c.context.id});
  }
}

void put_accounts(commit& out, const consensus::chain_step& step) {
  for (const auto& [id, value] : written_accounts(step)) {
    out.accounts.push_back({id, {}});
    if (!state::exists(value)) continue;
    const auto raw = state::encode(value);
    out.accounts.back().value = bytes(raw.begin(), raw.end());
  }
}
} // namespace

commit commit_of(const consensus::chain_step& step, const state::ledger& after,
                 const fresh_block* fresh) {
  commit out;
  out.invalidated = step.invalidated;
  out.reconsidered = step.reconsidered;
  if (!step.moves()) {
    if (fresh)
      out.blocks.push_back({fresh->context.id,
                            codec::encode(fresh->context),
                            bytes(fresh->raw.begin(), fresh->raw.end()),
                            {},
                            fresh->context.facts.height});
    return out;
  }
  put_connected(out, step);
  put_accounts(out, step);
  out.truncate_heights_above = step.fork;
  out.rewards = state::encode(after.rewards());
  out.tip = step.tip;
  return out;
}

result<consensus::stored_forks> load_forks(const reader& s) {
  consensus::stored_forks out;
  auto ids = s.side_blocks();
  if (!ids) return fail(ids.error());
  for (const auto& id : *ids) {
    auto c = context_of(s, id);
    if (!c)
      return fail(errc::corrupt, "side block " + to_hex(id.value) + ": "
                                     + to_string(c.error()));
    auto undo = s.undo(id);
    if (!undo && undo.error() != errc::not_found) return fail(undo.error());
    out.blocks.push_back(consensus::side_of(*c, undo.has_value()));
  }
  auto marks = s.invalidated();
  if (!marks) return fail(marks.error());
  out.invalidated = std::move(*marks);
  return out;
}
} // namespace spacetime::disk
