#pragma once
// What can go wrong, and who must act: docs/protocol.md lists the rules.

#include <cstdint>
#include <string>
#include <string_view>

namespace spacetime {
/// Values are stable: they travel in messages and reach scripts. A new code
/// takes a free number of its range; none is ever reused.
enum class errc : std::uint8_t {
  // 10-99: the sender is provably wrong.
  malformed = 10,       ///< R1: not a message of this kind, or damaged
  too_large,            ///< R1: above the size limit of its kind
  not_canonical,        ///< R1: a second encoding of the same value
  bad_version,          ///< R2: version not valid at this epoch
  bad_height,           ///< R4: not the parent's plus one
  bad_epoch,            ///< R4: not above the parent's
  bad_target,           ///< R5: not the era's target on this chain
  bad_history_root,     ///< R5: not the root of the earlier blocks
  timestamp_too_early,  ///< R6: below parent + tau_min per epoch
  bad_signature,        ///< R7, R12: does not verify under the key
  bad_plot_parameters,  ///< R8: k, strength or format not allowed
  bad_payee,            ///< R8: zero, or another than the plot's payout
  plot_filtered,        ///< R8: the plot takes no part in this epoch
  bad_proof_of_space,   ///< R9: the proof does not verify
  score_above_target,   ///< R9: no winning ticket
  bad_time_entries,     ///< R10: entries do not lead to this epoch
  bad_proof_of_time,    ///< R10: a VDF proof does not verify
  body_too_large,       ///< R11: above max_body_bytes or max_txs
  bad_tx_root,          ///< R11: not the root of these transactions
  bad_tx_format,        ///< R12: of no known type
  fee_below_minimum,    ///< R12: fee < min_fee_rate * size, in motes
  nonce_too_low,        ///< R13: that nonce was used already
  nonce_too_high,       ///< R13: an earlier nonce is missing
  insufficient_balance, ///< R13: amount + fee above the balance
  tx_expired,           ///< R13: block height above the expiry
  amount_overflow,      ///< R13: a sum exceeds 64 bits
  bad_state_root,       ///< R14: not the root after this block
  bad_encoding,         ///< text that is no hex, address, mnemonic ...
  bad_discriminant,     ///< a seed or size no discriminant exists for
  invalid_ancestor,     ///< R3: descends from a refused block
  bad_checksum,         ///< text whose own checksum does not fit
  bad_tx_size,          ///< R12: not 159 bytes and a memo of at most 80
  bad_tx_version,       ///< R12: not version 1
  zero_amount,          ///< R12: a payment of nothing
  self_payment,         ///< R12: the recipient is the sender
  // 100-149: nobody is to blame; try later or ask elsewhere.
  busy = 100,         ///< a queue is full
  unavailable,        ///< that part of the node is not there now
  not_found,          ///< no such block, account, key ...
  duplicate,          ///< R3: known already
  unknown_parent,     ///< R3: the parent is not known yet
  timestamp_too_late, ///< R6: ahead of our clock; hold it
  cancelled,          ///< told to stop
  timed_out,          ///< a deadline passed
  stale,              ///< overtaken by a newer block or challenge
  pool_full,          ///< the mempool holds better-paying transactions
  // 150-199: this process, its machine or its operator must act.
  io_error = 150,  ///< the operating system refused
  disk_full,       ///< no space left
  corrupt,         ///< stored bytes fail their checksum or format
  bad_config,      ///< node.toml, a flag or a variable
  bad_key_file,    ///< a key file is damaged, too open, or locked
  wrong_network,   ///< data or peer of another network
  already_running, ///< another process holds the directory
  out_of_memory,   ///< an allocation above its limit
  internal,        ///< a broken invariant of ours
};

/// Who must act on an error.
enum class blame : std::uint8_t { sender, nobody, self };

constexpr blame blame_of(errc e) {
  const auto n = static_cast<unsigned>(e);
  return n < 100 ? blame::sender : n < 150 ? blame::nobody : blame::self;
}

/// The enumerator's own name, e.g. "bad_target"; "unknown" for other values.
std::string_view name_of(errc e);
/// One plain sentence for people, without the final stop.
std::string_view describe(errc e);

/// A code for programs and, if there is one, the detail that a person needs:
/// which file, which value, what to do.
struct error {
  errc code;
  std::string detail{};

  error(errc c) : code(c) {} // NOLINT: an errc is an error
  error(errc c, std::string d) : code(c), detail(std::move(d)) {}
  friend bool operator==(const error& a, errc b) { return a.code == b; }
  friend bool operator==(const error& a, const error& b) = default;
};

/// "bad_target: not the era's target on this chain (detail)".
std::string to_string(const error& e);
} // namespace spacetime
