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
  std::uint64_t arrival = 0; ///< 0: not here yet, or not in this run
  bool stored = false;
  bool marked = false; ///< the operator's
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

  [[nodiscard]] bool has_mark(std::size_t i) const {
    return std::ranges::any_of(path(i),
                               [&](auto x) { return nodes_[x].marked; });
  }
  [[nodiscard]] bool builds_on(std::size_t i, std::size_t below) const {
    const auto up = path(i);
    return std::ranges::find(up, below) != up.end();
  }
  /// Whether something stored that `counts` builds on it.
  template <class F>
  [[nodiscard]] bool has_child(std::size_t i, F&& counts) const {
    for (std::size_t x = 1; x < nodes_.size(); ++x)
      if (nodes_[x].parent == i && nodes_[x].stored && counts(x)) return true;
    return false;
  }

  /// What is followed if `top` and all that is stored may be: the tips come
  /// again in their order, and one on a bad block is tried and passed by.
  [[nodiscard]] std::size_t best(std::size_t top) const {
    const auto welcome = [&](std::size_t i) {
      return nodes_[i].made.valid && !has_mark(i);
    };
    std::vector<std::size_t> tips;
    for (std::size_t i = 1; i < nodes_.size(); ++i)
      if (nodes_[i].stored && welcome(i) && !has_child(i, welcome))
        tips.push_back(i);
    std::ranges::sort(tips, [&](auto a, auto b) {
      return std::pair{nodes_[a].arrival, nodes_[a].made.id()}
             < std::pair{nodes_[b].arrival, nodes_[b].made.id()};
    });
    for (const auto i : tips)
      if (better(i, top)) top = i;
    return top;
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
  std::size_t reorgs = 0, deepest = 0, ties = 0, refused = 0, bad_inside = 0,
              invalidated = 0, moved_by_order = 0, reconsidered = 0,
              restarts = 0;
};

/// A node that follows one tree, and what the rule says of it.
class follower {
public:
  follower(chain_maker& m, std::uint64_t seed, coverage& seen)
      : random_(seed), tree_(m, random_), node_(m), seen_(seen) {
    all()[0].stored = true;
  }

  void run() {
    std::vector<std::size_t> waiting;
    for (std::size_t i = 1; i < all().size(); ++i) waiting.push_back(i);
    while (!waiting.empty()) {
      const auto pick = random_() % std::min<std::size_t>(waiting.size(), 5);
      if (offer(waiting[pick], waiting))
        waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(pick));
      switch (random_() % 24) {
      case 0: invalidate(); break;
      case 1: reconsider(); break;
      case 2: restart(); break;
      default: break;
      }
      agree();
    }
    const auto path = tree_.path(tip_);
    REQUIRE(node_.heights().size() == path.size());
    for (std::size_t h = 0; h < path.size(); ++h)
      CHECK(node_.heights()[h] == all()[path[h]].made.id());
    check_forks();
  }

