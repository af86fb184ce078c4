#include "core/mempool/pool.hpp"

#include "core/base/check.hpp"
#include "core/base/checked.hpp"
#include "core/codec/tx.hpp"
#include "core/tx/rules.hpp"

#include <queue>

namespace spacetime::mempool {
namespace {
std::size_t size_of(const tx& t) {
  return codec::tx_size(t.memo.size());
}

/// What a transaction takes from its sender; only of one whose sum fits.
std::uint64_t cost_of(const tx& t) {
  return t.value.value + t.fee.value;
}

bool expired(const tx& t, height next) {
  return t.expiry.value != 0 && t.expiry < next;
}

status check_fee(const tip_view& tip, const tx& t, const tx* replaced) {
  const bool creates = !state::exists(tip.accounts(t.recipient));
  const auto least = least_fee(tip.rules, t, creates);
  if (!least || t.fee < *least) return fail(errc::fee_below_minimum);
  if (!replaced) return {};
  const auto old = replaced->fee.value;
  const auto needed = checked_add(old, old / 10 + (old % 10 != 0 ? 1 : 0));
  if (!needed || t.fee.value < *needed)
    return fail(errc::fee_below_minimum, "a replacement pays 10 % more");
  return {};
}

status check_cost(const tx& t, std::uint64_t others, amount balance) {
  const auto cost = checked_add(t.value.value, t.fee.value);
  if (!cost) return fail(errc::amount_overflow, "amount + fee");
  const auto sum = checked_add(others, *cost);
  if (!sum || *sum > balance.value) return fail(errc::insufficient_balance);
  return {};
}
} // namespace

std::strong_ordering operator<=>(const fee_rate& a, const fee_rate& b) {
  // Whole parts first, so that no product exceeds 64 bits.
  if (auto order = a.fee / a.size <=> b.fee / b.size; order != 0) return order;
  return a.fee % a.size * b.size <=> b.fee % b.size * a.size;
}

fee_rate rate_of(const tx& t) {
  return {t.fee.value, size_of(t)};
}

pool::tail pool::tail_of(const account_id& sender, const chain& c) {
  return {rate_of(c.by_nonce.rbegin()->second.t), sender};
}

const tx* pool::find(const tx_id& id) const {
  const auto at = by_id_.find(id);
  if (at == by_id_.end()) return nullptr;
  const auto& [sender, nonce] = at->second;
  return &chains_.at(sender).by_nonce.at(nonce).t;
}

status pool::check_nonce(std::uint64_t nonce, const chain* waiting,
                         std::uint64_t next) const {
  if (nonce < next) return fail(errc::nonce_too_low);
  if (nonce - next >= limits_.max_per_sender)
    return fail(errc::nonce_too_high, "too many wait for this sender");
  auto missing = next; // the first nonce that is not here
  while (waiting && waiting->by_nonce.contains(missing)) ++missing;
  if (nonce > missing && nonce - missing > limits_.max_gap)
    return fail(errc::nonce_too_high);
  return {};
}

/// Everything but room; answers with the transaction it would replace.
result<const tx*> pool::judge(const tip_view& tip, const tx& t,
                              const account_id& sender,
                              const state::account& account) const {
  const auto at = chains_.find(sender);
  const auto* line = at == chains_.end() ? nullptr : &at->second;
  if (auto ok = check_nonce(t.nonce, line, account.nonce); !ok)
    return fail(ok.error());
  const tx* replaced = nullptr;
  if (line)
    if (auto same = line->by_nonce.find(t.nonce); same != line->by_nonce.end())
      replaced = &same->second.t;
  if (auto ok = check_fee(tip, t, replaced); !ok) return fail(ok.error());
  const auto others =
      (line ? line->cost : 0) - (replaced ? cost_of(*replaced) : 0);
  if (auto ok = check_cost(t, others, account.balance); !ok)
    return fail(ok.error());
  return replaced;
}

status pool::add(const tip_view& tip, const tx& t) {
  if (by_id_.contains(t.id)) return fail(errc::duplicate);
  if (expired(t, tip.next)) return fail(errc::tx_expired);
  const auto sender = sender_of(t);
  const auto account = tip.accounts(sender);
  settle(sender, account);
  const auto replaced = judge(tip, t, sender, account);
  if (!replaced) return fail(replaced.error());
  if (auto ok = make_room(t, sender, *replaced); !ok) return ok;
  if (*replaced) take(sender, t.nonce);
  put(sender, account.nonce, {t, tip.now});
  return {};
}

status pool::make_room(const tx& t, const account_id& sender,
                       const tx* replaced) {
  struct evictee {
    account_id sender;
    std::uint64_t next;
    waiting w;
  };
  const auto freed = replaced ? size_of(*replaced) : 0;
  std::vector<evictee> evicted;
  while (bytes_ - freed + size_of(t) > limits_.max_bytes) {
    auto cheapest = tails_.begin();
    if (cheapest != tails_.end() && cheapest->sender == sender) ++cheapest;
    if (cheapest == tails_.end() || cheapest->rate >= rate_of(t)) {
      for (auto& e : evicted) put(e.sender, e.next, std::move(e.w));
      return fail(errc::pool_full);
    }
    const auto victim = cheapest->sender;
    const auto& line = chains_.at(victim);
    const auto next = line.next;
    const auto nonce = line.by_nonce.rbegin()->first;
    evicted.push_back({victim, next, take(victim, nonce)});
  }
  return {};
}

void pool::put(const account_id& sender, std::uint64_t next, waiting w) {
  auto& c = chains_[sender];
  if (!c.by_nonce.empty()) tails_.erase(tail_of(sender, c));
  c.next = next;
  const auto nonce = w.t.nonce;
  by_id_.emplace(w.t.id, place{sender, nonce});
  bytes_ += size_of(w.t);
  c.cost += cost_of(w.t);
  const bool fresh = c.by_nonce.emplace(nonce, std::move(w)).second;
  check(fresh, "one transaction per sender and nonce");
  tails_.insert(tail_of(sender, c));
}

pool::waiting pool::take(const account_id& sender, std::uint64_t nonce) {
  const auto at = chains_.find(sender);
  auto& c = at->second;
  tails_.erase(tail_of(sender, c));
  auto out = std::move(c.by_nonce.extract(nonce).mapped());
  by_id_.erase(out.t.id);
  bytes_ -= size_of(out.t);
  c.cost -= cost_of(out.t);
  if (c.by_nonce.empty())
    chains_.erase(at);
  else
    tails_.insert(tail_of(sender, c));
  return out;
}

/// Drops what the account's nonce has passed; then, highest nonce first, what
/// its balance does not cover.
void pool::settle(const account_id& sender, const state::account& now) {
  for (;;) {
    const auto at = chains_.find(sender);
    if (at == chains_.end()) return;
    auto& c = at->second;
    c.next = now.nonce;
    if (c.by_nonce.begin()->first < now.nonce)
      take(sender, c.by_nonce.begin()->first);
    else if (c.cost > now.balance.value)
      take(sender, c.by_nonce.rbegin()->first);
    else
      return;
  }
}

void pool::refresh(const account_id& sender, const account_view& accounts) {
  settle(sender, accounts(sender));
}

void pool::on_block(std::span<const tx> txs, const account_view& accounts) {
  std::set<account_id> senders;
  for (const auto& t : txs) senders.insert(sender_of(t));
  for (const auto& s : senders) refresh(s, accounts);
}

void pool::expire(height next, timestamp now) {
  std::vector<place> gone;
  for (const auto& [sender, c] : chains_)
    for (const auto& [nonce, w] : c.by_nonce) {
      // A clock that went back makes nothing old.
      const bool old =
          now > w.since && now.value - w.since.value > limits_.max_age_ms;
      if (old || expired(w.t, next)) gone.push_back({sender, nonce});
    }
  for (const auto& [sender, nonce] : gone) take(sender, nonce);
}

std::vector<tx> pool::best(std::size_t max_bytes, std::size_t max_txs,
                           height next) const {
  struct head {
    fee_rate rate;
    const account_id* sender;
    const chain* line;
    std::map<std::uint64_t, waiting>::const_iterator at;
    bool operator<(const head& o) const {
      if (auto order = rate <=> o.rate; order != 0) return order < 0;
      return *sender > *o.sender;
    }
  };
  std::priority_queue<head> heads;
  for (const auto& [sender, c] : chains_)
    if (auto at = c.by_nonce.find(c.next); at != c.by_nonce.end())
      heads.push({rate_of(at->second.t), &sender, &c, at});
  std::vector<tx> out;
  std::size_t used = 4; // the body's count
  while (!heads.empty() && out.size() < max_txs) {
    auto h = heads.top();
    heads.pop();
    const auto& t = h.at->second.t;
    const auto size = 2 + size_of(t); // with its length
    if (expired(t, next) || used + size > max_bytes) continue;
    used += size;
    out.push_back(t);
    const auto following = std::next(h.at);
    if (following == h.line->by_nonce.end() || following->first != t.nonce + 1)
      continue;
    heads.push({rate_of(following->second.t), h.sender, h.line, following});
  }
  return out;
}
} // namespace spacetime::mempool
