#include "core/consensus/chain_state.hpp"
#include "tests/core/consensus/shelf.hpp"

using namespace spacetime;
using namespace spacetime::test;

namespace {
constexpr consensus::arrival on_time{}, late{true, false},
    defended{false, true};

chain_spec short_eras() {
  return network_with("sim", {{"ticks_per_era", 8}, {"infusion_lag", 2}});
}

chain_maker& maker() {
  static chain_maker m{short_eras(), 31, 4};
  return m;
}

/// A block in the first epoch after the parent's in which some plot wins.
made_block child(const made_block& parent, std::uint64_t skip = 0) {
  block_options o;
  o.skip = skip;
  return maker().next(parent, o);
}

/// Two children of `parent` in one epoch; the first has the lower score.
std::pair<made_block, made_block> siblings(const made_block& parent) {
  for (block_options o;; ++o.skip) {
    o.plot = 0;
    auto a = maker().next(parent, o);
    o.plot = 2;
    auto b = maker().next(parent, o);
    if (a.head().epoch != b.head().epoch) continue;
    if (b.context.score < a.context.score) std::swap(a, b);
    return {a, b};
  }
}

/// A block that is like `b` in all that fork choice looks at.
made_block twin(const made_block& parent, const made_block& b) {
  block_options o;
  o.skip = b.head().epoch.value - parent.head().epoch.value - 1;
  o.payee = account_id{hash("st/test-twin", {b.id().value})};
  for (std::size_t i = 0; i < maker().plots(); ++i) {
    o.plot = i;
    auto out = maker().next(parent, o);
    if (out.context.score == b.context.score && out.id() != b.id()) return out;
  }
  FAIL("no twin: its plot has a payout");
  return b;
}

/// A chain whose blocks leave gaps, so that denser ones are heavier.
std::vector<made_block> sparse(const made_block& parent, std::size_t n) {
  block_options o;
  o.skip = 1;
  return maker().chain(parent, n, o);
}
} // namespace

TEST_CASE("blocks on the tip connect, one step each") {
  shelf node{maker()};
  for (const auto& b : maker().chain(maker().genesis(), 30)) {
    const auto step = node.offer(b);
    REQUIRE(step);
    CHECK(step->fork.value + 1 == b.head().height.value);
    CHECK(step->disconnected.empty());
    REQUIRE(step->connected.size() == 1);
    CHECK(step->connected[0].context == b.context);
    CHECK(step->connected[0].raw == b.raw);
    CHECK(step->connected[0].change == b.change);
    CHECK(node.chain().tip() == b.context);
    CHECK(node.state() == snapshot(b.ledger));
  }
}

TEST_CASE("undoing every block leads back to genesis, byte for byte") {
  shelf node{maker()};
  auto ledger = maker().genesis().ledger;
  std::vector<bytes> states{snapshot(ledger)};
  std::vector<state::delta> changes;
  for (const auto& b : maker().chain(maker().genesis(), 150)) {
    REQUIRE(node.offer(b));
    changes.push_back(*state::decode_delta(node.undo_of(b.id())));
    states.push_back(node.state());
  }
  for (; !changes.empty(); changes.pop_back()) {
    CHECK(snapshot(node.chain().ledger()) == states.back());
    REQUIRE(node.chain().ledger().undo(changes.back()));
    states.pop_back();
  }
  CHECK(snapshot(node.chain().ledger()) == snapshot(maker().genesis().ledger));
}

TEST_CASE("R3: a known block is a duplicate, on the chain or beside it") {
  shelf node{maker()};
  const auto a = child(maker().genesis()), b = child(a);
  const auto side = child(maker().genesis(), 5);
  for (const auto& x : {a, b, side}) REQUIRE(node.offer(x));
  for (const auto& x : {a, b, side})
    CHECK(node.offer(x).error() == errc::duplicate);
  CHECK(node.offer(maker().genesis()).error() == errc::duplicate);
  CHECK(node.tip() == b.id());
}

