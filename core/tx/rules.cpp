#include "core/tx/rules.hpp"

#include "core/base/checked.hpp"
#include "core/codec/tx.hpp"
#include "core/crypto/account.hpp"
#include "core/crypto/sign.hpp"

namespace spacetime {
account_id sender_of(const tx& t) {
  return account_of(t.sender);
}

std::optional<amount> least_fee(const rule_set& rules, const tx& t,
                                bool creates_account) {
  const std::uint64_t size =
      codec::tx_size(t.memo.size()) + (creates_account ? new_account_bytes : 0);
  const auto fee = checked_mul(rules.min_fee_rate, size);
  if (!fee) return std::nullopt;
  return amount{*fee};
}

status check_stateless(const rule_set& rules, const tx& t,
                       signature_check seal) {
  if (t.value.value == 0) return fail(errc::zero_amount);
  if (t.memo.size() > tx::max_memo)
    return fail(errc::bad_tx_size, "memo above 80 bytes");
  const auto least = least_fee(rules, t, false);
  if (!least || t.fee < *least) return fail(errc::fee_below_minimum);
  if (t.recipient == sender_of(t)) return fail(errc::self_payment);
  if (seal == signature_check::verify && !verify(t.sender, t.id.value, t.seal))
    return fail(errc::bad_signature, "transaction");
  return {};
}
} // namespace spacetime
