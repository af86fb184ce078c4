#pragma once
// What a transaction must satisfy by itself: R12 of docs/protocol.md.

#include "core/base/result.hpp"
#include "core/chain/spec.hpp"
#include "core/tx/tx.hpp"

#include <optional>

namespace spacetime {
/// The account that pays for `t`: that of its key.
account_id sender_of(const tx& t);

/// Bytes that the fee pays for on top of a transaction's own when it creates
/// its recipient's account.
inline constexpr std::uint64_t new_account_bytes = 256;

/// min_fee_rate * size, or * (size + `new_account_bytes`), in motes. Nothing
/// if that exceeds 64 bits: then no fee is enough.
std::optional<amount> least_fee(const rule_set& rules, const tx& t,
                                bool creates_account);

/// Verification costs 100 times the rest of R12, so a caller may skip it, but
/// only for the same id AND the same seal as before: an id covers no seal.
enum class signature_check : bool { verify, skip };

/// R12, cheapest first; `t.id` must be its id on this network, as a decoded
/// transaction's is.
/// Errors: `zero_amount`, `bad_tx_size`, `fee_below_minimum`, `self_payment`,
/// `bad_signature`.
status check_stateless(const rule_set& rules, const tx& t,
                       signature_check seal = signature_check::verify);
} // namespace spacetime
