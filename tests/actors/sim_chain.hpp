#pragma once
// Valid blocks of the `sim` network, where ticks and plots are hashes.

#include "core/base/check.hpp"
#include "core/chain/public_keys.hpp"
#include "core/codec/block.hpp"
#include "core/codec/tx.hpp"
#include "core/consensus/challenge.hpp"
#include "core/consensus/timeline.hpp"
#include "core/consensus/validate.hpp"
#include "core/crypto/account.hpp"
#include "core/space/quality.hpp"
#include "core/state/ledger.hpp"
#include "core/time/simulated.hpp"

#include <map>
#include <memory>

namespace spacetime::test {
inline std::shared_ptr<const consensus::protocol> sim_rules() {
  static const auto rules =
      std::make_shared<const consensus::protocol>(*chain_spec::embedded("sim"));
  return rules;
}

/// A secret key for a number.
inline secret_key some_key(std::uint64_t n) {
  return *secret_key::from(hash("test/key", {be(n)}));
}

struct made_block {
  block value;
  bytes raw;
  consensus::chain_context context; ///< behind it
};

/// What makes a block differ from its siblings.
struct block_plan {
  std::uint64_t epochs = 1; ///< above the parent's
  std::vector<tx> txs{};
  std::uint64_t farmer = 1; ///< number of the key
  bool forge_root = false;  ///< R14 fails
};

/// Builds blocks on any block that it has built, and knows every ledger.
class sim_chain {
public:
  sim_chain() {
    auto premine = state::ledger::genesis(rules->spec.genesis.premine);
    check(premine.has_value(), "sim has a genesis");
    genesis.value = consensus::genesis_block(*rules, premine->state_root());
    genesis.raw = codec::encode(genesis.value);
    genesis.context = consensus::genesis_context(*rules, genesis.value);
    ledgers_.emplace(genesis.context.id, std::move(*premine));
  }

  /// The first winning block of a plan; seeds of the farmer are tried in turn.
  made_block next(const consensus::chain_context& parent,
                  const block_plan& plan = {}) {
    made_block out;
    auto& h = out.value.head;
    const epoch at{parent.facts.epoch.value + plan.epochs};
    const auto end = walk(parent, at, h.time_entries);
    const auto farmer = some_key(plan.farmer);
    h.version = 1;
    h.height.value = parent.facts.height.value + 1;
    h.epoch = at;
    h.parent = parent.id;
    h.time.value =
        parent.facts.time.value + plan.epochs * rules->fixed().tau_ms;
    h.target = end.era.target;
    h.history_root = parent.history.root(consensus::history_node);
    h.tx_root = codec::tx_root(plan.txs);
    h.payee = account_of(farmer.public_part());
    h.space = winner(end, at, farmer.public_part());
    out.value.txs = plan.txs;
    const auto& rules_now = rules->spec.at(at);
    auto ledger = ledgers_.at(parent.id);
    auto change = ledger.apply(rules_now, {h.height, h.payee}, plan.txs);
    check(change.has_value(), "a test's transactions apply");
    h.state_root = change->root_after;
    if (plan.forge_root) h.state_root[0] ^= 1;
    seal(out, farmer);
    out.context = checked(parent, h);
    ledgers_.emplace(out.context.id, std::move(ledger));
    return out;
  }

  /// Signs a changed header again and encodes the block.
  void seal(made_block& b, const secret_key& farmer) const {
    auto& h = b.value.head;
    h.seal = farmer.sign(codec::id_of(rules->spec.network(), h).value);
    b.raw = codec::encode(b.value);
  }

  [[nodiscard]] const state::ledger& ledger_at(const block_id& id) const {
    return ledgers_.at(id);
  }

  /// The single ticks that lead from a block `n` epochs further.
  [[nodiscard]] std::vector<consensus::tick>
  ticks_after(const consensus::chain_context& from, std::uint64_t n) const {
    std::vector<consensus::tick> out;
    auto at = consensus::position_of(*rules, from);
    for (; n > 0; --n) {
      const auto y = vdf::simulated_tick(at.era.seed, at.tick + 1);
      out.push_back({at.era.number,
                     {at.era.seed, at.era.squarings, at.tick, 1, at.y, y, {}}});
      check(consensus::advance(*rules, at, 1, y, from.recent).has_value(),
            "a tick leads on");
    }
    return out;
  }

  std::shared_ptr<const consensus::protocol> rules = sim_rules();
  made_block genesis;

private:
  consensus::time_position walk(const consensus::chain_context& parent,
                                epoch to, std::vector<time_entry>& entries) {
    auto at = consensus::position_of(*rules, parent);
    while (at.at(*rules) < to) { // one entry as far as the era goes
      const auto n = std::min(rules->fixed().ticks_per_era - at.tick,
                              to.value - at.at(*rules).value);
      const auto y = vdf::simulated_tick(at.era.seed, at.tick + n);
      entries.push_back({static_cast<std::uint16_t>(n), y, {}});
      check(consensus::advance(*rules, at, n, y, parent.recent).has_value(),
            "ticks lead on");
    }
    return at;
  }

  [[nodiscard]] space_part winner(const consensus::time_position& at, epoch e,
                                  const public_key& farmer) const {
    const auto c = consensus::challenge_of(at.era.seed, e, at.y);
    for (std::uint64_t n = 0;; ++n) {
      space_part s;
      s.farmer = farmer;
      s.seed = hash("test/plot", {be(n)});
      auto won = consensus::check_space(*rules, e, c, s);
      if (won && won->score < at.era.target) return s;
    }
  }

  [[nodiscard]] consensus::chain_context
  checked(const consensus::chain_context& parent, const header& h) const {
    consensus::time_proofs proofs{*rules};
    auto out = consensus::check_header({*rules, proofs}, parent, h);
    check(out.has_value(), "a built header is valid");
    return *out;
  }

  std::map<block_id, state::ledger> ledgers_;
};

/// A sealed payment from the premine to a stranger.
inline tx sim_payment(std::uint64_t nonce, std::uint64_t fee = 10'000,
                      std::uint64_t to = 77) {
  const auto key = *public_test_key("sim", 0);
  tx t;
  t.sender = key.public_part();
  t.nonce = nonce;
  t.recipient = account_of(some_key(to).public_part());
  t.value.value = 5;
  t.fee.value = fee;
  t.id = codec::id_of(sim_rules()->spec.network(), t);
  t.seal = key.sign(t.id.value);
  return t;
}

/// Who pays those.
inline account_id sim_payer() {
  return account_of(public_test_key("sim", 0)->public_part());
}
} // namespace spacetime::test
