#include "core/consensus/block_pool.hpp"

#include <algorithm>

namespace spacetime::consensus {
bool block_pool::is_full(std::size_t more) const {
  return blocks_.size() >= limits_.blocks || bytes_ + more > limits_.bytes;
}

block_pool::position block_pool::erase(position at) {
  const auto& b = at->second;
  auto& of_source = sources_[b.source];
  bytes_ -= b.raw.size();
  of_source.bytes -= b.raw.size();
  if (--of_source.blocks == 0) sources_.erase(b.source);
  return blocks_.erase(at);
}

void block_pool::drop_one() {
  const auto most = std::ranges::max_element(
      sources_, {}, [](const auto& s) { return s.second.bytes; });
  const auto oldest = std::ranges::find_if(
      blocks_, [&](const auto& b) { return b.second.source == most->first; });
  erase(oldest);
  ++dropped_;
}

bool block_pool::add(waiting_block b) {
  const auto copy = std::ranges::find_if(blocks_, [&](const auto& x) {
    return x.second.id == b.id && x.second.source == b.source;
  });
  if (copy != blocks_.end()) erase(copy);
  const auto mine = sources_.find(b.source);
  const auto held = mine == sources_.end() ? holding{} : mine->second;
  if (held.blocks + 1 > limits_.blocks / limits_.shares
      || held.bytes + b.raw.size() > limits_.bytes / limits_.shares) {
    ++dropped_;
    return false;
  }
  while (is_full(b.raw.size())) drop_one();
  auto& of_source = sources_[b.source];
  bytes_ += b.raw.size();
  of_source.bytes += b.raw.size();
  ++of_source.blocks;
  blocks_.emplace(arrivals_++, std::move(b));
  return true;
}

template <class F>
std::vector<waiting_block> block_pool::take_if(F&& leaves) {
  std::vector<waiting_block> out;
  for (auto i = blocks_.begin(); i != blocks_.end();) {
    if (!leaves(i->second)) {
      ++i;
      continue;
    }
    out.push_back(i->second);
    i = erase(i);
  }
  return out;
}

std::vector<waiting_block> block_pool::take_children(const block_id& parent) {
  return take_if([&](const auto& b) { return b.parent == parent; });
}

std::vector<waiting_block> block_pool::take_until(timestamp now) {
  auto out = take_if([&](const auto& b) { return b.until <= now; });
  std::ranges::stable_sort(out, {}, &waiting_block::until);
  return out;
}

std::optional<timestamp> block_pool::next() const {
  const auto first = std::ranges::min_element(
      blocks_, {}, [](const auto& b) { return b.second.until; });
  if (first == blocks_.end()) return std::nullopt;
  return first->second.until;
}
} // namespace spacetime::consensus