TEST_CASE("R3: a block whose parent is not stored is unknown_parent") {
  shelf node{maker()};
  const auto a = child(maker().genesis()), b = child(a), c = child(b);
  CHECK(node.offer(b).error() == errc::unknown_parent);
  const auto before = node.state();
  CHECK(node.offer(c).error() == errc::unknown_parent);
  CHECK(node.state() == before);
  // A light one too: it must not be stored where nothing leads to it.
  node.offer_all(maker().chain(maker().genesis(), 10));
  const auto light = child(child(maker().genesis(), 30));
  CHECK(node.offer(light).error() == errc::unknown_parent);
}

TEST_CASE("R3: what descends from a refused block is invalid_ancestor") {
  shelf node{maker()};
  block_options bad;
  bad.state_root = bytes32{};
  const auto a = maker().next(maker().genesis(), bad), b = child(a);
  const auto c = child(b);
  CHECK(node.offer(a).error() == errc::bad_state_root);
  CHECK(node.offer(a).error() == errc::bad_state_root); // remembered
  CHECK(node.offer(b).error() == errc::invalid_ancestor);
  CHECK(node.offer(c).error() == errc::invalid_ancestor);
  CHECK(node.tip() == maker().genesis().id());
}

TEST_CASE("R13: a block that the ledger refuses changes nothing") {
  const account_id to{hash("st/test-receiver", {})};
  const auto pay = [&](std::uint64_t nonce, std::uint64_t value) {
    return maker().payment(0, nonce, to, value);
  };
  const std::uint64_t all = 1'000'000'000'000'000;
  for (const auto& [txs, code] :
       {std::pair{std::vector{pay(1, 5)}, errc::nonce_too_high},
        std::pair{std::vector{pay(0, 5), pay(0, 5)}, errc::nonce_too_low},
        std::pair{std::vector{pay(0, all)}, errc::insufficient_balance}}) {
    shelf node{maker()};
    block_options o;
    o.txs = txs;
    const auto bad = maker().next(maker().genesis(), o);
    REQUIRE_FALSE(bad.valid);
    CHECK(node.offer(bad).error() == code);
    CHECK(node.state() == snapshot(maker().genesis().ledger));
    CHECK_FALSE(node.chain().unsettled());
    CHECK(node.offer(child(maker().genesis())));
  }
}

TEST_CASE("R14: a block with another state root changes nothing") {
  shelf node{maker()};
  const auto chain = maker().chain(maker().genesis(), 3);
  node.offer_all(chain);
  const auto before = node.state();
  block_options o;
  o.state_root = bytes32{1};
  CHECK(node.offer(maker().next(chain.back(), o)).error()
        == errc::bad_state_root);
  CHECK(node.state() == before);
  CHECK(node.tip() == chain.back().id());
}

TEST_CASE("reorganisations of every depth, and back to genesis") {
  const auto base = maker().chain(maker().genesis(), 3);
  for (const std::size_t depth : {1u, 2u, 10u, 100u}) {
    CAPTURE(depth);
    for (const bool from_genesis : {false, true}) {
      const auto& fork = from_genesis ? maker().genesis() : base.back();
      shelf node{maker()};
      if (!from_genesis) node.offer_all(base);
      const auto old = sparse(fork, depth);
      node.offer_all(old);
      CHECK(node.tip() == old.back().id());
      // Denser, so heavier sooner or later.
      auto tip = fork;
      bool switched = false;
      for (std::size_t i = 0; i < 2 * depth + 2 && !switched; ++i) {
        tip = child(tip);
        const auto step = node.offer(tip);
        REQUIRE(step);
        switched = !step->connected.empty();
        if (!switched) continue;
        CHECK(step->fork == fork.head().height);
        REQUIRE(step->disconnected.size() == depth);
        REQUIRE(step->undone.size() == depth);
        for (std::size_t j = 0; j < depth; ++j) {
          CHECK(step->disconnected[j] == old[depth - 1 - j].id());
          CHECK(step->undone[j] == old[depth - 1 - j].change);
        }
        CHECK(step->connected.size() == i + 1);
      }
      REQUIRE(switched);
      CHECK(node.tip() == tip.id());
      CHECK(node.state() == snapshot(tip.ledger));
      CHECK(node.heights().back() == tip.id());
      CHECK(node.heights().size() == tip.head().height.value + 1);
    }
  }
}

