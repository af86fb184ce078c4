// What an operator may do to fork choice, and a restart: chain_state.hpp.

#include "core/base/check.hpp"
#include "core/base/hex.hpp"
#include "core/consensus/chain_state.hpp"

#include <algorithm>
#include <tuple>

namespace spacetime::consensus {
namespace {
error unknown(const error& e, const block_id& id) {
  if (e != errc::not_found) return e;
  return {errc::not_found, "no block " + to_hex(id.value) + " is stored"};
}

/// Whether `id` is among the blocks of a branch.
bool holds(const std::vector<const side_block*>& branch, const block_id& id) {
  return std::ranges::find(branch, id, &side_block::id) != branch.end();
}
} // namespace

bool chain_state::beats(const option& a, const option& b) const {
  height common = std::min(a.fork, b.fork);
  for (std::size_t i = 0; i < std::min(a.branch.size(), b.branch.size()); ++i) {
    if (a.branch[i].id != b.branch[i].id) break;
    common = a.branch[i].height;
  }
  return better(candidate(a.tip, common), candidate(b.tip, common));
}

result<std::optional<chain_state::option>>
chain_state::option_of(const side_block& tip, const choice& how) const {
  auto branch = beside_.branch(tip.id);
  branch.erase(
      std::ranges::find_if(
          branch, [&](const auto* b) { return beside_.blocked(b->id); }),
      branch.end());
  if (branch.empty()) return std::nullopt;
  option out{*branch.back(), {branch.front()->height.value - 1}, {}};
  if (out.fork > how.fallback.facts.height // it builds on what is to leave
      || out.tip.weight < how.fallback.weight
      || (how.heavier_only && out.tip.weight == how.fallback.weight))
    return std::nullopt;
  auto here = stored_.id_at(out.fork);
  if (!here) return fail(here.error());
  if (*here != branch.front()->parent) return std::nullopt;
  if (!how.overrule || !holds(branch, *how.overrule)) {
    auto deep = is_too_deep(out.fork, how.fallback);
    if (!deep) return fail(deep.error());
    if (*deep) return std::nullopt;
  }
  for (const auto* b : branch) out.branch.push_back(*b);
  return out;
}

// As if all had come again in the same order, one after another. The fallback
// comes again with them: lateness depends on the fork, so that three branches
// of one weight can each lose to another, and a tip must not lose to itself.
result<chain_state::option> chain_state::best(const choice& how) const {
  option top{side_of(how.fallback), how.fallback.facts.height, {}};
  std::vector<std::pair<std::uint64_t, option>> all{
      {candidate(top.tip, {}).arrival, top}};
  for (const auto* tip : beside_.tips()) {
    auto o = option_of(*tip, how);
    if (!o) return fail(o.error());
    if (!*o) continue;
    const auto arrival = candidate((*o)->tip, {}).arrival;
    all.emplace_back(arrival, std::move(**o));
  }
  std::ranges::sort(all, [](const auto& a, const auto& b) {
    return std::tie(a.first, a.second.tip.id)
           < std::tie(b.first, b.second.tip.id);
  });
  for (auto& [arrival, o] : all)
    if (beats(o, top)) top = std::move(o);
  return top;
}

// A round that meets a bad block refuses it, so the next one has less to try.
result<chain_step> chain_state::follow_best(const choice& how) {
  while (true) {
    auto top = best(how);
    if (!top) return fail(top.error());
    if (top->tip.id == tip_.id) return take(stay());
    std::vector<chain_context> branch;
    for (const auto& b : top->branch) {
      auto c = stored_.context(b.id);
      if (!c) return fail(unknown(c.error(), b.id));
      branch.push_back(std::move(*c));
    }
    auto d = move(top->fork, branch, nullptr);
    if (d) return take(std::move(*d));
    if (blame_of(d.error().code) != blame::sender) return fail(d.error());
  }
}

result<chain_step> chain_state::leave(const chain_context& c) {
  const auto at = c.facts.height.value, top = tip_.facts.height.value;
  if (at > top) return take(stay());
  auto here = stored_.id_at({at});
  if (!here) return fail(here.error());
  if (*here != c.id) return take(stay());
  if (top - at >= most_invalidated)
    return fail(errc::too_large, "block " + to_hex(c.id.value) + " has "
                                     + std::to_string(top - at)
                                     + " blocks above it; at most "
                                     + std::to_string(most_invalidated)
                                     + " blocks leave a chain at once");
  auto below = stored_.context(c.parent);
  if (!below) return fail(unknown(below.error(), c.parent));
  return follow_best({std::move(*below), std::nullopt, false});
}

result<chain_step> chain_state::invalidate(const block_id& id) {
  check(!unsettled(), "one step at a time");
  auto c = stored_.context(id);
  if (!c) return fail(unknown(c.error(), id));
  if (c->facts.height.value == 0)
    return fail(errc::malformed, "genesis cannot be invalidated");
  if (beside_.marked(id)) return take(stay());
  if (beside_.marks().size() >= most_marks)
    return fail(errc::too_large,
                std::to_string(most_marks)
                    + " blocks are invalidated; reconsider some of them first");
  auto step = leave(*c);
  if (!step) return step;
  step->invalidated = pending_.back().marked = {id};
  beside_.mark(id);
  return step;
}

std::vector<block_id> chain_state::marks_around(const block_id& id) const {
  std::vector<block_id> out;
  const auto below = beside_.branch(id);
  for (const auto& mark : beside_.marks())
    if (mark == id || holds(below, mark) || holds(beside_.branch(mark), id))
      out.push_back(mark);
  return out;
}

result<chain_step> chain_state::reconsider(const block_id& id) {
  check(!unsettled(), "one step at a time");
  if (auto c = stored_.context(id); !c) return fail(unknown(c.error(), id));
  const auto marks = marks_around(id);
  for (const auto& m : marks) beside_.unmark(m);
  beside_.forgive_all(); // a true refusal is found again
  auto step = follow_best({tip_, id, false});
  if (!step) {
    for (const auto& m : marks) beside_.mark(m);
    return step;
  }
  step->reconsidered = pending_.back().unmarked = marks;
  return step;
}

result<chain_step> chain_state::resume() {
  check(!unsettled(), "one step at a time");
  return follow_best({tip_, std::nullopt, true});
}
} // namespace spacetime::consensus
