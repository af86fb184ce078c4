#include "core/base/check.hpp"
#include "core/crypto/hash.hpp"
#include "core/state/trie_proof.hpp"

#include <bit>

namespace spacetime::state {
namespace {
constexpr unsigned id_bits = 256;
constexpr bytes32 nothing{};

bool bit(const account_id& id, unsigned at) {
  return (id.value[at / 8] >> (7 - at % 8) & 1) != 0;
}

/// Number of leading bits that two ids share.
unsigned shared_bits(const account_id& a, const account_id& b) {
  for (unsigned i = 0; i < a.value.size(); ++i) {
    const auto diff = static_cast<std::uint8_t>(a.value[i] ^ b.value[i]);
    if (diff != 0) return 8 * i + static_cast<unsigned>(std::countl_zero(diff));
  }
  return id_bits;
}

bytes32 leaf_hash(const account_entry& e) {
  return hash("st/leaf", {e.id.value, encode(e.value)});
}

/// The node at depth `at` above a child on the path to `id`.
bytes32 node_hash(const account_id& id, unsigned at, const bytes32& child,
                  const bytes32& sibling) {
  return bit(id, at) ? hash("st/node", {sibling, child})
                     : hash("st/node", {child, sibling});
}

/// What a proof's path ends in; none if the proof contradicts itself.
std::optional<bytes32> end_hash(const account_id& id,
                                const std::optional<account>& value,
                                const trie_proof& proof) {
  if (value) {
    if (proof.other || !exists(*value)) return std::nullopt;
    return leaf_hash({id, *value});
  }
  if (!proof.other) return nothing;
  const auto& other = *proof.other;
  if (other.id == id || !exists(other.value)
      || shared_bits(other.id, id) < proof.siblings.size())
    return std::nullopt;
  return leaf_hash(other);
}
} // namespace

std::optional<bytes32> proof_root(const account_id& id,
                                  const std::optional<account>& value,
                                  const trie_proof& proof) {
  if (proof.siblings.size() > id_bits) return std::nullopt;
  auto at = end_hash(id, value, proof);
  if (!at) return std::nullopt;
  for (auto depth = static_cast<unsigned>(proof.siblings.size()); depth-- > 0;)
    at = node_hash(id, depth, *at, proof.siblings[depth]);
  return at;
}

bool verify_proof(const bytes32& root, const account_id& id,
                  const std::optional<account>& value,
                  const trie_proof& proof) {
  return proof_root(id, value, proof) == root;
}

template <class T>
trie::ref trie::slots<T>::make(const T& x) {
  if (!free_.empty()) {
    const auto at = free_.back();
    free_.pop_back();
    items_[at] = x;
    return at;
  }
  check(items_.size() < leaf_bit - 1, "a trie has less than 2^31 - 1 leaves");
  items_.push_back(x);
  return static_cast<ref>(items_.size() - 1);
}

account trie::find(const account_id& id) const {
  auto at = root_;
  if (at == none) return {};
  while (!is_leaf(at)) {
    const auto& b = branches_[at];
    at = bit(id, b.split) ? b.right : b.left;
  }
  const auto& found = leaf_at(at).entry;
  return found.id == id ? found.value : account{};
}

const account_id& trie::id_below(ref at) const {
  return leaf_at(is_leaf(at) ? at : branches_[at].sample).entry.id;
}

bytes32 trie::hash_of(ref at) const {
  if (at == none) return nothing;
  return is_leaf(at) ? leaf_at(at).hash : branches_[at].hash;
}

/// The branch's own hash, then the nodes above it with one empty child.
bytes32 trie::hash_from(const branch& b, unsigned top) const {
  auto out = hash("st/node", {hash_of(b.left), hash_of(b.right)});
  const auto& id = id_below(b.sample);
  for (unsigned depth = b.split; depth-- > top;)
    out = node_hash(id, depth, out, nothing);
  return out;
}

/// The first bit in which the ids of `set` and those below `at` differ; 256 if
/// they are all one id.
unsigned trie::split_of(ref at, unsigned top,
                        std::span<const account_entry> set) const {
  // Most branches have no chain above them; then there is nothing to compare.
  if (at != none && !is_leaf(at) && branches_[at].split == top) return top;
  const auto& first = set.front().id;
  const auto in_set = shared_bits(first, set.back().id);
  if (at == none) return in_set;
  const auto split = std::min(in_set, shared_bits(first, id_below(at)));
  return is_leaf(at) ? split : std::min<unsigned>(split, branches_[at].split);
}

void trie::update(std::span<const account_entry> changes) {
  for (std::size_t i = 1; i < changes.size(); ++i)
    check(changes[i - 1].id < changes[i].id, "changes ascend by id");
  root_ = change(root_, 0, changes);
}

/// Applies changes to a subtree that begins at depth `top`; all ids, its own
/// and the changes', share their first `top` bits. So it goes no deeper than
/// 256 calls.
trie::ref trie::change(ref at, unsigned top,
                       std::span<const account_entry> changes) {
  if (changes.empty()) return place(at, top);
  const auto split = split_of(at, top, changes);
  if (split == id_bits) return set_leaf(at, changes.front());
  ref left = none, right = none, reuse = none;
  if (at != none && !is_leaf(at) && branches_[at].split == split) {
    left = branches_[at].left;
    right = branches_[at].right;
    reuse = at;
  } else if (at != none) {
    (bit(id_below(at), split) ? right : left) = at;
  }
  const auto middle = std::partition_point(
      changes.begin(), changes.end(),
      [split](const account_entry& e) { return !bit(e.id, split); });
  const auto n = static_cast<std::size_t>(middle - changes.begin());
  left = change(left, split + 1, changes.first(n));
  right = change(right, split + 1, changes.subspan(n));
  return join(reuse, top, split, left, right);
}

/// `at` is none or the leaf of the same id.
trie::ref trie::set_leaf(ref at, const account_entry& entry) {
  if (!exists(entry.value)) {
    if (at != none) leaves_.drop(at & ~leaf_bit);
    return none;
  }
  const leaf changed{entry, leaf_hash(entry)};
  if (at == none) return leaves_.make(changed) | leaf_bit;
  leaves_[at & ~leaf_bit] = changed;
  return at;
}

trie::ref trie::join(ref reuse, unsigned top, unsigned split, ref left,
                     ref right) {
  if (left == none || right == none) {
    if (reuse != none) branches_.drop(reuse);
    return place(left == none ? right : left, top);
  }
  branch b{};
  b.left = left;
  b.right = right;
  b.sample = is_leaf(left) ? left : branches_[left].sample;
  b.split = static_cast<std::uint16_t>(split);
  b.top = static_cast<std::uint16_t>(top);
  b.hash = hash_from(b, top);
  if (reuse == none) return branches_.make(b);
  branches_[reuse] = b;
  return reuse;
}

/// Makes an unchanged subtree begin at `top`.
trie::ref trie::place(ref at, unsigned top) {
  if (at == none || is_leaf(at)) return at;
  auto& b = branches_[at];
  if (b.top == top) return at;
  b.hash = hash_from(b, top);
  b.top = static_cast<std::uint16_t>(top);
  return at;
}

trie_proof trie::prove(const account_id& id) const {
  trie_proof out;
  auto at = root_;
  unsigned depth = 0;
  while (at != none && !is_leaf(at)) {
    const auto& b = branches_[at];
    const auto apart = shared_bits(id, id_below(at));
    const auto until = std::min<unsigned>(apart, b.split);
    for (; depth < until; ++depth) out.siblings.push_back(nothing);
    if (apart < b.split) { // id leaves the chain above b: an empty end
      out.siblings.push_back(hash_from(b, depth + 1));
      return out;
    }
    const bool right = bit(id, b.split);
    out.siblings.push_back(hash_of(right ? b.left : b.right));
    at = right ? b.right : b.left;
    depth = b.split + 1u;
  }
  if (at != none && leaf_at(at).entry.id != id) out.other = leaf_at(at).entry;
  return out;
}
} // namespace spacetime::state