TEST_CASE("a step that cannot be made durable is taken back, byte for byte") {
  shelf node{maker()};
  const auto old = sparse(maker().genesis(), 6);
  node.offer_all(old);
  const auto next = child(old.back());
  const auto before = node.state();
  const auto tip = node.chain().tip();
  CHECK(node.offer_in_vain(next)); // an extension
  CHECK(node.state() == before);
  CHECK(node.chain().tip() == tip);
  CHECK(node.offer_in_vain(child(maker().genesis()))); // a side branch
  CHECK(node.chain().tip() == tip);
  auto branch = maker().genesis();
  for (int i = 0; i < 20; ++i) { // and a reorganisation, twice
    branch = child(branch);
    const auto vain = node.offer_in_vain(branch);
    REQUIRE(vain);
    CHECK(node.state() == before);
    CHECK(node.chain().tip() == tip);
    const auto done = node.offer(branch);
    REQUIRE(done);
    CHECK(done->connected.size() == vain->connected.size());
    if (!done->connected.empty()) {
      CHECK(node.state() == snapshot(branch.ledger));
      return;
    }
  }
  FAIL("the denser branch won");
}

TEST_CASE("steps that extend the tip are settled together, or taken back "
          "together") {
  const auto base = maker().chain(maker().genesis(), 5);
  const auto more = maker().chain(base.back(), 20);
  shelf node{maker()};
  node.offer_all(base);
  const auto before = node.state();
  auto& chain = node.chain();
  for (int round = 0; round < 2; ++round) {
    for (const auto& b : more) {
      REQUIRE(chain.extends_tip(b.context));
      REQUIRE(chain.offer(b.context, b.raw, on_time));
      CHECK(node.state() == snapshot(b.ledger));
    }
    block_options bad;
    bad.state_root = bytes32{};
    const auto false_one = maker().next(more.back(), bad);
    CHECK(chain.offer(false_one.context, false_one.raw, on_time).error()
          == errc::bad_state_root);
    CHECK(node.state() == snapshot(more.back().ledger));
    chain.revert();
    CHECK_FALSE(chain.unsettled());
    CHECK(node.tip() == base.back().id());
    CHECK(node.state() == before);
  }
  node.offer_all(more);
  CHECK(node.state() == snapshot(more.back().ledger));
}

TEST_CASE("a heavier branch with a bad block inside leaves all as it was") {
  const auto old = sparse(maker().genesis(), 6);
  for (const bool bad_root : {true, false}) {
    shelf node{maker()};
    node.offer_all(old);
    const auto before = node.state();
    auto branch = maker().genesis();
    block_options o;
    if (bad_root) // R14 or R13
      o.state_root = bytes32{7};
    else
      o.txs = {maker().payment(0, 9, {hash("st/test-receiver", {})}, 1)};
    made_block bad;
    bool refused = false;
    for (int i = 0; i < 20; ++i) {
      branch = i == 2 ? maker().next(branch, o) : child(branch);
      if (i == 2) bad = branch;
      const auto step = node.offer(branch);
      CHECK(node.state() == before);
      CHECK(node.tip() == old.back().id());
      if (step) {
        CHECK(step->connected.empty());
        continue;
      }
      refused = true;
      CHECK(step.error() == errc::invalid_ancestor);
    }
    CHECK(refused);
    CHECK(node.offer(bad).error()
          == (bad_root ? errc::bad_state_root : errc::nonce_too_high));
    CHECK(node.offer(child(old.back()))); // the old chain goes on
  }
}

TEST_CASE("a branch known to be bad is refused again, whichever block comes") {
  shelf node{maker()};
  const auto old = sparse(maker().genesis(), 3);
  node.offer_all(old);
  block_options o;
  o.state_root = bytes32{7};
  auto parent = maker().next(maker().genesis(), o);
  REQUIRE(node.offer(parent)); // light: not applied yet
  auto next = child(parent);
  while (node.offer(next)) {
    parent = next;
    next = child(parent);
  }
  CHECK(node.offer(next).error() == errc::invalid_ancestor);
  // Its parent is stored; still nothing can follow there.
  const auto heavy = child(parent, 1);
  REQUIRE(heavy.context.weight >= old.back().context.weight);
  CHECK(node.offer(heavy).error() == errc::invalid_ancestor);
  CHECK(node.tip() == old.back().id());
}

