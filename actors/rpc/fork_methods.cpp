#include "actors/rpc/methods.hpp"
#include "actors/state/fork_messages.hpp"

using namespace std::chrono_literals;

namespace spacetime::rpc {
namespace {
constexpr auto read_limit = 5s;
// Thousands of blocks may have to be undone and done. Whoever stops waiting
// stops no order.
constexpr auto order_limit = 60s;

outcome get_forks(const call& c) {
  const auto most = c.in.contains("limit")
                        ? c.in.at("limit").get<std::uint32_t>()
                        : default_forks;
  const auto m =
      c.ask
          .ask<fork_list_msg>(read_limit, c.node.actors().state, atom::forks_v,
                              std::min(most, most_forks))
          .take();
  if (!m) return tl::unexpected{to_rpc(m.error())};
  const auto forks = open(*m);
  if (!forks) return tl::unexpected{to_rpc(forks.error())};
  return to_json(*forks);
}

json item_of(const reorg& r) {
  return {{"time", r.time.value},           {"reason", r.reason},
          {"depth", r.disconnected},        {"connected", r.connected},
          {"fork_height", r.fork.value},    {"old_tip", hex(r.old_tip.value)},
          {"new_tip", hex(r.new_tip.value)}};
}

outcome get_reorgs(const call& c) {
  const auto m = c.ask
                     .ask<reorg_list_msg>(read_limit, c.node.actors().state,
                                          atom::reorgs_v)
                     .take();
  if (!m) return tl::unexpected{to_rpc(m.error())};
  const auto reorgs = open(*m);
  if (!reorgs) return tl::unexpected{to_rpc(reorgs.error())};
  json list = json::array();
  for (const auto& r : *reorgs) list.push_back(item_of(r));
  return json{{"reorgs", std::move(list)}};
}

/// Gives the operator's order about a stored block.
template <class Atom>
outcome order(const call& c, Atom what) {
  const auto& which = c.in.at("block");
  const auto id = find_block(
      c.node.store(),
      which.is_string() ? which.get_ref<const std::string&>() : which.dump());
  if (!id) return tl::unexpected{to_rpc(id.error())};
  const auto asked = id_msg::build(
      [&](schema::Id::Builder out) { out.setValue(blob(id->value)); });
  const auto m =
      c.ask.ask<verdict_msg>(order_limit, c.node.actors().state, what, asked)
          .take();
  if (!m) return tl::unexpected{to_rpc(m.error())};
  json out = {{"block", hex(id->value)}};
  if (m->try_read([&](schema::Verdict::Reader in) {
        out["moved"] = in.getTip();
        out["height"] = in.getHeight();
      }))
    return tl::unexpected{to_rpc({errc::internal, "verdict message"})};
  const auto tip = c.node.store().id_at({out["height"].get<std::uint32_t>()});
  out["tip"] = tip ? json(hex(tip->value)) : json(nullptr);
  return out;
}

outcome invalidate_block(const call& c) {
  return order(c, atom::invalidate_v);
}

outcome reconsider_block(const call& c) {
  return order(c, atom::reconsider_v);
}
} // namespace

std::vector<method> fork_methods() {
  const parameter block{"block", kind::height_or_text, true,
                        "A block id as hex, or a height of the best chain."};
  return {
      {"chain_getForks",
       access::read,
       {{"limit", kind::count, false, "At most so many; 100, up to 1,000."}},
       "Tips beside the best chain, the heaviest first, and why none of them "
       "is followed.",
       get_forks},
      {"chain_getReorgs",
       access::read,
       {},
       "The last 100 reorganisations since the node's start.",
       get_reorgs},
      {"debug_invalidateBlock",
       access::write,
       {block},
       "Takes a block and all that builds on it off, until it is reconsidered.",
       invalidate_block},
      {"debug_reconsiderBlock",
       access::write,
       {block},
       "Takes invalidations, refusals and max_reorg back from a block and all "
       "around it.",
       reconsider_block},
  };
}
} // namespace spacetime::rpc
