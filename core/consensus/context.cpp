#include "core/consensus/context.hpp"

#include "core/codec/block.hpp"
#include "core/consensus/challenge.hpp"
#include "core/time/form_codec.hpp"
#include "core/time/simulated.hpp"

namespace spacetime::consensus {
namespace {
constexpr std::size_t recent_blocks = 11;
}

bytes100 era_start(const protocol& p, const bytes32& seed) {
  return p.spec.genesis.mode == time_mode::simulated
             ? vdf::simulated_tick(seed, 0)
             : vdf::generator_bytes();
}

time_position position_of(const protocol& p, const chain_context& c) {
  return {c.era, p.tick_of(c.facts.epoch), c.y};
}

status advance(const protocol& p, time_position& at, std::uint64_t ticks,
               const bytes100& y, const std::vector<block_facts>& recent) {
  const auto era_end = p.fixed().ticks_per_era;
  if (ticks == 0) return fail(errc::bad_time_entries, "an entry of no ticks");
  if (ticks > era_end - at.tick)
    return fail(errc::bad_time_entries, "an entry crosses the end of an era");
  at.tick += ticks;
  at.y = y;
  if (at.tick == era_end) {
    at.era = next_era(p, at.era, y, recent);
    at.tick = 0;
    at.y = era_start(p, at.era.seed);
  }
  return {};
}

block genesis_block(const protocol& p, const bytes32& state_root) {
  block out;
  out.head.version = 1;
  out.head.time = p.spec.genesis.time;
  out.head.target = p.spec.genesis.target;
  out.head.state_root = state_root;
  return out;
}

chain_context genesis_context(const protocol& p, const block& genesis) {
  chain_context out;
  out.id = codec::id_of(p.spec.network(), genesis.head);
  out.facts = {genesis.head.height, genesis.head.epoch, genesis.head.time};
  out.era = first_era(p, out.facts);
  out.y = era_start(p, out.era.seed);
  out.history.append(history_node, history_leaf(out.id, to_bytes(out.weight)));
  out.recent = {out.facts};
  return out;
}

chain_context child_context(const protocol& p, const chain_context& parent,
                            const block_id& id, const header& h,
                            const time_position& at, const u256& score,
                            const bytes32& infusion) {
  chain_context out;
  out.id = id;
  out.parent = parent.id;
  out.facts = {h.height, h.epoch, h.time};
  out.weight = saturating_add(parent.weight, weight_of(h.target));
  out.score = score;
  out.era = at.era;
  out.y = at.y;
  const auto last_infused = p.fixed().ticks_per_era - p.fixed().infusion_lag;
  if (out.era.blocks == 0 && at.tick <= last_infused)
    out.era.infusion = infusion;
  ++out.era.blocks;
  out.history = parent.history;
  out.history.append(history_node, history_leaf(id, to_bytes(out.weight)));
  out.recent = parent.recent;
  out.recent.push_back(out.facts);
  if (out.recent.size() > recent_blocks) out.recent.erase(out.recent.begin());
  return out;
}
} // namespace spacetime::consensus