TEST_CASE("of two siblings the lower score becomes the tip, in either order") {
  const auto [low, high] = siblings(maker().genesis());
  for (const bool low_first : {true, false}) {
    shelf node{maker()};
    REQUIRE(node.offer(low_first ? low : high));
    REQUIRE(node.offer(low_first ? high : low, late)); // late or not
    CHECK(node.tip() == low.id());
    CHECK(node.state() == snapshot(low.ledger));
  }
}

TEST_CASE("of siblings of one score the first one stays") {
  block_options o;
  o.plot = 0;
  const auto a = maker().next(maker().genesis(), o);
  const auto b = twin(maker().genesis(), a);
  for (const bool a_first : {true, false}) {
    shelf node{maker()};
    REQUIRE(node.offer(a_first ? a : b));
    REQUIRE(node.offer(a_first ? b : a));
    CHECK(node.tip() == (a_first ? a : b).id());
  }
}

TEST_CASE("a branch with a late block loses to an equally heavy one") {
  // Two branches of one weight: children of siblings, in the same era.
  for (std::uint64_t skip = 0;; ++skip) {
    const auto base = child(maker().genesis(), skip);
    const auto [low, high] = siblings(base);
    const auto a = child(low);
    const auto b = child(high, a.head().epoch.value - high.head().epoch.value);
    if (a.context.weight != b.context.weight) continue; // of two eras
    shelf fair{maker()}; // without lateness the earlier epoch wins
    REQUIRE(fair.offer(base));
    for (const auto& x : {low, high, b, a}) REQUIRE(fair.offer(x));
    REQUIRE(fair.tip() == a.id());
    // The block itself late, and its parent late.
    for (const bool parent_late : {false, true}) {
      shelf node{maker()};
      REQUIRE(node.offer(base));
      REQUIRE(node.offer(low, parent_late ? late : on_time));
      REQUIRE(node.offer(high));
      REQUIRE(node.offer(b));
      REQUIRE(node.offer(a, parent_late ? on_time : late));
      CHECK(node.tip() == b.id());
    }
    // A late block below the fork says nothing about either branch...
    shelf node{maker()};
    REQUIRE(node.offer(base, late));
    for (const auto& x : {low, high, b, a}) REQUIRE(node.offer(x));
    CHECK(node.tip() == a.id());
    // ... and excuses no late block above it.
    shelf second{maker()};
    REQUIRE(second.offer(base, late));
    for (const auto& x : {low, high, b}) REQUIRE(second.offer(x));
    REQUIRE(second.offer(a, late));
    CHECK(second.tip() == b.id());
    return;
  }
}

TEST_CASE("max_reorg keeps a deep fork out below a current tip, and only "
          "there, to the era") {
  chain_maker m{
      network_with(
          "sim", {{"ticks_per_era", 8}, {"infusion_lag", 2}, {"max_reorg", 2}}),
      5, 4};
  block_options dense, thin;
  thin.skip = 2;
  auto tip = m.genesis();
  std::vector<made_block> old;
  while (tip.context.era.number < 4) old.push_back(tip = m.next(tip, thin));
  const auto fork_in = [&](std::uint64_t era) {
    const auto found = std::ranges::find_if(
        old, [&](const auto& b) { return b.context.era.number == era; });
    REQUIRE(found != old.end());
    return *found;
  };
  REQUIRE(old.back().context.era.number == 4);
  // Forks three, two and one era below the tip: limit + 1, limit, limit - 1.
  for (const std::uint64_t era : {1, 2, 3})
    for (const bool current : {true, false}) {
      CAPTURE(era);
      CAPTURE(current);
      shelf node{m};
      node.offer_all(old);
      const auto before = node.state();
      const bool refused = era == 1 && current;
      auto branch = fork_in(era);
      while (branch.context.weight <= old.back().context.weight) {
        branch = m.next(branch, dense);
        const auto step = node.offer(branch, current ? defended : on_time);
        REQUIRE(step); // a tie may go either way
        if (refused) CHECK_FALSE(step->moves());
      }
      CHECK(node.tip() == (refused ? old.back() : branch).id());
      const auto deep =
          node.chain().beside().too_deep(node.chain().tip().weight);
      CHECK(deep.has_value() == refused);
      if (!refused) continue;
      CHECK(node.state() == before);
      CHECK(deep->tip.id == branch.id());
      CHECK(deep->point == fork_in(era).id());
      // A restart changes nothing of it; the operator may take it after all.
      REQUIRE(node.restart());
      CHECK(node.tip() == old.back().id());
      CHECK(node.forks().front().state == consensus::standing::too_deep);
      REQUIRE(node.reconsider(branch.id()));
      CHECK(node.tip() == branch.id());
      CHECK(node.state() == snapshot(branch.ledger));
    }
}

