#include "core/consensus/validate.hpp"

#include "core/base/checked.hpp"
#include "core/codec/block.hpp"
#include "core/consensus/challenge.hpp"
#include "core/crypto/sign.hpp"
#include "core/space/quality.hpp"
#include "core/space/verify.hpp"
#include "core/tx/rules.hpp"

namespace spacetime::consensus {
namespace {
status check_place(const protocol& p, const chain_context& parent,
                   const header& h) {
  if (h.version != p.spec.at(h.epoch).header_version)
    return fail(errc::bad_version, "header version " // R2
                                       + std::to_string(h.version));
  if (h.parent != parent.id) return fail(errc::unknown_parent); // R3
  if (h.height.value != parent.facts.height.value + 1)          // R4
    return fail(errc::bad_height);
  if (h.epoch <= parent.facts.epoch) return fail(errc::bad_epoch); // R4
  return {};
}

status check_time_stamp(const check_environment& env,
                        const chain_context& parent, const header& h) {
  const auto& rules = env.rules.spec.at(h.epoch);
  const auto least =
      checked_mul(rules.tau_min_ms, h.epoch.value - parent.facts.epoch.value);
  const auto earliest =
      least ? checked_add(parent.facts.time.value, *least) : std::nullopt;
  if (!earliest || h.time.value < *earliest) // R6
    return fail(errc::timestamp_too_early);
  if (env.now && h.time.value > env.now->value
      && h.time.value - env.now->value > rules.drift_ms)
    return fail(errc::timestamp_too_late); // R6: held
  return {};
}

status check_payee(const header& h) { // R8
  if (h.payee == account_id{}) return fail(errc::bad_payee, "zero");
  if (h.space.payout != bytes32{} && h.space.payout != h.payee.value)
    return fail(errc::bad_payee, "not the plot's payout");
  return {};
}
} // namespace

result<ticket> check_space(const protocol& p, epoch e, const challenge& c,
                           const space_part& s) {
  const auto& g = p.spec.genesis;
  if (s.k != g.k || s.strength != g.strength) // R8
    return fail(errc::bad_plot_parameters, "k or strength");
  const auto id = space::make_plot_id(p.spec.network(), s.k, s.strength,
                                      s.farmer, s.payout, s.seed);
  const auto bits = static_cast<unsigned>(p.spec.at(e).filter_bits);
  if (!space::passes_filter(id, c, bits)) return fail(errc::plot_filtered);
  if (g.mode == time_mode::simulated) {
    if (!s.proof.empty()) return fail(errc::bad_proof_of_space);
    return ticket{space::sim_score(c, id), infusion_of(id, id.value)};
  }
  const auto blob = space::verify({id, s.k, s.strength, g.test_plots},
                                  space::space_challenge(id, c), s.proof); // R9
  if (!blob) return fail(blob.error());
  return ticket{space::score(c, *blob), infusion_of(id, *blob)};
}

result<chain_context> check_header(const check_environment& env,
                                   const chain_context& parent,
                                   const header& h) {
  const auto& p = env.rules;
  if (auto ok = check_place(p, parent, h); !ok) return fail(ok.error());
  auto claimed = claimed_steps(p, parent, h); // the form of R10
  if (!claimed) return fail(claimed.error());
  if (h.target != claimed->end.era.target) return fail(errc::bad_target); // R5
  if (h.history_root != parent.history.root(history_node))                // R5
    return fail(errc::bad_history_root);
  if (auto ok = check_time_stamp(env, parent, h); !ok) return fail(ok.error());
  const auto id = codec::id_of(p.spec.network(), h);
  if (!verify(h.space.farmer, id.value, h.seal)) // R7
    return fail(errc::bad_signature, "block");
  if (auto ok = check_payee(h); !ok) return fail(ok.error());
  const auto c = challenge_of(claimed->end.era.seed, h.epoch, claimed->end.y);
  auto won = check_space(p, h.epoch, c, h.space);
  if (!won) return fail(won.error());
  if (won->score >= h.target) return fail(errc::score_above_target); // R9
  for (const auto& step : claimed->steps) // R10: stop at the first failure
    if (auto ok = env.time.verify(step); !ok) return fail(ok.error());
  return child_context(p, parent, id, h, claimed->end, won->score,
                       won->infusion);
}

status check_body(const protocol& p, const header& h,
                  const std::vector<tx>& txs, const signature_help& help) {
  const auto& rules = p.spec.at(h.epoch);
  if (txs.size() > rules.max_txs
      || codec::body_size(txs) > rules.max_body_bytes)
    return fail(errc::body_too_large);                                  // R11
  if (codec::tx_root(txs) != h.tx_root) return fail(errc::bad_tx_root); // R11
  std::size_t sound = 0; // R12: those before the first that fails otherwise
  status rest;
  while (rest && sound < txs.size()) {
    rest = check_stateless(rules, txs[sound], signature_check::skip);
    if (rest) ++sound;
  }
  if (first_bad_signature(std::span{txs}.first(sound), help) < sound)
    return fail(errc::bad_signature, "transaction");
  return rest;
}
} // namespace spacetime::consensus
