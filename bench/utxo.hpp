#pragma once
// A ledger of unspent outputs, as far as bench/model_bench.cpp needs one to
// compare with core/state. No node has it.

#include "core/base/checked.hpp"
#include "core/crypto/account.hpp"
#include "core/state/trie.hpp"

#include <map>

namespace spacetime::bench {
struct outpoint {
  tx_id tx;
  std::uint32_t index;
};

struct output {
  account_id owner;
  amount value;
};

/// All inputs are the sender's, so one key and one signature are enough.
struct utxo_tx {
  public_key sender;
  std::vector<outpoint> inputs;
  std::vector<output> outputs;
  tx_id id;
};

/// u8 version | u8 type | sender[32] | u8 n | n x (txid[32] | u32 index) |
/// u8 n | n x (owner[32] | u64 value) | u32 expiry | u8 memo; then a signature
/// of 64 bytes. The fee is what the outputs leave over.
inline bytes encode_unsigned(const utxo_tx& t) {
  writer out;
  out.put(std::uint8_t{1}).put(std::uint8_t{1}).put(t.sender.value);
  out.put(static_cast<std::uint8_t>(t.inputs.size()));
  for (const auto& i : t.inputs) out.put(i.tx.value).put(i.index);
  out.put(static_cast<std::uint8_t>(t.outputs.size()));
  for (const auto& o : t.outputs) out.put(o.owner.value).put(o.value.value);
  out.put(std::uint32_t{0}).put(std::uint8_t{0});
  return std::move(out).take();
}

/// The outputs by H(outpoint), under a commitment of the same kind as the
/// accounts': the same trie, whose leaf has value and owner for balance and
/// extension.
class utxo_set {
public:
  /// Enough to undo a block, with its body: a node would keep `spent`.
  struct undo {
    std::vector<state::account_entry> spent;
    std::vector<state::account_entry> created;
    bytes32 root_before{};
  };
  /// An output on disk: key, owner, value.
  static constexpr std::size_t entry_bytes = 32 + 32 + 8;
  /// In an undo record, as the key is in the body: owner, value.
  static constexpr std::size_t spent_bytes = 32 + 8;

  static account_id key_of(const outpoint& o) {
    return {hash("st/outpoint", {o.tx.value, be(o.index)})};
  }

  /// The transactions in order, after a reward that has matured. On error
  /// nothing has changed. Errors: `not_found` (spent already, or never made),
  /// `bad_signature` (another's), `insufficient_balance`, `amount_overflow`.
  result<undo> apply(std::span<const utxo_tx> txs,
                     const std::vector<std::pair<outpoint, output>>& made) {
    changes_.clear();
    for (const auto& [where, what] : made) create(where, what);
    for (const auto& t : txs)
      if (auto ok = pay(t); !ok) return fail(ok.error());
    undo out;
    out.root_before = outputs_.root();
    std::vector<state::account_entry> after;
    for (const auto& [id, c] : changes_) {
      if (c.before == c.now) continue; // made and spent in this block
      after.push_back({id, c.now});
      (exists(c.before) ? out.spent : out.created)
          .push_back({id, exists(c.before) ? c.before : c.now});
    }
    outputs_.update(after);
    return out;
  }

  status take_back(const undo& u) {
    std::vector<state::account_entry> before = u.spent;
    for (const auto& c : u.created) {
      if (outputs_.find(c.id) != c.value) return fail(errc::corrupt);
      before.push_back({c.id, {}});
    }
    std::sort(before.begin(), before.end(),
              [](const auto& a, const auto& b) { return a.id < b.id; });
    outputs_.update(before);
    if (outputs_.root() != u.root_before) return fail(errc::corrupt);
    return {};
  }

  [[nodiscard]] const state::trie& outputs() const { return outputs_; }

private:
  struct change {
    state::account before, now;
  };

  // No output has been there before: its key has the transaction's id in it.
  void create(const outpoint& where, const output& what) {
    changes_[key_of(where)].now = {0, what.value, what.owner.value};
  }

  state::account& touch(const account_id& id) {
    const auto [at, fresh] = changes_.try_emplace(id);
    if (fresh) at->second.before = at->second.now = outputs_.find(id);
    return at->second.now;
  }

  status pay(const utxo_tx& t) {
    const auto owner = account_of(t.sender);
    std::uint64_t in = 0, out = 0;
    for (const auto& i : t.inputs) {
      auto& o = touch(key_of(i));
      if (!exists(o)) return fail(errc::not_found, "output");
      if (o.extension != owner.value) return fail(errc::bad_signature);
      const auto sum = checked_add(in, o.balance.value);
      if (!sum) return fail(errc::amount_overflow);
      in = *sum;
      o = {};
    }
    for (std::uint32_t i = 0; i < t.outputs.size(); ++i) {
      const auto sum = checked_add(out, t.outputs[i].value.value);
      if (!sum) return fail(errc::amount_overflow);
      out = *sum;
      create({t.id, i}, t.outputs[i]);
    }
    if (out > in) return fail(errc::insufficient_balance);
    return {};
  }

  state::trie outputs_;
  std::map<account_id, change> changes_; // ordered, as core's transition
};
} // namespace spacetime::bench
