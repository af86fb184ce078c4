#include "core/sim/chain_maker.hpp"

#include "core/base/check.hpp"
#include "core/codec/block.hpp"
#include "core/codec/tx.hpp"
#include "core/crypto/account.hpp"
#include "core/space/plotter.hpp"
#include "core/space/solve.hpp"
#include "core/time/prover.hpp"
#include "core/time/simulated.hpp"

#include <mutex>

namespace spacetime::sim {
namespace {
using fragments = std::vector<std::uint64_t>;

/// A plot takes a good part of a second: made once for all test cases.
const fragments& fragments_of(const space::plot_params& p) {
  static std::mutex mutex;
  static std::map<plot_id, fragments> made;
  const std::lock_guard guard{mutex};
  auto found = made.find(p.id);
  if (found == made.end()) {
    space::plot_options options;
    options.threads = 2;
    auto fresh = space::make_fragments(p, options);
    check(fresh.has_value(), "a plot of a test can be made");
    found = made.emplace(p.id, std::move(*fresh)).first;
  }
  return found->second;
}

/// The same proof is asked for by many test cases.
bytes proof_of(const space::plot_params& p, const bytes32& asked,
               const space::chain& c) {
  static std::mutex mutex;
  static std::map<bytes32, bytes> made;
  const auto blob = space::quality_blob(p.strength, c);
  const auto key = hash("st/test-proof", {p.id.value, asked, blob});
  const std::lock_guard guard{mutex};
  if (const auto found = made.find(key); found != made.end())
    return found->second;
  auto proof = space::solve(p, asked, c);
  check(proof.has_value(), "a chain of our own plot has a proof");
  return made.emplace(key, std::move(*proof)).first->second;
}

std::span<const std::uint64_t> set_in(unsigned k, const fragments& all,
                                      std::uint64_t set) {
  const auto first = std::lower_bound(all.begin(), all.end(), set << (k + 6));
  const auto last = std::lower_bound(first, all.end(), (set + 1) << (k + 6));
  return {first, last};
}

std::vector<space::chain> chains_of(const space::plot_params& p,
                                    const bytes32& asked) {
  const auto& all = fragments_of(p);
  const auto keys = space::derive_keys(p.id, p.k, asked);
  space::set_fragments sets;
  for (std::size_t i = 0; i < 4; ++i) sets[i] = set_in(p.k, all, keys.sets[i]);
  return space::find_chains(p, asked, sets);
}

space::plot_params params_of(const chain_spec& spec, const plot_id& id) {
  const auto& g = spec.genesis;
  return {id, g.k, g.strength, g.test_plots};
}
} // namespace

chain_spec finished(chain_spec spec) {
  const auto ok = spec.finish();
  check(ok.has_value(), "a changed spec of a test is valid");
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

/// The squaring of one era and the proofs of its single ticks.
struct chain_maker::era_run {
  vdf::discriminant group;
  vdf::evaluation run;
  std::uint64_t squarings;
  std::vector<bytes100> y, proofs;

  era_run(const vdf::discriminant& d, std::uint64_t t, std::uint64_t k)
      : group(d), run(d, t, k), squarings(t), y{run.current()} {}

  /// Squares on until tick `i` is known.
  void reach(std::uint64_t i) {
    while (y.size() <= i) {
      check(run.advance(squarings).has_value(), "squaring goes on");
      y.push_back(run.current());
      proofs.push_back(prove(y.size() - 2, y.size() - 1));
    }
  }
  bytes100 prove(std::uint64_t from, std::uint64_t to) {
    auto out = vdf::prove(group, run.range(from, to), (to - from) * squarings,
                          y[to], 1);
    check(out.has_value(), "a tick of our own has a proof");
    return *out;
  }
};

chain_maker::chain_maker(chain_spec spec, std::uint64_t seed, std::size_t plots)
    : rules_(std::make_shared<consensus::protocol>(std::move(spec))),
      seed_(seed) {
  const auto& g = rules_->spec.genesis;
  for (std::uint32_t i = 0; i < plots; ++i) {
    plot p;
    p.farmer = *secret_key::from(hash("st/test-farmer", {be(i)}));
    p.fields.k = g.k;
    p.fields.strength = g.strength;
    p.fields.farmer = p.farmer.public_part();
    if (i == 1) p.fields.payout = payout_of(1).value;
    p.fields.seed = hash("st/test-plot", {be(i)});
    p.id = space::make_plot_id(rules_->spec.network(), g.k, g.strength,
                               p.fields.farmer, p.fields.payout, p.fields.seed);
    plots_.push_back(std::move(p));
  }
  auto ledger = state::ledger::genesis(g.premine);
  check(ledger.has_value(), "the premine is sound");
  genesis_.value = consensus::genesis_block(*rules_, ledger->state_root());
  genesis_.raw = codec::encode(genesis_.value);
  genesis_.context = consensus::genesis_context(*rules_, genesis_.value);
  genesis_.ledger = std::move(*ledger);
}

bool chain_maker::simulated() const {
  return rules_->spec.genesis.mode == time_mode::simulated;
}

account_id chain_maker::payout_of(std::size_t plot) const {
  return {hash("st/test-payout", {be(std::uint64_t{plot})})};
}

account_id chain_maker::some_payee(const block_id& parent) const {
  // Few, so that rewards meet accounts that are there already.
  return payout_of(100
                   + hash("st/test-payee", {be(seed_), parent.value})[0] % 8);
}

secret_key chain_maker::premine_key(std::uint32_t index) const {
  return *public_test_key(rules_->spec.genesis.name, index);
}

chain_maker::era_run& chain_maker::run_of(const consensus::era_state& era) {
  const auto key = hash("st/test-era", {era.seed, be(era.squarings)});
  auto& run = runs_[key];
  if (!run) {
    auto d =
        vdf::discriminant::from_seed(era.seed, rules_->spec.genesis.vdf_bits);
    check(d.has_value(), "every seed has a discriminant");
    run = std::make_shared<era_run>(*d, era.squarings,
                                    rules_->fixed().ticks_per_era);
  }
  return *run;
}

bytes100 chain_maker::y_at(const consensus::era_state& era, std::uint64_t i) {
  if (simulated()) return vdf::simulated_tick(era.seed, i);
  auto& run = run_of(era);
  run.reach(i);
  return run.y[i];
}

consensus::tick chain_maker::tick(const consensus::era_state& era,
                                  std::uint64_t from, std::uint64_t to) {
  consensus::tick out;
  out.era = era.number;
  out.step = {era.seed,        era.squarings, from, to - from,
              y_at(era, from), y_at(era, to), {}};
  if (simulated()) return out;
  auto& run = run_of(era);
  out.step.proof = to == from + 1 ? run.proofs[from] : run.prove(from, to);
  return out;
}

std::vector<chain_maker::found> chain_maker::tickets(const plot& p,
                                                     std::size_t number,
                                                     const challenge& c) const {
  if (simulated()) return {{number, space::sim_score(c, p.id), {}}};
  std::vector<found> out;
  const auto params = params_of(rules_->spec, p.id);
  for (const auto& chain : chains_of(params, space::space_challenge(p.id, c)))
    out.push_back({number,
                   space::score(c, space::quality_blob(params.strength, chain)),
                   chain});
  return out;
}

std::optional<chain_maker::found>
chain_maker::choose(const consensus::time_position& at,
                    const block_options& o) const {
  const auto e = at.at(*rules_);
  const auto c = consensus::challenge_of(at.era.seed, e, at.y);
  const auto bits = static_cast<unsigned>(rules_->spec.at(e).filter_bits);
  std::optional<found> best;
  for (std::size_t i = 0; i < plots_.size(); ++i) {
    if (o.plot && *o.plot != i) continue;
    if (space::passes_filter(plots_[i].id, c, bits) == o.filtered) continue;
    for (auto& t : tickets(plots_[i], i, c))
      if ((t.score >= at.era.target) == o.above_target
          && (!best || t.score < best->score))
        best = std::move(t);
  }
  return best;
}

std::vector<time_entry>
chain_maker::entries(const consensus::chain_context& from, epoch to,
                     entry_style style) {
  std::vector<time_entry> out;
  const auto k = rules_->fixed().ticks_per_era;
  auto at = consensus::position_of(*rules_, from);
  while (at.at(*rules_) < to) {
    const auto most = std::min(k - at.tick, to.value - at.at(*rules_).value);
    const bool whole = style == entry_style::whole_eras && most == k;
    const auto n = style == entry_style::longest || whole ? most : 1;
    const auto t = tick(at.era, at.tick, at.tick + n);
    out.push_back({static_cast<std::uint16_t>(n), t.step.end, t.step.proof});
    check(
        consensus::advance(*rules_, at, n, t.step.end, from.recent).has_value(),
        "a step of our own fits");
  }
  return out;
}

space_part chain_maker::prove(const found& ticket, const challenge& c,
                              bytes32& infusion) const {
  const auto& p = plots_[ticket.plot];
  auto out = p.fields;
  if (!ticket.chain) {
    infusion = consensus::infusion_of(p.id, p.id.value);
    return out;
  }
  const auto params = params_of(rules_->spec, p.id);
  out.proof = proof_of(params, space::space_challenge(p.id, c), *ticket.chain);
  infusion = consensus::infusion_of(
      p.id, space::quality_blob(params.strength, *ticket.chain));
  return out;
}

void chain_maker::apply(const made_block& parent, const block_options& o,
                        made_block& out) const {
  auto& h = out.value.head;
  out.ledger = parent.ledger;
  auto change = out.ledger.apply(rules_->spec.at(h.epoch), {h.height, h.payee},
                                 out.value.txs);
  out.valid = parent.valid && change && !o.state_root;
  if (change) h.state_root = change->root_after;
  if (change) out.change = std::move(*change);
  if (o.state_root) h.state_root = *o.state_root;
  if (!out.valid) out.ledger = parent.ledger;
}

made_block chain_maker::build(const made_block& parent, const block_options& o,
                              const consensus::time_position& at,
                              const found& ticket) {
  made_block out;
  auto& h = out.value.head;
  const auto& above = parent.context;
  h.epoch = at.at(*rules_);
  const auto& rules = rules_->spec.at(h.epoch);
  const auto c = consensus::challenge_of(at.era.seed, h.epoch, at.y);
  bytes32 infusion{};
  h.version = static_cast<std::uint16_t>(rules.header_version);
  h.height.value = above.facts.height.value + 1;
  h.parent = above.id;
  h.time.value = above.facts.time.value
                 + o.epoch_ms.value_or(rules.tau_ms)
                       * (h.epoch.value - above.facts.epoch.value);
  h.target = at.era.target;
  h.history_root = above.history.root(consensus::history_node);
  h.space = prove(ticket, c, infusion);
  h.payee = h.space.payout != bytes32{} ? account_id{h.space.payout}
            : o.payee                   ? *o.payee
                                        : some_payee(above.id);
  h.time_entries = entries(above, h.epoch, o.entries);
  if (o.false_y) h.time_entries.back().y = *o.false_y;
  out.value.txs = o.txs;
  h.tx_root = codec::tx_root(o.txs);
  apply(parent, o, out);
  if (o.sign) seal(h);
  out.raw = codec::encode(out.value);
  out.context = consensus::child_context(
      *rules_, above, codec::id_of(rules_->spec.network(), h), h, at,
      ticket.score, infusion);
  return out;
}

made_block chain_maker::next(const made_block& parent, const block_options& o) {
  auto at = consensus::position_of(*rules_, parent.context);
  for (std::uint64_t passed = 0;; ++passed) {
    const auto y = y_at(at.era, at.tick + 1);
    check(consensus::advance(*rules_, at, 1, y, parent.context.recent)
              .has_value(),
          "one tick fits");
    // Where an era starts, no entry's element enters the challenge.
    if (passed < o.skip || (o.false_y && at.tick == 0)) continue;
    auto claimed = at;
    if (o.false_y) claimed.y = *o.false_y;
    if (const auto ticket = choose(claimed, o))
      return build(parent, o, claimed, *ticket);
  }
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

void chain_maker::seal(header& h) const {
  const auto id = codec::id_of(rules_->spec.network(), h);
  for (const auto& p : plots_)
    if (p.fields.farmer == h.space.farmer) h.seal = p.farmer.sign(id.value);
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