TEST_CASE("a refused deep fork is followed when it grows and the tip is no "
          "longer current") {
  chain_maker m{
      network_with(
          "sim", {{"ticks_per_era", 8}, {"infusion_lag", 2}, {"max_reorg", 1}}),
      6, 4};
  block_options thin;
  thin.skip = 2;
  auto tip = m.genesis();
  shelf node{m};
  while (tip.context.era.number < 3)
    REQUIRE(node.offer(tip = m.next(tip, thin)));
  auto branch = m.genesis();
  while (branch.context.weight <= tip.context.weight)
    REQUIRE(node.offer(branch = m.next(branch), defended));
  CHECK(node.tip() == tip.id());
  REQUIRE(node.offer(branch = m.next(branch), defended));
  CHECK(node.tip() == tip.id());
  REQUIRE(node.offer(branch = m.next(branch), on_time));
  CHECK(node.tip() == branch.id());
}

TEST_CASE("a damaged store is our own fault, and changes nothing") {
  const auto old = sparse(maker().genesis(), 4);
  std::vector<made_block> branch{child(maker().genesis())};
  while (branch.back().context.weight <= old.back().context.weight)
    branch.push_back(child(branch.back()));
  const auto prepare = [&](shelf& node) {
    node.offer_all(old);
    for (std::size_t i = 0; i + 1 < branch.size(); ++i)
      REQUIRE(node.offer(branch[i], late)); // loses a tie
    REQUIRE(node.tip() == old.back().id());
  };
  REQUIRE(branch.size() > 1);
  SUBCASE("an undo record of another block") {
    shelf node{maker()};
    prepare(node);
    const auto right = node.undo_of(old[1].id());
    node.set_undo(old[1].id(), node.undo_of(old[0].id()));
    const auto before = node.state();
    CHECK(node.offer(branch.back()).error() == errc::corrupt);
    CHECK(node.state() == before);
    node.set_undo(old[1].id(), bytes{1, 2, 3});
    CHECK(node.offer(branch.back()).error() == errc::corrupt);
    CHECK(node.state() == before);
    node.set_undo(old[1].id(), right); // repaired: not held against the block
    CHECK(node.offer(branch.back()));
    CHECK(node.tip() == branch.back().id());
  }
  SUBCASE("an undo record that is gone") {
    shelf node{maker()};
    prepare(node);
    const auto before = node.state();
    node.lose_undo(old[1].id());
    CHECK(node.offer(branch.back()).error() == errc::stale);
    CHECK(node.invalidate(old[0].id()).error() == errc::stale);
    CHECK(node.state() == before);
    CHECK(node.tip() == old.back().id());
  }
  SUBCASE("a body that is gone, or another one") {
    shelf node{maker()};
    prepare(node);
    const auto before = node.state();
    const auto right = node.raw_of(branch.front().id());
    node.lose_raw(branch.front().id());
    const auto no = node.offer(branch.back());
    CHECK(no.error() == errc::corrupt);
    CHECK(no.error().detail.find("not stored") != std::string::npos);
    node.set_raw(branch.front().id(), old[0].raw);
    CHECK(node.offer(branch.back()).error() == errc::corrupt);
    auto longer = branch.front().value;
    longer.txs.push_back(
        maker().payment(0, 0, {hash("st/test-receiver", {})}, 1));
    node.set_raw(branch.front().id(), codec::encode(longer));
    CHECK(node.offer(branch.back()).error() == errc::corrupt);
    CHECK(node.state() == before);
    node.set_raw(branch.front().id(), right);
    CHECK(node.offer(branch.back()));
    CHECK(node.tip() == branch.back().id());
  }
}
