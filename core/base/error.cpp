#include "core/base/error.hpp"

namespace spacetime {
namespace {
struct entry {
  errc code;
  std::string_view name, text;
};

constexpr entry entries[] = {
    {errc::malformed, "malformed", "not a value of this kind, or damaged"},
    {errc::too_large, "too_large", "above the size limit of its kind"},
    {errc::not_canonical, "not_canonical",
     "not the one canonical encoding of its value"},
    {errc::bad_version, "bad_version", "a version that is not valid here"},
    {errc::bad_height, "bad_height", "height is not the parent's plus one"},
    {errc::bad_epoch, "bad_epoch", "epoch is not above the parent's"},
    {errc::bad_target, "bad_target", "not the era's target on this chain"},
    {errc::bad_history_root, "bad_history_root",
     "not the root of the earlier blocks"},
    {errc::timestamp_too_early, "timestamp_too_early",
     "time stamp is below the parent's plus the least time per epoch"},
    {errc::bad_signature, "bad_signature",
     "the signature does not verify under the key"},
    {errc::bad_plot_parameters, "bad_plot_parameters",
     "plot parameters are not allowed on this network"},
    {errc::bad_payee, "bad_payee", "payee is zero or not the plot's payout"},
    {errc::plot_filtered, "plot_filtered",
     "the plot takes no part in this epoch"},
    {errc::bad_proof_of_space, "bad_proof_of_space",
     "the proof of space does not verify"},
    {errc::score_above_target, "score_above_target",
     "the score is not below the target"},
    {errc::bad_time_entries, "bad_time_entries",
     "the time entries do not lead from the parent to this epoch"},
    {errc::bad_proof_of_time, "bad_proof_of_time",
     "a proof of time does not verify"},
    {errc::body_too_large, "body_too_large", "the body exceeds its limits"},
    {errc::bad_tx_root, "bad_tx_root", "not the root of these transactions"},
    {errc::bad_tx_format, "bad_tx_format", "a transaction of no known type"},
    {errc::fee_below_minimum, "fee_below_minimum",
     "the fee is below the minimum for its size"},
    {errc::nonce_too_low, "nonce_too_low", "that nonce was used already"},
    {errc::nonce_too_high, "nonce_too_high", "an earlier nonce is missing"},
    {errc::insufficient_balance, "insufficient_balance",
     "amount and fee exceed the balance"},
    {errc::tx_expired, "tx_expired", "the transaction has expired"},
    {errc::amount_overflow, "amount_overflow", "a sum exceeds 64 bits"},
    {errc::bad_state_root, "bad_state_root",
     "not the root of the state after this block"},
    {errc::bad_encoding, "bad_encoding", "not text of this form"},
    {errc::bad_discriminant, "bad_discriminant",
     "no discriminant of this seed or size"},
    {errc::invalid_ancestor, "invalid_ancestor",
     "descends from a refused block"},
    {errc::bad_checksum, "bad_checksum", "its own checksum does not fit"},
    {errc::bad_tx_size, "bad_tx_size",
     "a transaction has 159 bytes and a memo of at most 80"},
    {errc::bad_tx_version, "bad_tx_version",
     "a transaction of no known version"},
    {errc::zero_amount, "zero_amount", "a payment of nothing"},
    {errc::self_payment, "self_payment", "the recipient is the sender"},
    {errc::busy, "busy", "a queue is full; try again"},
    {errc::unavailable, "unavailable", "that part is not there now"},
    {errc::not_found, "not_found", "there is no such thing"},
    {errc::duplicate, "duplicate", "known already"},
    {errc::unknown_parent, "unknown_parent", "the parent is not known"},
    {errc::timestamp_too_late, "timestamp_too_late",
     "time stamp is ahead of this node's clock"},
    {errc::cancelled, "cancelled", "told to stop"},
    {errc::timed_out, "timed_out", "a deadline passed"},
    {errc::stale, "stale", "overtaken by something newer"},
    {errc::pool_full, "pool_full", "the pool holds better-paying transactions"},
    {errc::io_error, "io_error", "the operating system refused"},
    {errc::disk_full, "disk_full", "no space left on the disk"},
    {errc::corrupt, "corrupt", "stored bytes are damaged"},
    {errc::bad_config, "bad_config", "the configuration is not valid"},
    {errc::bad_key_file, "bad_key_file", "the key file cannot be used"},
    {errc::wrong_network, "wrong_network", "belongs to another network"},
    {errc::already_running, "already_running",
     "another process uses this directory"},
    {errc::out_of_memory, "out_of_memory", "not enough memory"},
    {errc::internal, "internal", "a broken invariant"},
};

const entry* find(errc e) {
  for (const auto& x : entries)
    if (x.code == e) return &x;
  return nullptr;
}
} // namespace

std::string_view name_of(errc e) {
  const auto* x = find(e);
  return x ? x->name : "unknown";
}

std::string_view describe(errc e) {
  const auto* x = find(e);
  return x ? x->text : "an error this version does not know";
}

std::string to_string(const error& e) {
  std::string out{name_of(e.code)};
  out.append(": ").append(describe(e.code));
  if (!e.detail.empty()) out.append(" (").append(e.detail).append(")");
  return out;
}
} // namespace spacetime
