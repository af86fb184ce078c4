#include "core/consensus/chain_state.hpp"

#include "core/base/check.hpp"
#include "core/base/hex.hpp"
#include "core/codec/block.hpp"

#include <algorithm>

namespace spacetime::consensus {
tip_candidate chain_state::candidate(const chain_context& c,
                                     height fork) const {
  tip_candidate out{c.id, c.parent, c.facts.epoch, c.weight, c.score};
  if (const auto found = seen_.find(c.id); found != seen_.end()) {
    out.late = found->second.last_late > fork;
    out.arrival = found->second.arrival;
  }
  return out;
}

result<std::vector<chain_context>>
chain_state::branch_of(const chain_context& c) const {
  std::vector<chain_context> out{c};
  while (true) {
    const auto& lowest = out.back();
    const auto parent_height = lowest.facts.height.value - 1;
    if (parent_height <= tip_.facts.height.value) {
      auto ours = stored_.id_at({parent_height});
      if (!ours) return fail(ours.error());
      if (*ours == lowest.parent) break;
    }
    auto parent = stored_.context(lowest.parent);
    if (!parent) return fail(parent.error());
    out.push_back(std::move(*parent));
  }
  std::reverse(out.begin(), out.end());
  return out;
}

result<bool> chain_state::replaces_tip(const chain_context& c) const {
  if (c.parent == tip_.id) return true;
  height fork;
  if (c.weight == tip_.weight) { // late blocks count from the fork point on
    auto branch = branch_of(c);
    if (!branch) return fail(branch.error());
    fork.value = branch->front().facts.height.value - 1;
  }
  return better(candidate(c, fork), candidate(tip_, fork));
}

status chain_state::check_new(const chain_context& c) const {
  auto known = stored_.context(c.id);
  if (known) return fail(errc::duplicate);
  if (known.error() != errc::not_found) return fail(known.error());
  if (c.parent == tip_.id) return {};
  if (auto parent = stored_.context(c.parent); !parent)
    return parent.error() == errc::not_found ? fail(errc::unknown_parent)
                                             : fail(parent.error());
  return {};
}

status chain_state::check_depth(height fork) const {
  auto id = stored_.id_at(fork);
  if (!id) return fail(id.error());
  auto context = stored_.context(*id);
  if (!context) return fail(context.error());
  const auto deepest = protocol_.spec.at(tip_.facts.epoch).max_reorg;
  if (context->era.number + deepest < tip_.era.number)
    return fail(errc::stale, "the fork lies more than "
                                 + std::to_string(deepest)
                                 + " eras (max_reorg) below the tip");
  return {};
}

result<connected_block> chain_state::connect(const chain_context& c,
                                             bytes raw) {
  auto b = codec::decode_block(protocol_.spec.network(), raw);
  if (!b) return fail(errc::corrupt, "stored block " + to_hex(c.id.value));
  const auto& rules = protocol_.spec.at(c.facts.epoch);
  auto change =
      ledger_.apply(rules, {c.facts.height, b->head.payee}, b->txs); // R13
  if (!change) return fail(change.error());
  if (change->root_after != b->head.state_root) { // R14
    check(ledger_.undo(*change).has_value(), "a block just applied undoes");
    return fail(errc::bad_state_root);
  }
  return connected_block{c, std::move(raw), std::move(*change)};
}

status chain_state::disconnect_to(height fork, chain_step& step) {
  for (auto h = tip_.facts.height; h > fork; --h.value) {
    auto id = stored_.id_at(h);
    if (!id) return fail(id.error());
    auto raw = stored_.undo(*id);
    if (!raw && raw.error() == errc::not_found)
      return fail(errc::stale, "the fork lies below height "
                                   + std::to_string(h.value)
                                   + ", the lowest that can be undone: this "
                                     "node started from a snapshot there");
    if (!raw) return fail(raw.error());
    auto change = state::decode_delta(*raw);
    if (!change)
      return fail(errc::corrupt, "undo record of " + to_hex(id->value));
    if (auto ok = ledger_.undo(*change); !ok) return ok;
    step.disconnected.push_back(*id);
    step.undone.push_back(std::move(*change));
  }
  return {};
}

void chain_state::roll_back(chain_step& step) {
  for (auto i = step.connected.size(); i-- > 0;)
    check(ledger_.undo(step.connected[i].change).has_value(),
          "a connected block undoes");
  for (auto i = step.disconnected.size(); i-- > 0;) {
    auto context = stored_.context(step.disconnected[i]);
    auto raw = stored_.raw(step.disconnected[i]);
    check(context && raw && connect(*context, std::move(*raw)).has_value(),
          "the old chain connects again");
  }
}

result<chain_step> chain_state::extend(const chain_context& c, byte_view raw) {
  auto done = connect(c, bytes(raw.begin(), raw.end()));
  if (!done) return fail(done.error());
  chain_step step{tip_.facts.height, {}, {}, {}};
  step.connected.push_back(std::move(*done));
  return step;
}

result<chain_step> chain_state::reorganise(const chain_context& c,
                                           byte_view raw, bool tip_is_current) {
  auto branch = branch_of(c);
  if (!branch) return fail(branch.error());
  chain_step step{{branch->front().facts.height.value - 1}, {}, {}, {}};
  if (tip_is_current)
    if (auto ok = check_depth(step.fork); !ok) return fail(ok.error());
  for (const auto& b : *branch) // known to be bad: not worth the undoing
    if (refused_.contains(b.id)) return fail(errc::invalid_ancestor);
  if (auto ok = disconnect_to(step.fork, step); !ok) {
    roll_back(step);
    return fail(ok.error());
  }
  for (const auto& next : *branch) {
    auto body = next.id == c.id ? result<bytes>{bytes(raw.begin(), raw.end())}
                                : stored_.raw(next.id);
    auto done = body ? connect(next, std::move(*body))
                     : result<connected_block>{fail(body.error())};
    if (!done) {
      roll_back(step);
      if (blame_of(done.error().code) != blame::sender)
        return fail(done.error());
      refused_.emplace(next.id, done.error().code);
      return next.id == c.id ? fail(done.error())
                             : fail(errc::invalid_ancestor);
    }
    done->stored = next.id != c.id;
    step.connected.push_back(std::move(*done));
  }
  return step;
}

result<chain_step> chain_state::offer(const chain_context& c, byte_view raw,
                                      const arrival& how) {
  check(pending_.empty() || extends_tip(c),
        "only steps that extend the tip are settled together");
  if (c.id == tip_.id) return fail(errc::duplicate);
  if (const auto bad = refused_.find(c.id); bad != refused_.end())
    return fail(bad->second);
  if (refused_.contains(c.parent)) {
    refused_.emplace(c.id, errc::invalid_ancestor);
    return fail(errc::invalid_ancestor);
  }
  if (auto ok = check_new(c); !ok) return fail(ok.error());
  // Only ties between branches need it, and those are settled soon.
  if (seen_.size() > 65'536) seen_.clear();
  if (refused_.size() > 65'536) refused_.clear();
  const auto above = seen_.find(c.parent);
  const auto inherited =
      above != seen_.end() ? above->second.last_late : height{};
  seen_[c.id] = {how.late ? c.facts.height : inherited, ++arrivals_};
  chain_step step{tip_.facts.height, {}, {}, {}};
  auto replaces = replaces_tip(c);
  if (!replaces) return fail(replaces.error());
  if (*replaces) {
    auto made = c.parent == tip_.id ? extend(c, raw)
                                    : reorganise(c, raw, how.tip_is_current);
    if (!made) {
      if (blame_of(made.error().code) == blame::sender)
        refused_.emplace(c.id, made.error().code);
      return made;
    }
    step = std::move(*made);
  }
  pending_.push_back({tip_, step});
  if (!step.connected.empty()) tip_ = step.connected.back().context;
  return step;
}

void chain_state::settle() {
  pending_.clear();
}

void chain_state::revert() {
  check(!pending_.empty(), "there is a step to revert");
  for (; !pending_.empty(); pending_.pop_back()) {
    roll_back(pending_.back().step);
    tip_ = pending_.back().old_tip;
  }
}
} // namespace spacetime::consensus
