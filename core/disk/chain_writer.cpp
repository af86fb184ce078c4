#include "core/disk/chain_writer.hpp"

#include "core/codec/context.hpp"

namespace spacetime::disk {
void chain_writer::add(const consensus::chain_context& c, bytes raw,
                       const state::delta& change) {
  size_ += raw.size();
  change_.blocks.push_back({c.id, codec::encode(c), std::move(raw),
                            state::encode(change), c.facts.height});
  change_.connected.push_back({c.facts.height, c.id});
  change_.tip = c.id;
  for (const auto& a : change.accounts) accounts_[a.id] = a.after;
}

void chain_writer::add_aside(const consensus::chain_context& c, bytes raw) {
  size_ += raw.size();
  change_.blocks.push_back(
      {c.id, codec::encode(c), std::move(raw), {}, c.facts.height});
}

status chain_writer::commit(const state::ledger& at_tip) {
  if (change_.blocks.empty()) return {};
  change_.accounts.clear(); // of an attempt that failed
  for (const auto& [id, value] : accounts_) {
    change_.accounts.push_back({id, {}});
    if (!state::exists(value)) continue;
    const auto raw = state::encode(value);
    change_.accounts.back().value = bytes(raw.begin(), raw.end());
  }
  if (change_.tip) change_.rewards = state::encode(at_tip.rewards());
  if (auto ok = store_.apply(change_); !ok) return ok;
  change_ = {};
  accounts_.clear();
  size_ = 0;
  return {};
}
} // namespace spacetime::disk
