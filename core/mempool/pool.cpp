#include "core/mempool/pool.hpp"

#include "core/base/check.hpp"
#include "core/base/checked.hpp"
#include "core/codec/tx.hpp"
#include "core/tx/rules.hpp"

namespace spacetime::mempool {
namespace {
/// What a transaction takes from its sender; only of one whose sum fits.
std::uint64_t cost_of(const tx& t) {
  return t.value.value + t.fee.value;
}

bool expired(const tx& t, height next) {
  return t.expiry.value != 0 && t.expiry < next;
}

/// A clock that went back makes nothing old.
bool is_old(timestamp since, timestamp now, std::uint64_t limit_ms) {
  return now > since && now.value - since.value > limit_ms;
}

error too_cheap(errc code, std::string_view what, std::uint64_t least) {
  return {code,
          std::string{what} + " at least " + std::to_string(least) + " motes"};
}

status check_cost(const tx& t, std::uint64_t others, amount balance) {
  const auto cost = checked_add(t.value.value, t.fee.value);
  if (!cost) return fail(errc::amount_overflow, "amount + fee");
  const auto sum = checked_add(others, *cost);
  if (!sum || *sum > balance.value)
    return fail(errc::insufficient_balance,
                others == 0 ? "" : "with all that waits of this sender");
  return {};
}

std::uint64_t fee_to_replace(const rule_set& rules, const tx& by,
                             std::uint64_t old) {
  const auto tenth = old / 10 + (old % 10 != 0 ? 1 : 0);
  const auto size = least_fee(rules, by, false);
  const auto more = std::max(tenth, size ? size->value : UINT64_MAX);
  return checked_add(old, more).value_or(UINT64_MAX);
}
} // namespace

status pool::check_nonce(std::uint64_t nonce, const line* l,
                         std::uint64_t next) const {
  if (nonce < next)
    return fail(errc::nonce_too_low, "the next is " + std::to_string(next));
  if (nonce == UINT64_MAX) return fail(errc::amount_overflow, "nonce");
  if (nonce - next >= limits_.max_per_sender)
    return fail(errc::nonce_too_high,
                "only " + std::to_string(limits_.max_per_sender)
                    + " may wait, from " + std::to_string(next) + " on");
  const auto missing = l ? l->missing : next;
  if (nonce <= missing || (l && l->by_nonce.contains(nonce))) return {};
  if (l && l->futures >= limits_.max_future)
    return fail(errc::nonce_too_high, std::to_string(limits_.max_future)
                                          + " wait already for nonce "
                                          + std::to_string(missing));
  if (futures_.size() >= limits_.max_future_all)
    return fail(errc::pool_full, "too many wait for earlier nonces; send "
                                     + std::to_string(missing) + " first");
  return {};
}

status pool::check_fee(const tip_view& tip, const tx& t,
                       const tx* replaced) const {
  const bool creates = !state::exists(tip.accounts(t.recipient));
  const auto least = least_fee(tip.rules, t, creates);
  if (!least || t.fee < *least)
    return fail(too_cheap(errc::fee_below_minimum,
                          creates ? "a new account costs" : "its size costs",
                          least ? least->value : UINT64_MAX));
  const auto rolling = fee_at(floor_.at(tip.now), rate_of(t).size);
  if (!rolling || t.fee.value < *rolling)
    return fail(too_cheap(errc::pool_full, "the pool asks for",
                          rolling.value_or(UINT64_MAX)));
  if (!replaced) return {};
  const auto needed = fee_to_replace(tip.rules, t, replaced->fee.value);
  if (t.fee.value < needed)
    return fail(too_cheap(errc::pool_full, "a replacement pays", needed));
  return {};
}

/// Everything but room.
status pool::judge(const tip_view& tip, const tx& t, const line* l,
                   const state::account& account) const {
  if (auto ok = check_nonce(t.nonce, l, account.nonce); !ok) return ok;
  const tx* replaced = nullptr;
  if (l)
    if (auto same = l->by_nonce.find(t.nonce); same != l->by_nonce.end())
      replaced = &same->second.t;
  if (auto ok = check_fee(tip, t, replaced); !ok) return ok;
  const auto others = (l ? l->cost : 0) - (replaced ? cost_of(*replaced) : 0);
  return check_cost(t, others, account.balance);
}

status pool::add(const tip_view& tip, const tx& t,
                 std::optional<timestamp> since) {
  if (by_id_.contains(t.id)) return fail(errc::duplicate);
  if (expired(t, tip.next))
    return fail(errc::tx_expired,
                "the next block has height " + std::to_string(tip.next.value));
  const auto sender = sender_of(t);
  const auto account = tip.accounts(sender);
  settle(sender, account, tip.now, nullptr);
  const auto at = lines_.find(sender);
  if (auto ok =
          judge(tip, t, at == lines_.end() ? nullptr : &at->second, account);
      !ok)
    return ok;
  auto& l = open(sender);
  l.next = account.nonce;
  std::map<std::uint64_t, timestamp> futures;
  for (const auto& [nonce, w] : l.by_nonce)
    if (w.future) futures.emplace(nonce, *w.future);
  std::optional<waiting> old;
  if (l.by_nonce.contains(t.nonce)) old = remove(l, t.nonce);
  insert(sender, l, {t, since.value_or(tip.now)});
  close(sender, l, tip.now);
  if (bytes_ > limits_.max_bytes && !make_room(tip, sender, t.nonce)) {
    auto& back = open(sender);
    remove(back, t.nonce);
    if (old) insert(sender, back, std::move(*old));
    for (const auto& [nonce, from] : futures) // as if it had never come
      mark_future(back.by_nonce.at(nonce), from);
    close(sender, back, tip.now);
    return fail(errc::pool_full);
  }
  if (old) note(old->t.id, fate::replaced);
  return {};
}

/// Evicts until all fits, or changes nothing.
bool pool::make_room(const tip_view& tip, const account_id& sender,
                     std::uint64_t nonce) {
  std::optional<fee_rate> worth;
  const auto& own = lines_.at(sender);
  if (nonce < own.missing)
    for (const auto& p : packages_of(own))
      if (p.first <= nonce && nonce <= p.last) worth = p.rate;
  std::vector<evicted> gone;
  fee_rate highest{0, 1};
  while (bytes_ > limits_.max_bytes) {
    auto cheapest = tails_.begin();
    if (cheapest != tails_.end() && cheapest->sender == sender) ++cheapest;
    if (!worth || cheapest == tails_.end() || cheapest->rate >= *worth) {
      for (; !gone.empty(); gone.pop_back())
        put_back(std::move(gone.back()), tip.now);
      return false;
    }
    const auto victim = cheapest->sender;
    highest = std::max(highest, cheapest->rate);
    auto& l = open(victim);
    evicted e{victim, l.next, {}};
    const auto p = *l.tail;
    for (auto n = p.first; n <= p.last; ++n) e.all.push_back(remove(l, n));
    close(victim, l, tip.now);
    gone.push_back(std::move(e));
  }
  for (const auto& e : gone)
    for (const auto& w : e.all) note(w.t.id, fate::evicted);
  const auto step = fee_rate{tip.rules.min_fee_rate, 1};
  const auto raised = checked_add(per_kilobyte_up(highest), per_kilobyte(step));
  floor_.raise(raised.value_or(UINT64_MAX), tip.now);
  return true;
}

void pool::put_back(evicted e, timestamp now) {
  auto& l = open(e.sender);
  l.next = e.next;
  for (auto& w : e.all) insert(e.sender, l, std::move(w));
  close(e.sender, l, now);
}

/// Drops what the account's nonce has passed; then, highest nonce first, what
/// its balance does not cover.
void pool::settle(const account_id& sender, const state::account& now_is,
                  timestamp now, const std::set<tx_id>* confirmed) {
  const auto at = lines_.find(sender);
  if (at == lines_.end()) return;
  const auto& waits = at->second;
  if (waits.next == now_is.nonce && waits.cost <= now_is.balance.value) return;
  auto& l = open(sender);
  l.next = now_is.nonce;
  while (!l.by_nonce.empty()) {
    const bool passed = l.by_nonce.begin()->first < l.next;
    if (!passed && l.cost <= now_is.balance.value) break;
    const auto nonce =
        passed ? l.by_nonce.begin()->first : l.by_nonce.rbegin()->first;
    const auto id = remove(l, nonce).t.id;
    note(id, passed && confirmed && confirmed->contains(id) ? fate::confirmed
                                                            : fate::invalid);
  }
  close(sender, l, now);
}

void pool::refresh(const account_id& sender, const state::account& account,
                   timestamp now) {
  settle(sender, account, now, nullptr);
}

void pool::on_block(std::span<const tx> txs, const account_view& accounts,
                    timestamp now) {
  std::set<account_id> senders;
  std::set<tx_id> confirmed;
  for (const auto& t : txs) {
    const auto sender = sender_of(t);
    if (!lines_.contains(sender)) continue;
    senders.insert(sender);
    confirmed.insert(t.id);
  }
  for (const auto& s : senders) settle(s, accounts(s), now, &confirmed);
}

void pool::expire(height next, timestamp now) {
  while (!by_age_.empty()
         && is_old(by_age_.begin()->first, now, limits_.max_age_ms))
    drop(tx_id{by_age_.begin()->second}, fate::expired, now);
  while (!by_expiry_.empty() && by_expiry_.begin()->first < next)
    drop(tx_id{by_expiry_.begin()->second}, fate::expired, now);
  while (!futures_.empty()
         && is_old(futures_.begin()->first, now, limits_.max_future_ms))
    drop(tx_id{futures_.begin()->second}, fate::expired, now);
}

const tx* pool::find(const tx_id& id) const {
  const auto found = look_up(id);
  return found ? found->t : nullptr;
}

std::optional<entry> pool::look_up(const tx_id& id) const {
  const auto at = by_id_.find(id);
  if (at == by_id_.end()) return std::nullopt;
  const auto& w = lines_.at(at->second.sender).by_nonce.at(at->second.nonce);
  return entry{&w.t, w.since, w.future.has_value()};
}

std::vector<entry> pool::list(const std::optional<place>& after,
                              std::size_t most) const {
  std::vector<entry> out;
  auto at = after ? by_rate_.upper_bound(*after) : by_rate_.begin();
  for (; at != by_rate_.end() && out.size() < most; ++at)
    out.push_back(*look_up(at->id));
  return out;
}

outlook pool::outlook_of(const account_id& id,
                         const state::account& account) const {
  outlook out{account.nonce, account.balance};
  const auto at = lines_.find(id);
  if (at == lines_.end()) return out;
  const auto& waits = at->second.by_nonce;
  for (auto w = waits.lower_bound(account.nonce); w != waits.end(); ++w) {
    if (w->first == out.nonce) ++out.nonce;
    out.balance.value -= std::min(out.balance.value, cost_of(w->second.t));
  }
  return out;
}
} // namespace spacetime::mempool
