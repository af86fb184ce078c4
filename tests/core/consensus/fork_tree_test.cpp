// Random trees of blocks, in random order, against the rule of
// docs/protocol.md, section 13, applied to whole branches.

#include "core/crypto/account.hpp"
#include "tests/core/consensus/shelf.hpp"

#include <random>

using namespace spacetime;
using namespace spacetime::test;

namespace {
struct node {
  made_block made;
  std::optional<std::size_t> parent; ///< none: genesis
  bool late = false;
  std::uint64_t arrival = 0; ///< 0: not here yet
};

/// A tree of blocks on one maker; a few of them break R13 or R14.
class fork_tree {
public:
  fork_tree(chain_maker& m, std::mt19937_64& random) : random_(random) {
    nodes_.push_back({m.genesis(), {}});
    const auto n = 4 + random_() % 14;
    for (std::size_t i = 0; i < n; ++i) grow(m);
  }

  std::vector<node>& all() { return nodes_; }
  [[nodiscard]] const made_block& block(std::size_t i) const {
    return nodes_[i].made;
  }

  /// Blocks from genesis to `i`.
  [[nodiscard]] std::vector<std::size_t> path(std::size_t i) const {
    std::vector<std::size_t> out{i};
    while (nodes_[out.back()].parent) out.push_back(*nodes_[out.back()].parent);
    std::reverse(out.begin(), out.end());
    return out;
  }

  /// Whether `a` is followed rather than `b`.
  [[nodiscard]] bool better(std::size_t a, std::size_t b) const {
    u256 weight_a = 0, weight_b = 0;
    const auto up_a = path(a), up_b = path(b);
    for (auto i : up_a)
      if (i != 0) weight_a += consensus::weight_of(block(i).head().target);
    for (auto i : up_b)
      if (i != 0) weight_b += consensus::weight_of(block(i).head().target);
    if (weight_a != weight_b) return weight_a > weight_b;
    const auto &x = nodes_[a], &y = nodes_[b];
    const auto score_x = x.made.context.score, score_y = y.made.context.score;
    const auto epoch_x = x.made.head().epoch, epoch_y = y.made.head().epoch;
    if (x.parent == y.parent && epoch_x == epoch_y) {
      if (score_x != score_y) return score_x < score_y;
      return x.arrival < y.arrival;
    }
    const bool late_a = late_above(up_a, up_b), late_b = late_above(up_b, up_a);
    if (late_a != late_b) return late_b;
    if (epoch_x != epoch_y) return epoch_x < epoch_y;
    if (score_x != score_y) return score_x < score_y;
    return x.arrival < y.arrival;
  }

private:
  /// Whether `branch` has a late block that `other` has not.
  [[nodiscard]] bool late_above(const std::vector<std::size_t>& branch,
                                const std::vector<std::size_t>& other) const {
    return std::ranges::any_of(branch, [&](auto i) {
      return nodes_[i].late && std::ranges::find(other, i) == other.end();
    });
  }

  void grow(chain_maker& m) {
    // Mostly near the newest blocks, so that branches become long.
    const auto newest = nodes_.size() - 1;
    const auto parent =
        newest
        - std::min<std::size_t>(newest, random_() % 3 == 0 ? random_() % 8
                                                           : random_() % 2);
    const auto& above = nodes_[parent].made;
    block_options o;
    o.sign = false; // R7 is not chain_state's business
    o.skip = random_() % 3 == 0 ? random_() % 12 : 0;
    if (random_() % 2 == 0) o.plot = random_() % m.plots();
    if (random_() % 3 == 0) {
      const auto from = m.premine_key(0).public_part();
      auto nonce = above.ledger.find(account_of(from)).nonce;
      if (random_() % 10 == 0) ++nonce;
      o.txs = {m.payment(0, nonce, m.payout_of(random_() % 20), 1'000)};
    }
    if (random_() % 25 == 0) o.state_root = bytes32{1};
    auto made = m.next(above, o);
    if (std::ranges::none_of(
            nodes_, [&](const auto& x) { return x.made.id() == made.id(); }))
      nodes_.push_back({std::move(made), parent});
  }

  std::mt19937_64& random_;
  std::vector<node> nodes_;
};

/// What the trees put to the test, all together.
struct coverage {
  std::size_t reorgs = 0, deepest = 0, ties = 0, refused = 0;
};

/// One tree, offered in random order of arrival.
void follow(chain_maker& m, std::uint64_t seed, coverage& seen) {
  CAPTURE(seed);
  std::mt19937_64 random{seed};
  fork_tree tree{m, random};
  auto& nodes = tree.all();
  shelf node{m};
  std::size_t tip = 0;
  std::uint64_t clock = 0;
  std::vector<std::size_t> waiting;
  for (std::size_t i = 1; i < nodes.size(); ++i) waiting.push_back(i);
  std::vector<bool> stored(nodes.size(), false);
  stored[0] = true;
  while (!waiting.empty()) {
    const auto pick = random() % std::min<std::size_t>(waiting.size(), 5);
    const auto i = waiting[pick];
    auto& x = nodes[i];
    if (!stored[*x.parent]) {
      const auto out = node.offer(x.made);
      REQUIRE_FALSE(out);
      // Not here yet, or never: then its parent was refused.
      if (out.error() == errc::unknown_parent
          && std::ranges::find(waiting, *x.parent) != waiting.end())
        continue;
      CHECK(!nodes[*x.parent].made.valid);
      waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(pick));
      continue;
    }
    x.late = random() % 6 == 0;
    x.arrival = ++clock;
    const consensus::arrival how{x.late, random() % 2 == 0};
    const auto before = node.state();
    if (random() % 8 == 0) { // the store fails: as if it had not come
      (void)node.offer_in_vain(x.made, how);
      CHECK(node.state() == before);
      CHECK(node.tip() == nodes[tip].made.id());
      x.late = false;
      continue;
    }
    const auto step = node.offer(x.made, how);
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(pick));
    stored[i] = step.has_value();
    if (x.made.valid) {
      REQUIRE(step);
      seen.ties +=
          x.made.context.weight == nodes[tip].made.context.weight ? 1 : 0;
      seen.reorgs += step->disconnected.empty() ? 0 : 1;
      seen.deepest = std::max(seen.deepest, step->disconnected.size());
      if (tree.better(i, tip)) tip = i;
    } else if (!step) {
      CHECK(blame_of(step.error().code) == blame::sender);
      ++seen.refused;
    } else {
      CHECK(step->connected.empty());
    }
    REQUIRE(node.tip() == nodes[tip].made.id());
    REQUIRE(node.state() == snapshot(nodes[tip].made.ledger));
  }
  const auto path = tree.path(tip);
  REQUIRE(node.heights().size() == path.size());
  for (std::size_t h = 0; h < path.size(); ++h)
    CHECK(node.heights()[h] == nodes[path[h]].made.id());
}
} // namespace

TEST_CASE("2,000 random trees of blocks lead to the tip that the rule names") {
  const std::uint64_t trees = slow_build ? 100 : 2'000;
  coverage seen;
  for (std::uint64_t seed = 1; seed <= trees; ++seed) {
    // Few plots and short eras, so that branches of one weight are common.
    static chain_maker m{network_with("sim", {{"ticks_per_era", 8},
                                              {"infusion_lag", 2},
                                              {"maturity", 3}}),
                         77, 4};
    follow(m, seed, seen);
  }
  CHECK(seen.reorgs > trees / 2);
  CHECK(seen.ties > trees);
  CHECK(seen.refused > trees / 20);
  CHECK(seen.deepest > 3);
}
