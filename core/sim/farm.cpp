#include "core/sim/farm.hpp"

#include "core/base/check.hpp"
#include "core/codec/block.hpp"
#include "core/consensus/challenge.hpp"
#include "core/crypto/hash.hpp"
#include "core/space/plotter.hpp"
#include "core/space/solve.hpp"

#include <map>
#include <mutex>

namespace spacetime::sim {
namespace {
using fragments = std::vector<std::uint64_t>;

/// A plot takes a good part of a second.
std::shared_ptr<const fragments> fragments_of(const space::plot_params& p) {
  static std::mutex mutex;
  static std::map<plot_id, std::shared_ptr<const fragments>> made;
  const std::lock_guard guard{mutex};
  auto& out = made[p.id];
  if (!out) {
    space::plot_options options;
    options.threads = 2;
    auto fresh = space::make_fragments(p, options);
    check(fresh.has_value(), "a plot in memory can be made");
    out = std::make_shared<const fragments>(std::move(*fresh));
  }
  return out;
}

/// Makers that go over the same ground, as tests do, ask for the same proofs.
bytes proof_of(const space::plot_params& p, const bytes32& asked,
               const space::chain& c) {
  constexpr std::size_t most = 4096;
  static std::mutex mutex;
  static std::map<bytes32, bytes> made;
  const auto blob = space::quality_blob(p.strength, c);
  const auto key = hash("st/test-proof", {p.id.value, asked, blob});
  const std::lock_guard guard{mutex};
  if (const auto found = made.find(key); found != made.end())
    return found->second;
  auto proof = space::solve(p, asked, c);
  check(proof.has_value(), "a chain of our own plot has a proof");
  if (made.size() >= most) made.clear();
  return made.emplace(key, std::move(*proof)).first->second;
}

std::span<const std::uint64_t> set_in(unsigned k, const fragments& all,
                                      std::uint64_t set) {
  const auto first = std::lower_bound(all.begin(), all.end(), set << (k + 6));
  const auto last = std::lower_bound(first, all.end(), (set + 1) << (k + 6));
  return {first, last};
}

std::vector<space::chain> chains_of(const space::plot_params& p,
                                    const fragments& all,
                                    const bytes32& asked) {
  const auto keys = space::derive_keys(p.id, p.k, asked);
  space::set_fragments sets;
  for (std::size_t i = 0; i < 4; ++i) sets[i] = set_in(p.k, all, keys.sets[i]);
  return space::find_chains(p, asked, sets);
}
} // namespace

farm_plot plot_in_memory(const chain_spec& spec, const secret_key& farmer,
                         const bytes32& payout, const bytes32& seed) {
  const auto& g = spec.genesis;
  farm_plot out{farmer, {}, {}};
  out.fields = {g.k, g.strength, farmer.public_part(), payout, seed, {}};
  out.id = space::make_plot_id(spec.network(), g.k, g.strength,
                               out.fields.farmer, payout, seed);
  if (g.mode == time_mode::simulated) return out;
  const space::plot_params params{out.id, g.k, g.strength, g.test_plots};
  out.chains = [params, all = fragments_of(params)](const bytes32& asked) {
    return chains_of(params, *all, asked);
  };
  return out;
}

account_id example_payout(std::size_t plot) {
  return {hash("st/test-payout", {be(std::uint64_t{plot})})};
}

std::vector<farm_plot> example_plots(const chain_spec& spec, std::size_t count,
                                     byte_view salt) {
  std::vector<farm_plot> out;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto farmer = secret_key::from(hash("st/test-farmer", {be(i), salt}));
    check(farmer.has_value(), "nearly every hash is a key");
    out.push_back(plot_in_memory(spec, *farmer,
                                 i == 1 ? example_payout(1).value : bytes32{},
                                 hash("st/test-plot", {be(i), salt})));
  }
  return out;
}

bool farm::simulated() const {
  return spec_->genesis.mode == time_mode::simulated;
}

space::plot_params farm::params_of(const farm_plot& p) const {
  const auto& g = spec_->genesis;
  return {p.id, g.k, g.strength, g.test_plots};
}

std::vector<ticket> farm::tickets(std::size_t plot, const challenge& c) const {
  const auto& p = plots_[plot];
  if (simulated()) return {{plot, space::sim_score(c, p.id), {}}};
  std::vector<ticket> out;
  for (const auto& chain : p.chains(space::space_challenge(p.id, c))) {
    const auto blob = space::quality_blob(p.fields.strength, chain);
    out.push_back({plot, space::score(c, blob), chain});
  }
  return out;
}

std::optional<ticket> farm::best(const challenge& c, epoch e,
                                 const u256& target,
                                 const ticket_wish& wish) const {
  const auto bits = static_cast<unsigned>(spec_->at(e).filter_bits);
  std::optional<ticket> best;
  for (std::size_t i = 0; i < plots_.size(); ++i) {
    if (wish.plot && *wish.plot != i) continue;
    if (space::passes_filter(plots_[i].id, c, bits) == wish.filtered) continue;
    for (auto& t : tickets(i, c))
      if ((t.score >= target) == wish.above_target
          && (!best || t.score < best->score))
        best = std::move(t);
  }
  return best;
}

proven_ticket farm::prove(const ticket& t, const challenge& c) const {
  const auto& p = plots_[t.plot];
  proven_ticket out{p.fields, {}};
  if (!t.chain) {
    out.infusion = consensus::infusion_of(p.id, p.id.value);
    return out;
  }
  const auto params = params_of(p);
  out.space.proof = proof_of(params, space::space_challenge(p.id, c), *t.chain);
  out.infusion = consensus::infusion_of(
      p.id, space::quality_blob(params.strength, *t.chain));
  return out;
}

void farm::seal(header& h) const {
  const auto id = codec::id_of(spec_->network(), h);
  for (const auto& p : plots_)
    if (p.fields.farmer == h.space.farmer) {
      h.seal = p.farmer.sign(id.value);
      return;
    }
}
} // namespace spacetime::sim
