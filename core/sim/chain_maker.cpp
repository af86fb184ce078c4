#include "core/sim/chain_maker.hpp"

#include "core/base/check.hpp"
#include "core/chain/public_keys.hpp"
#include "core/codec/block.hpp"
#include "core/codec/tx.hpp"
#include "core/consensus/challenge.hpp"
#include "core/crypto/hash.hpp"

namespace spacetime::sim {
chain_spec finished(chain_spec spec) {
  const auto ok = spec.finish();
  check(ok.has_value(), "a changed spec is valid");
  return spec;
}

chain_spec network_with(std::string_view name,
                        std::initializer_list<rule_value> rules) {
  auto spec = chain_spec::embedded(name);
  check(spec.has_value(), "there is such a network");
  const auto fields = rule_fields();
  for (const auto& [rule, value] : rules) {
    std::size_t i = 0;
    while (i < fields.size() && fields[i].name != rule) ++i;
    check(i < fields.size(), "there is such a rule");
    spec->schedules[i] = {{epoch{0}, value}};
  }
  return finished(std::move(*spec));
}

chain_maker::chain_maker(chain_spec spec, std::uint64_t seed, std::size_t plots)
    : chain_maker(spec, seed, example_plots(spec, plots)) {}

chain_maker::chain_maker(chain_spec spec, std::uint64_t seed,
                         std::vector<farm_plot> plots)
    : rules_(std::make_shared<consensus::protocol>(std::move(spec))),
      farm_(rules_->spec, std::move(plots)), ticks_(*rules_), seed_(seed) {
  auto ledger = state::ledger::genesis(rules_->spec.genesis.premine);
  check(ledger.has_value(), "the premine is sound");
  genesis_.value = consensus::genesis_block(*rules_, ledger->state_root());
  genesis_.raw = codec::encode(genesis_.value);
  genesis_.context = consensus::genesis_context(*rules_, genesis_.value);
  genesis_.ledger = std::move(*ledger);
}

account_id chain_maker::some_payee(const block_id& parent) const {
  // Few, so that rewards meet accounts that are there already.
  return payout_of(100
                   + hash("st/test-payee", {be(seed_), parent.value})[0] % 8);
}

secret_key chain_maker::premine_key(std::uint32_t index) const {
  return *public_test_key(rules_->spec.genesis.name, index);
}

timestamp chain_maker::time_at(const consensus::chain_context& parent, epoch e,
                               const block_options& o) const {
  return {parent.facts.time.value
          + o.epoch_ms.value_or(rules_->spec.at(e).tau_ms)
                * (e.value - parent.facts.epoch.value)};
}

void chain_maker::apply(state::ledger& ledger, const block_options& o,
                        grown_block& out) const {
  auto& h = out.value.head;
  auto change = ledger.apply(rules_->spec.at(h.epoch), {h.height, h.payee},
                             out.value.txs);
  out.valid = change && !o.state_root;
  if (change) {
    h.state_root = change->root_after;
    if (!out.valid)
      check(ledger.undo(*change).has_value(), "a change can be undone");
    out.change = std::move(*change);
  }
  if (o.state_root) h.state_root = *o.state_root;
}

grown_block chain_maker::build(const consensus::chain_context& parent,
                               state::ledger& ledger, const block_options& o,
                               const consensus::time_position& at,
                               const ticket& t) {
  grown_block out;
  auto& h = out.value.head;
  h.epoch = at.at(*rules_);
  const auto& rules = rules_->spec.at(h.epoch);
  const auto c = consensus::challenge_of(at.era.seed, h.epoch, at.y);
  h.version = static_cast<std::uint16_t>(rules.header_version);
  h.height.value = parent.facts.height.value + 1;
  h.parent = parent.id;
  h.time = time_at(parent, h.epoch, o);
  h.target = at.era.target;
  h.history_root = parent.history.root(consensus::history_node);
  auto [space, infusion] = farm_.prove(t, c);
  h.space = std::move(space);
  h.payee = h.space.payout != bytes32{} ? account_id{h.space.payout}
            : o.payee                   ? *o.payee
                                        : some_payee(parent.id);
  h.time_entries = ticks_.entries(parent, h.epoch, o.entries);
  if (o.false_y) h.time_entries.back().y = *o.false_y;
  out.value.txs = o.txs;
  h.tx_root = codec::tx_root(o.txs);
  apply(ledger, o, out);
  if (o.sign) seal(h);
  out.raw = codec::encode(out.value);
  out.context = consensus::child_context(
      *rules_, parent, codec::id_of(rules_->spec.network(), h), h, at, t.score,
      infusion);
  return out;
}

std::optional<grown_block>
chain_maker::extend(const consensus::chain_context& parent,
                    state::ledger& ledger, const block_options& o) {
  auto at = consensus::position_of(*rules_, parent);
  for (std::uint64_t passed = 0;; ++passed) {
    const auto y = ticks_.element(at.era, at.tick + 1);
    check(consensus::advance(*rules_, at, 1, y, parent.recent).has_value(),
          "one tick fits");
    const auto e = at.at(*rules_);
    if (o.stop && o.stop(time_at(parent, e, o))) return {};
    // Where an era starts, no entry's element enters the challenge.
    if (passed < o.skip || (o.false_y && at.tick == 0)) continue;
    auto claimed = at;
    if (o.false_y) claimed.y = *o.false_y;
    const auto c = consensus::challenge_of(claimed.era.seed, e, claimed.y);
    if (const auto t = farm_.best(c, e, claimed.era.target,
                                  {o.plot, o.above_target, o.filtered}))
      return build(parent, ledger, o, claimed, *t);
  }
}

made_block chain_maker::next(const made_block& parent, const block_options& o) {
  auto ledger = parent.ledger;
  auto grown = extend(parent.context, ledger, o);
  check(grown.has_value(), "a farm that goes on wins in the end");
  made_block out{std::move(*grown), {}};
  out.valid = out.valid && parent.valid;
  out.ledger = parent.valid ? std::move(ledger) : parent.ledger;
  return out;
}

std::vector<made_block> chain_maker::chain(const made_block& parent,
                                           std::size_t n,
                                           const block_options& o) {
  std::vector<made_block> out;
  out.reserve(n);
  for (std::size_t i = 0; i < n; ++i)
    out.push_back(next(out.empty() ? parent : out.back(), o));
  return out;
}

tx chain_maker::payment(std::uint32_t from, std::uint64_t nonce,
                        const account_id& to, std::uint64_t value,
                        std::uint64_t fee) const {
  tx t;
  t.sender = premine_key(from).public_part();
  t.nonce = nonce;
  t.recipient = to;
  t.value = {value};
  t.fee = {fee};
  seal(t, from);
  return t;
}

void chain_maker::seal(tx& t, std::uint32_t from) const {
  t.id = codec::id_of(rules_->spec.network(), t);
  t.seal = premine_key(from).sign(t.id.value);
}
} // namespace spacetime::sim
