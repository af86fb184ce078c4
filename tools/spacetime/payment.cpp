#include "tools/spacetime/payment.hpp"

#include "core/base/checked.hpp"
#include "core/codec/tx.hpp"
#include "core/crypto/account.hpp"
#include "core/crypto/random.hpp"
#include "core/tx/rules.hpp"
#include "tools/spacetime/coins.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace spacetime::cli {
namespace {
constexpr std::uint64_t most_times_least = 100;

result<tx> draft(const secret_key& key, const payment_wish& wish,
                 const payment_facts& facts) {
  if (wish.value.value == 0)
    return fail(errc::zero_amount, "an amount of 0 cannot be sent");
  if (wish.memo.size() > tx::max_memo)
    return fail(errc::bad_tx_size,
                fmt::format("a memo of {} bytes; at most {} fit",
                            wish.memo.size(), tx::max_memo));
  tx t;
  t.sender = key.public_part();
  if (wish.to == account_of(t.sender))
    return fail(errc::self_payment,
                "the recipient is the sender; nothing would be paid");
  if (wish.expiry_blocks > UINT32_MAX - facts.tip.value)
    return fail(errc::amount_overflow, "no block is ever that high");
  t.nonce = facts.nonce;
  t.recipient = wish.to;
  t.value = wish.value;
  if (wish.expiry_blocks != 0)
    t.expiry = {facts.tip.value + wish.expiry_blocks};
  t.memo.assign(wish.memo.begin(), wish.memo.end());
  return t;
}

/// The fee that was wished for, if it is enough.
result<amount> wished_fee(amount wish, amount least, amount surcharge) {
  if (wish >= least) return wish;
  auto why = fmt::format("a fee of {} is below the least, {}", coins(wish),
                         coins(least));
  if (surcharge.value != 0)
    why += fmt::format("; {} of that because the recipient's account is new",
                       coins(surcharge));
  return fail(errc::fee_below_minimum, std::move(why));
}

/// What is paid without a wish; a person agrees to what is out of proportion.
result<amount> usual_fee(amount usual, amount least) {
  if (usual.value / most_times_least < least.value)
    return std::max(usual, least);
  const auto text = coins(usual);
  return fail(errc::fee_below_minimum,
              fmt::format("many transactions wait, and the next blocks take "
                          "{}; to pay that, add --fee {}",
                          text, text.substr(0, text.find(' '))));
}

status check_funds(amount total, const payment_facts& facts) {
  if (total <= facts.spendable) return {};
  auto why = fmt::format("it costs {} with the fee, and {} can be spent",
                         coins(total), coins(facts.spendable));
  if (facts.immature.value != 0)
    why += fmt::format("; {} of rewards are not mature yet",
                       coins(facts.immature));
  return fail(errc::insufficient_balance, std::move(why));
}
} // namespace

result<payment> make_payment(const chain_spec& spec, const rule_set& rules,
                             const secret_key& key, const payment_wish& wish,
                             const payment_facts& facts) {
  auto t = draft(key, wish, facts);
  if (!t) return fail(t.error());
  const auto plain = least_fee(rules, *t, false);
  const auto rule = least_fee(rules, *t, facts.creates_account);
  if (!plain || !rule)
    return fail(errc::amount_overflow, "no fee is enough by these rules");
  const amount surcharge{rule->value - plain->value};
  const auto fee = wish.fee ? wished_fee(*wish.fee, *rule, surcharge)
                            : usual_fee(facts.usual_fee, *rule);
  if (!fee) return fail(fee.error());
  t->fee = *fee;
  const auto total = checked_add(t->value.value, t->fee.value);
  if (!total)
    return fail(errc::amount_overflow,
                "amount and fee are more than there can be");
  if (auto ok = check_funds({*total}, facts); !ok) return fail(ok.error());
  t->id = codec::id_of(spec.network(), *t);
  t->seal = key.sign(t->id.value, random_bytes32());
  // What leaves here is valid; a fault in signing could betray the key.
  if (auto ok = check_stateless(rules, *t); !ok) return fail(ok.error());
  return payment{std::move(*t), facts.tip, surcharge,
                 amount{facts.spendable.value - *total}};
}

std::string memo_text(byte_view memo) {
  std::string out;
  for (const auto byte : memo)
    out += byte >= 32 && byte < 127 && byte != '\\'
               ? std::string(1, static_cast<char>(byte))
               : fmt::format("\\x{:02x}", byte);
  return out;
}
} // namespace spacetime::cli
