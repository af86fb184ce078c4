#include "core/disk/chain_writer.hpp"

#include "core/codec/context.hpp"
#include "core/disk/chain_indexes.hpp"

namespace spacetime::disk {
void chain_batch::add(const consensus::chain_context& c, bytes raw,
                      const state::delta& change) {
  size_ += raw.size();
  change_.blocks.push_back({c.id, codec::encode(c), std::move(raw),
                            state::encode(change), c.facts.height});
  change_.connected.push_back({c.facts.height, c.id});
  change_.tip = c.id;
  for (const auto& a : change.accounts) accounts_[a.id] = a.after;
}

void chain_batch::add_aside(const consensus::chain_context& c, bytes raw) {
  size_ += raw.size();
  change_.blocks.push_back(
      {c.id, codec::encode(c), std::move(raw), {}, c.facts.height});
}

commit chain_batch::take(const state::ledger& at_tip) {
  for (const auto& [id, value] : accounts_) {
    change_.accounts.push_back({id, {}});
    if (!state::exists(value)) continue;
    const auto raw = state::encode(value);
    change_.accounts.back().value = bytes(raw.begin(), raw.end());
  }
  if (change_.tip) change_.rewards = state::encode(at_tip.rewards());
  accounts_.clear();
  size_ = 0;
  return std::exchange(change_, {});
}

status write_indexed(const consensus::protocol& p, store& s, commit change) {
  if (auto ok = add_index_entries(p, s, change); !ok) return ok;
  return s.apply(change);
}
} // namespace spacetime::disk
