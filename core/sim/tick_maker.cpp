#include "core/sim/tick_maker.hpp"

#include "core/base/check.hpp"
#include "core/crypto/hash.hpp"
#include "core/time/prover.hpp"
#include "core/time/simulated.hpp"

namespace spacetime::sim {
/// The squaring of one era and the proofs of its single ticks.
struct tick_maker::era_run {
  std::uint64_t number;
  vdf::discriminant group;
  vdf::evaluation run;
  std::uint64_t squarings;
  std::vector<bytes100> y;
  std::vector<bytes100> proofs;

  era_run(std::uint64_t n, const vdf::discriminant& d, std::uint64_t t,
          std::uint64_t k)
      : number(n), group(d), run(d, t, k), squarings(t), y{run.current()} {}

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

tick_maker::era_run& tick_maker::run_of(const consensus::era_state& era) {
  const auto key = hash("st/test-era", {era.seed, be(era.squarings)});
  auto& run = runs_[key];
  if (!run) {
    auto d =
        vdf::discriminant::from_seed(era.seed, rules_->spec.genesis.vdf_bits);
    check(d.has_value(), "every seed has a discriminant");
    run = std::make_shared<era_run>(era.number, *d, era.squarings,
                                    rules_->fixed().ticks_per_era);
  }
  return *run;
}

bytes100 tick_maker::element(const consensus::era_state& era, std::uint64_t i) {
  if (simulated()) return vdf::simulated_tick(era.seed, i);
  auto& run = run_of(era);
  run.reach(i);
  return run.y[i];
}

consensus::tick tick_maker::tick(const consensus::era_state& era,
                                 std::uint64_t from, std::uint64_t to) {
  consensus::tick out;
  out.era = era.number;
  out.step = {era.seed,           era.squarings,    from, to - from,
              element(era, from), element(era, to), {}};
  if (simulated()) return out;
  auto& run = run_of(era);
  out.step.proof = to == from + 1 ? run.proofs[from] : run.prove(from, to);
  return out;
}

std::vector<time_entry>
tick_maker::entries(const consensus::chain_context& from, epoch to,
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

void tick_maker::forget_before(std::uint64_t era) {
  std::erase_if(runs_,
                [&](const auto& known) { return known.second->number < era; });
}
} // namespace spacetime::sim
