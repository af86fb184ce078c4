#include "core/consensus/chain_state.hpp"

#include "core/base/check.hpp"
#include "core/base/hex.hpp"
#include "core/codec/block.hpp"

#include <algorithm>

namespace spacetime::consensus {
namespace {
constexpr std::size_t seen_limit = 65'536;

/// What the store owes us and does not have is damage, and ours to answer for.
error owed(const error& e, const char* what, const block_id& id) {
  if (e != errc::not_found && e != errc::malformed) return e;
  return {errc::corrupt, std::string{what} + to_hex(id.value)
                             + (e == errc::not_found
                                    ? " is not stored; the chain stays as it is"
                                    : " is damaged")};
}

error cancelled(const block_id& mark) {
  return {errc::cancelled,
          "the operator has invalidated block " + to_hex(mark.value)};
}

std::vector<state::delta>
changes_of(const std::vector<connected_block>& connected) {
  std::vector<state::delta> out;
  for (const auto& c : connected) out.push_back(c.change);
  return out;
}
} // namespace

chain_state::chain_state(const protocol& p, archive stored, chain_context tip,
                         state::ledger at_tip, const stored_forks& beside)
    : protocol_(p), stored_(std::move(stored)), tip_(std::move(tip)),
      ledger_(std::move(at_tip)) {
  for (const auto& b : beside.blocks) beside_.add(b);
  for (const auto& id : beside.invalidated) beside_.mark(id);
}

tip_candidate chain_state::candidate(const side_block& b, height fork) const {
  tip_candidate out{b.id, b.parent, b.epoch, b.weight, b.score};
  if (const auto found = seen_.find(b.id); found != seen_.end()) {
    out.late = found->second.last_late > fork;
    out.arrival = found->second.arrival;
  }
  return out;
}

result<std::vector<chain_context>>
chain_state::branch_of(const chain_context& c) const {
  std::vector<chain_context> out{c};
  while (out.back().parent != tip_.id) {
    const auto& lowest = out.back();
    const auto parent_height = lowest.facts.height.value - 1;
    if (parent_height <= tip_.facts.height.value) {
      auto ours = stored_.id_at({parent_height});
      if (!ours) return fail(owed(ours.error(), "the block above ", lowest.id));
      if (*ours == lowest.parent) break;
    }
    auto parent = stored_.context(lowest.parent);
    if (!parent)
      return fail(owed(parent.error(), "the block below ", lowest.id));
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
  return better(candidate(side_of(c), fork), candidate(side_of(tip_), fork));
}

status chain_state::check_new(const chain_context& c) const {
  if (c.id == tip_.id) return fail(errc::duplicate);
  if (const auto bad = beside_.refusal(c.id)) return fail(*bad);
  if (beside_.marked(c.id)) return fail(cancelled(c.id));
  if (const auto mark = beside_.mark_below(c.parent))
    return fail(cancelled(*mark));
  auto known = stored_.context(c.id);
  if (known) return fail(errc::duplicate);
  if (known.error() != errc::not_found) return fail(known.error());
  if (c.parent == tip_.id) return {};
  if (auto parent = stored_.context(c.parent); !parent)
    return parent.error() == errc::not_found ? fail(errc::unknown_parent)
                                             : fail(parent.error());
  return {};
}

result<bool> chain_state::is_too_deep(height fork,
                                      const chain_context& below) const {
  auto id = stored_.id_at(fork);
  if (!id) return fail(id.error());
  auto context = stored_.context(*id);
  if (!context) return fail(owed(context.error(), "block ", *id));
  const auto deepest = protocol_.spec.at(below.facts.epoch).max_reorg;
  return context->era.number + deepest < below.era.number;
}

// Only ties between branches need it, and those are settled soon.
void chain_state::note(const chain_context& c, const arrival& how) {
  if (seen_.size() > seen_limit) seen_.clear();
  const auto above = seen_.find(c.parent);
  const auto inherited =
      above != seen_.end() ? above->second.last_late : height{};
  seen_[c.id] = {how.late ? c.facts.height : inherited, ++arrivals_};
}

result<connected_block> chain_state::connect(const chain_context& c,
                                             bytes raw) {
  auto b = codec::decode_block(protocol_.spec.network(), raw);
  if (!b || codec::id_of(protocol_.spec.network(), b->head) != c.id
      || codec::tx_root(b->txs) != b->head.tx_root)
    return fail(owed(errc::malformed, "the body of block ", c.id));
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

status chain_state::disconnect_to(height fork, draft& d) {
  while (d.end.facts.height > fork) {
    const auto id = d.end.id;
    auto raw = stored_.undo(id);
    if (!raw && raw.error() == errc::not_found) // of a snapshot, or pruned
      return fail(errc::stale,
                  "height " + std::to_string(d.end.facts.height.value)
                      + " cannot be undone: its undo record is pruned, or the "
                        "node started from a snapshot there");
    if (!raw) return fail(raw.error());
    auto change = state::decode_delta(*raw);
    if (!change || !ledger_.undo(*change))
      return fail(owed(errc::malformed, "the undo record of block ", id));
    d.step.disconnected.push_back(id);
    d.step.undone.push_back(std::move(*change));
    d.leaves.push_back(side_of(d.end, true));
    auto below = stored_.context(d.end.parent);
    if (!below) return fail(owed(below.error(), "the block below ", id));
    d.end = std::move(*below);
  }
  return {};
}

void chain_state::roll_back(const std::vector<state::delta>& undone,
                            const std::vector<state::delta>& applied) {
  for (auto i = applied.size(); i-- > 0;)
    check(ledger_.undo(applied[i]).has_value(), "a connected block undoes");
  for (auto i = undone.size(); i-- > 0;) ledger_.redo(undone[i]);
}

chain_state::draft chain_state::stay() const {
  return {{tip_.facts.height, tip_.id, {}, {}, {}, {}, {}}, tip_, {}};
}

result<chain_state::draft>
chain_state::move(height fork, const std::vector<chain_context>& branch,
                  const bytes* last) {
  auto d = stay();
  d.step.fork = fork;
  auto ok = disconnect_to(fork, d);
  for (std::size_t i = 0; ok && i < branch.size(); ++i) {
    const auto& next = branch[i];
    const bool fresh = last != nullptr && i + 1 == branch.size();
    auto body = fresh ? result<bytes>{*last} : stored_.raw(next.id);
    if (!body) {
      ok = fail(owed(body.error(), "the body of block ", next.id));
      break;
    }
    auto done = connect(next, std::move(*body));
    if (!done) {
      ok = fail(done.error());
      if (blame_of(done.error().code) == blame::sender)
        beside_.refuse(next.id, done.error().code);
      break;
    }
    done->stored = !fresh;
    d.step.connected.push_back(std::move(*done));
    d.end = next;
  }
  if (ok) return d;
  roll_back(d.step.undone, changes_of(d.step.connected));
  return fail(ok.error());
}

chain_step chain_state::take(draft d, std::optional<side_block> joins) {
  pending now{tip_,
              d.step.undone,
              changes_of(d.step.connected),
              {},
              std::move(d.leaves),
              std::move(joins),
              {},
              {}};
  for (const auto& c : d.step.connected) now.connected.push_back(c.context.id);
  pending_.push_back(std::move(now));
  tip_ = std::move(d.end);
  d.step.tip = tip_.id;
  return std::move(d.step);
}

result<chain_step> chain_state::reorganise(const chain_context& c,
                                           byte_view raw, bool tip_is_current) {
  auto branch = branch_of(c);
  if (!branch) return fail(branch.error());
  const height fork{branch->front().facts.height.value - 1};
  for (const auto& b : *branch) { // known to be bad: not worth the undoing
    if (beside_.marked(b.id)) return fail(cancelled(b.id));
    if (beside_.refusal(b.id)) return fail(errc::invalid_ancestor);
  }
  if (tip_is_current && fork < tip_.facts.height) {
    auto deep = is_too_deep(fork, tip_);
    if (!deep) return fail(deep.error());
    if (*deep) return take(stay(), side_of(c));
  }
  const bytes last(raw.begin(), raw.end());
  auto d = move(fork, *branch, &last);
  if (d) return take(std::move(*d));
  if (blame_of(d.error().code) == blame::sender && !beside_.refusal(c.id))
    return fail(errc::invalid_ancestor); // one below it is bad
  return fail(d.error());
}

result<chain_step> chain_state::offer(const chain_context& c, byte_view raw,
                                      const arrival& how) {
  check(!unsettled() || extends_tip(c),
        "only steps that extend the tip are settled together");
  if (beside_.refusal(c.parent) && !beside_.refusal(c.id))
    beside_.refuse(c.id, errc::invalid_ancestor);
  if (auto ok = check_new(c); !ok) return fail(ok.error());
  note(c, how);
  auto replaces = replaces_tip(c);
  if (!replaces) return fail(replaces.error());
  if (!*replaces) return take(stay(), side_of(c));
  auto made = reorganise(c, raw, how.tip_is_current);
  if (!made && blame_of(made.error().code) == blame::sender)
    beside_.refuse(c.id, made.error().code);
  return made;
}

void chain_state::settle() {
  check(unsettled(), "there is a step to settle");
  for (const auto& p : pending_) {
    for (const auto& id : p.connected) beside_.remove(id);
    for (auto i = p.leaves.size(); i-- > 0;) beside_.add(p.leaves[i]);
    if (p.joins) beside_.add(*p.joins);
  }
  pending_.clear();
}

void chain_state::revert() {
  check(unsettled(), "there is a step to revert");
  for (; !pending_.empty(); pending_.pop_back()) {
    const auto& p = pending_.back();
    roll_back(p.undone, p.applied);
    for (const auto& id : p.marked) beside_.unmark(id);
    for (const auto& id : p.unmarked) beside_.mark(id);
    tip_ = p.old_tip;
  }
}
} // namespace spacetime::consensus
