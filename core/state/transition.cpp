#include "core/state/transition.hpp"

#include "core/base/checked.hpp"
#include "core/tx/rules.hpp"

namespace spacetime::state {
transition::touched& transition::touch(const account_id& id) {
  const auto [at, fresh] = accounts_.try_emplace(id);
  if (fresh) at->second.before = at->second.now = base_.find(id);
  return at->second;
}

status transition::credit(const account_id& id, amount value) {
  auto& to = touch(id).now;
  const auto sum = checked_add(to.balance.value, value.value);
  if (!sum) return fail(errc::amount_overflow, "balance");
  to.balance.value = *sum;
  return {};
}

status transition::check_order(const tx& t, const account& sender) const {
  if (t.expiry.value != 0 && height_ > t.expiry) return fail(errc::tx_expired);
  if (t.nonce < sender.nonce) return fail(errc::nonce_too_low);
  if (t.nonce > sender.nonce) return fail(errc::nonce_too_high);
  if (!checked_add(t.nonce, std::uint64_t{1}))
    return fail(errc::amount_overflow, "nonce");
  return {};
}

status transition::pay(const tx& t) {
  const auto sender_id = sender_of(t);
  // R12 says so too; here it would make coins out of nothing.
  if (sender_id == t.recipient) return fail(errc::self_payment);
  auto& sender = touch(sender_id).now;
  auto& recipient = touch(t.recipient).now;
  if (auto ok = check_order(t, sender); !ok) return ok;
  const auto cost = checked_add(t.value.value, t.fee.value);
  if (!cost) return fail(errc::amount_overflow, "amount + fee");
  if (!exists(recipient)) {
    const auto least = least_fee(rules_, t, true);
    if (!least || t.fee < *least)
      return fail(errc::fee_below_minimum, "the recipient's account is new");
  }
  if (*cost > sender.balance.value) return fail(errc::insufficient_balance);
  const auto sum = checked_add(recipient.balance.value, t.value.value);
  const auto fees = checked_add(fees_.value, t.fee.value);
  if (!sum || !fees) return fail(errc::amount_overflow, "balance or fees");
  ++sender.nonce;
  sender.balance.value -= *cost;
  recipient.balance.value = *sum;
  fees_.value = *fees;
  return {};
}

std::vector<account_change> transition::changes() const {
  std::vector<account_change> out;
  out.reserve(accounts_.size());
  for (const auto& [id, a] : accounts_)
    if (a.before != a.now) out.push_back({id, a.before, a.now});
  return out;
}
} // namespace spacetime::state
