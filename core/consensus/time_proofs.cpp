#include "core/consensus/time_proofs.hpp"

#include "core/crypto/hash.hpp"
#include "core/time/simulated.hpp"
#include "core/time/verifier.hpp"

namespace spacetime::consensus {
namespace {
// R10: an attacker must not make us follow an endless chain of empty eras.
constexpr std::uint64_t max_eras_crossed = 8192;

status verify_simulated(const time_step& s) {
  if (s.start != vdf::simulated_tick(s.seed, s.from)
      || s.end != vdf::simulated_tick(s.seed, s.from + s.ticks)
      || s.proof != bytes100{})
    return fail(errc::bad_proof_of_time, "simulated tick");
  return {};
}
} // namespace

result<claimed_time>
claimed_steps(const protocol& p, const chain_context& parent, const header& h) {
  const auto k = p.fixed().ticks_per_era;
  const auto eras = p.era_of(h.epoch) - parent.era.number;
  if (h.epoch <= parent.facts.epoch || eras > max_eras_crossed)
    return fail(errc::bad_time_entries, "too many eras since the parent");
  if (h.time_entries.empty() || h.time_entries.size() > 2 * k + eras)
    return fail(errc::bad_time_entries, "number of entries");
  claimed_time out{{}, position_of(p, parent)};
  out.steps.reserve(h.time_entries.size());
  for (const auto& e : h.time_entries) {
    if (out.end.at(p) >= h.epoch)
      return fail(errc::bad_time_entries, "entries after the epoch");
    out.steps.push_back({out.end.era.seed, out.end.era.squarings, out.end.tick,
                         e.ticks, out.end.y, e.y, e.proof});
    if (auto ok = advance(p, out.end, e.ticks, e.y, parent.recent); !ok)
      return fail(ok.error());
  }
  if (out.end.at(p) != h.epoch)
    return fail(errc::bad_time_entries, "entries end before the epoch");
  return out;
}

result<vdf::discriminant> time_proofs::discriminant_of(const bytes32& seed) {
  {
    const std::lock_guard guard{mutex_};
    for (const auto& [s, d] : discriminants_)
      if (s == seed) return d;
  }
  auto made =
      vdf::discriminant::from_seed(seed, protocol_.spec.genesis.vdf_bits);
  if (!made) return made;
  const std::lock_guard guard{mutex_};
  if (discriminants_.size() == discriminant_limit) discriminants_.pop_front();
  discriminants_.emplace_back(seed, *made);
  return made;
}

status time_proofs::verify(const time_step& s) {
  if (protocol_.spec.genesis.mode == time_mode::simulated)
    return verify_simulated(s);
  // The proof's bytes are part of what is remembered: whether a block is valid
  // must not depend on which other proof of the same y came first.
  const challenge key{
      hash("st/known-step", {s.seed, be(s.squarings), be(s.from), be(s.ticks),
                             s.start, s.end, s.proof})};
  {
    const std::lock_guard guard{mutex_};
    if (known_.contains(key)) return {};
  }
  auto d = discriminant_of(s.seed);
  if (!d) return fail(d.error());
  const auto total = s.squarings * s.ticks;
  if (auto ok = vdf::verify(*d, s.start, total, s.end, s.proof); !ok) return ok;
  const std::lock_guard guard{mutex_};
  if (known_.insert(key).second) {
    order_.push_back(key);
    if (order_.size() > known_limit) {
      known_.erase(order_.front());
      order_.pop_front();
    }
  }
  return {};
}
} // namespace spacetime::consensus