private:
  std::vector<node>& all() { return tree_.all(); }

  void agree() {
    REQUIRE(node_.tip() == all()[tip_].made.id());
    REQUIRE(node_.state() == snapshot(all()[tip_].made.ledger));
  }

  /// The forks are the stored tips that are not on the best chain.
  void check_forks() {
    std::size_t tips = 0;
    for (std::size_t i = 1; i < all().size(); ++i) {
      if (!all()[i].stored || tree_.builds_on(tip_, i)
          || tree_.has_child(i, [](auto) { return true; }))
        continue;
      ++tips;
      const auto forks = node_.forks();
      const auto f = std::ranges::find_if(
          forks, [&](const auto& x) { return x.tip.id == all()[i].made.id(); });
      REQUIRE(f != forks.end());
      const bool marked = tree_.has_mark(i);
      if (f->state == consensus::standing::valid)
        CHECK((all()[i].made.valid && !marked));
      if (f->state == consensus::standing::invalid)
        CHECK_FALSE(all()[i].made.valid);
      if (f->state == consensus::standing::invalidated) CHECK(marked);
      CHECK(f->state != consensus::standing::too_deep);
    }
    CHECK(node_.forks().size() == tips);
  }

  void offer_without_parent(node& x) {
    const auto out = node_.offer(x.made);
    REQUIRE_FALSE(out);
    const auto code = out.error().code;
    CHECK((code == errc::unknown_parent || code == errc::invalid_ancestor));
  }

  /// False if it may be offered again.
  bool offer(std::size_t i, const std::vector<std::size_t>& waiting) {
    auto& x = all()[i];
    if (!all()[*x.parent].stored) {
      offer_without_parent(x);
      return std::ranges::find(waiting, *x.parent) == waiting.end();
    }
    if (tree_.has_mark(*x.parent)) {
      CHECK_FALSE(node_.offer(x.made));
      return random_() % 4 == 0;
    }
    x.late = random_() % 6 == 0;
    x.arrival = ++clock_;
    const consensus::arrival how{x.late, random_() % 2 == 0};
    if (random_() % 8 == 0) { // the store fails: as if it had not come
      (void)node_.offer_in_vain(x.made, how);
      x.late = false;
      x.arrival = 0;
      return false;
    }
    const auto step = node_.offer(x.made, how);
    x.stored = step.has_value();
    if (x.made.valid)
      take_valid(i, step);
    else if (!step)
      take_refusal(x, step.error());
    else
      CHECK_FALSE(step->moves());
    return true;
  }

  void take_valid(std::size_t i, const result<consensus::chain_step>& step) {
    REQUIRE(step);
    seen_.ties +=
        all()[i].made.context.weight == all()[tip_].made.context.weight ? 1 : 0;
    seen_.reorgs += step->disconnected.empty() ? 0 : 1;
    seen_.deepest = std::max(seen_.deepest, step->disconnected.size());
    if (tree_.better(i, tip_)) tip_ = i;
  }

  void take_refusal(const node& x, const error& why) {
    CHECK(blame_of(why.code) == blame::sender);
    ++seen_.refused;
    if (!all()[*x.parent].made.valid) ++seen_.bad_inside;
  }

  std::size_t some_stored() {
    while (true)
      if (const auto i = random_() % all().size(); all()[i].stored) return i;
  }

  /// Every other time the store fails first.
  template <class F>
  void perhaps_in_vain(F&& give) {
    if (random_() % 2 == 0) return;
    const auto before = node_.state();
    const auto tip = node_.tip();
    if (give(node_.chain())) node_.chain().revert();
    CHECK(node_.state() == before);
    CHECK(node_.tip() == tip);
  }

  void invalidate() {
    const auto i = some_stored();
    const auto id = all()[i].made.id();
    if (i == 0) {
      CHECK(node_.invalidate(id).error() == errc::malformed);
      return;
    }
    perhaps_in_vain([&](auto& chain) { return chain.invalidate(id); });
    const auto step = node_.invalidate(id);
    REQUIRE(step);
    ++seen_.invalidated;
    const bool leaves = tree_.builds_on(tip_, i);
    all()[i].marked = true;
    if (leaves) tip_ = tree_.best(*all()[i].parent);
    seen_.moved_by_order += step->moves() ? 1 : 0;
    CHECK(step->moves() == leaves);
  }

  void reconsider() {
    const auto i = some_stored();
    const auto id = all()[i].made.id();
    perhaps_in_vain([&](auto& chain) { return chain.reconsider(id); });
    REQUIRE(node_.reconsider(id));
    if (!tree_.builds_on(tip_, i)) // on the best chain nothing is marked
      for (std::size_t x = 0; x < all().size(); ++x)
        if (tree_.builds_on(i, x) || tree_.builds_on(x, i)) {
          seen_.reconsidered += all()[x].marked ? 1 : 0;
          all()[x].marked = false;
        }
    tip_ = tree_.best(tip_);
  }

  void restart() {
    REQUIRE(node_.restart());
    ++seen_.restarts;
    for (auto& x : all()) { // what was seen is forgotten
      x.late = false;
      x.arrival = 0;
    }
  }

  std::mt19937_64 random_;
  fork_tree tree_;
  shelf node_;
  coverage& seen_;
  std::size_t tip_ = 0;
  std::uint64_t clock_ = 0;
};
} // namespace

TEST_CASE("10,000 random trees of blocks, with orders and restarts between "
          "them, lead to the tip that the rule names") {
  const std::uint64_t trees = slow_build ? 300 : 10'000;
  coverage seen;
  for (std::uint64_t seed = 1; seed <= trees; ++seed) {
    CAPTURE(seed);
    // Few plots and short eras, so that branches of one weight are common.
    static chain_maker m{network_with("sim", {{"ticks_per_era", 8},
                                              {"infusion_lag", 2},
                                              {"maturity", 3}}),
                         77, 4};
    follower{m, seed, seen}.run();
  }
  MESSAGE(trees, " trees: ", seen.reorgs, " reorganisations, the deepest of ",
          seen.deepest, "; ", seen.ties, " ties, ", seen.refused,
          " bad blocks (", seen.bad_inside, " above a bad one), ",
          seen.invalidated, " invalidations (", seen.moved_by_order,
          " of the chain), ", seen.reconsidered, " marks taken back, ",
          seen.restarts, " restarts");
  CHECK(seen.reorgs > trees / 4);
  CHECK(seen.ties > trees / 2);
  CHECK(seen.refused > trees / 20);
  CHECK(seen.bad_inside > trees / 100);
  CHECK(seen.deepest > 3);
  CHECK(seen.moved_by_order > trees / 10);
  CHECK(seen.reconsidered > trees / 20);
  CHECK(seen.restarts > trees / 4);
}
