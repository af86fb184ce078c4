#include "core/consensus/fork_tree.hpp"

#include <algorithm>

namespace spacetime::consensus {
namespace {
constexpr std::size_t refused_limit = 65'536;
}

side_block side_of(const chain_context& c, bool applied) {
  return {c.id,     c.parent, c.facts.height, c.facts.epoch,
          c.weight, c.score,  applied};
}

std::string_view name_of(standing s) {
  switch (s) {
  case standing::valid: return "valid";
  case standing::unvalidated: return "unvalidated";
  case standing::invalid: return "invalid";
  case standing::invalidated: return "invalidated";
  case standing::too_deep: return "too_deep";
  }
  return "unknown";
}

void fork_tree::add(const side_block& b) {
  if (!blocks_.insert_or_assign(b.id, b).second) return;
  ++children_[b.parent];
  if (blocks_.size() > limit_) trim();
}

void fork_tree::remove(const block_id& id) {
  const auto found = blocks_.find(id);
  if (found == blocks_.end()) return;
  const auto above = children_.find(found->second.parent);
  if (--above->second == 0) children_.erase(above);
  blocks_.erase(found);
}

const side_block* fork_tree::find(const block_id& id) const {
  const auto found = blocks_.find(id);
  return found == blocks_.end() ? nullptr : &found->second;
}

std::vector<const side_block*> fork_tree::tips() const {
  std::vector<const side_block*> out;
  for (const auto& [id, b] : blocks_)
    if (!children_.contains(id)) out.push_back(&b);
  std::ranges::sort(out, [](const side_block* a, const side_block* b) {
    return a->weight != b->weight ? a->weight > b->weight : a->id < b->id;
  });
  return out;
}

std::vector<const side_block*> fork_tree::branch(const block_id& id) const {
  std::vector<const side_block*> out;
  for (auto b = find(id); b != nullptr; b = find(b->parent)) out.push_back(b);
  std::ranges::reverse(out);
  return out;
}

// The lightest forks go first, each down to where another one joins it; so an
// eighth of the room is free, and the next blocks cost nothing.
void fork_tree::trim() {
  std::vector<block_id> lightest;
  for (const auto* tip : tips()) lightest.push_back(tip->id);
  for (; !lightest.empty() && blocks_.size() > limit_ - limit_ / 8;
       lightest.pop_back())
    for (auto b = find(lightest.back()); b && !children_.contains(b->id);) {
      const auto parent = b->parent;
      remove(b->id);
      b = find(parent);
    }
}

void fork_tree::refuse(const block_id& id, errc why) {
  if (refused_.size() >= refused_limit) refused_.clear();
  refused_.emplace(id, why);
}

std::optional<errc> fork_tree::refusal(const block_id& id) const {
  const auto found = refused_.find(id);
  if (found == refused_.end()) return std::nullopt;
  return found->second;
}

std::optional<block_id> fork_tree::mark_below(const block_id& parent) const {
  if (marks_.empty()) return std::nullopt;
  for (const auto* b : branch(parent))
    if (marked(b->id)) return b->id;
  return std::nullopt;
}

fork fork_tree::describe(const side_block& tip, const u256& best) const {
  const auto all = branch(tip.id);
  fork out{tip, all.front()->parent, {all.front()->height.value - 1}, {}, {},
           {}};
  const auto bad =
      std::ranges::find_if(all, [&](const auto* b) { return blocked(b->id); });
  if (bad == all.end()) {
    out.state = tip.weight > best ? standing::too_deep
                : tip.applied     ? standing::valid
                                  : standing::unvalidated;
    return out;
  }
  out.cause = (*bad)->id;
  out.state = marked((*bad)->id) ? standing::invalidated : standing::invalid;
  if (out.state == standing::invalid) out.code = refusal((*bad)->id);
  return out;
}

std::vector<fork> fork_tree::forks(const u256& best, std::size_t most) const {
  auto all = tips();
  all.resize(std::min(all.size(), most));
  std::vector<fork> out;
  for (const auto* tip : all) out.push_back(describe(*tip, best));
  return out;
}

std::optional<fork> fork_tree::too_deep(const u256& best) const {
  for (const auto* tip : tips()) {
    if (tip->weight <= best) break;
    auto out = describe(*tip, best);
    if (out.state == standing::too_deep) return out;
  }
  return std::nullopt;
}
} // namespace spacetime::consensus
