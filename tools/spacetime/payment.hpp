#pragma once
// From what a person asks for to a signed transaction, or the reason why not.

#include "core/chain/spec.hpp"
#include "core/crypto/sign.hpp"
#include "core/tx/tx.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace spacetime::cli {
/// What a person asks for.
struct payment_wish {
  account_id to;
  amount value;
  std::optional<amount> fee; ///< none: the least, or the usual one if higher
  std::string memo;
  std::uint32_t expiry_blocks = 0; ///< valid in so many next blocks; 0: any
};

/// What the node says, at one tip.
struct payment_facts {
  height tip;
  amount spendable;        ///< of the payer, less what its waiting ones cost
  amount immature;         ///< rewards that are not credited yet
  std::uint64_t nonce = 0; ///< of the next transaction, waiting ones counted
  bool creates_account = false; ///< the recipient has none yet
  amount usual_fee; ///< what gets into one of the next blocks; 0: not known
};

struct payment {
  tx signed_tx;
  height tip;       ///< that it was made at
  amount surcharge; ///< part of the least fee: the recipient's account is new
  amount remains;   ///< spendable after it
};

/// Builds and signs. Errors, each saying what would do: `zero_amount`,
/// `bad_tx_size` for a long memo, `self_payment`, `fee_below_minimum` (also if
/// the usual fee is above 100 times the least and none was wished for),
/// `amount_overflow`, `insufficient_balance`.
result<payment> make_payment(const chain_spec& spec, const rule_set& rules,
                             const secret_key& key, const payment_wish& wish,
                             const payment_facts& facts);

/// A memo as a line of text: bytes that are no printable ASCII as \xNN.
std::string memo_text(byte_view memo);
} // namespace spacetime::cli
