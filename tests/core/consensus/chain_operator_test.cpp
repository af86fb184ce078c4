// What an operator may do to fork choice; what is known of the other branches.

#include "tests/core/consensus/shelf.hpp"

using namespace spacetime;
using namespace spacetime::test;
using consensus::standing;

namespace {
chain_maker& maker() {
  static chain_maker m{
      network_with("sim", {{"ticks_per_era", 8}, {"infusion_lag", 2}}), 41, 4};
  return m;
}

made_block child(const made_block& parent, std::uint64_t skip = 0) {
  block_options o;
  o.skip = skip;
  return maker().next(parent, o);
}

/// A trunk of three, then a heavy and a light branch on it.
struct three_branches {
  std::vector<made_block> trunk = maker().chain(maker().genesis(), 3);
  std::vector<made_block> heavy = maker().chain(trunk.back(), 6);
  std::vector<made_block> light, lighter;

  three_branches() {
    block_options o;
    o.skip = 3;
    light = maker().chain(trunk.back(), 3, o);
    lighter = maker().chain(trunk[0], 2, o);
    REQUIRE(light.back().context.weight < heavy[3].context.weight);
    REQUIRE(lighter.back().context.weight < light.back().context.weight);
  }
  void offer_to(shelf& node) const {
    for (const auto* b : {&trunk, &heavy, &light, &lighter}) node.offer_all(*b);
    REQUIRE(node.tip() == heavy.back().id());
  }
};

const consensus::fork& fork_of(const std::vector<consensus::fork>& all,
                               const block_id& tip) {
  const auto found =
      std::ranges::find_if(all, [&](const auto& f) { return f.tip.id == tip; });
  REQUIRE(found != all.end());
  return *found;
}
} // namespace

TEST_CASE("an invalidated block leaves with all above it, and the best other "
          "branch is followed; reconsidered, it comes back") {
  const three_branches b;
  shelf node{maker()};
  b.offer_to(node);
  const auto before = node.state();
  const auto step = node.invalidate(b.heavy[0].id());
  REQUIRE(step);
  CHECK(step->disconnected.size() == 6);
  CHECK(step->connected.size() == 3);
  CHECK(std::ranges::all_of(step->connected,
                            [](const auto& c) { return c.stored; }));
  CHECK(step->invalidated == std::vector{b.heavy[0].id()});
  CHECK(node.tip() == b.light.back().id());
  CHECK(node.state() == snapshot(b.light.back().ledger));
  const auto forks = node.forks();
  const auto& gone = fork_of(forks, b.heavy.back().id());
  CHECK(gone.state == standing::invalidated);
  CHECK(gone.cause == b.heavy[0].id());
  CHECK(gone.point == b.trunk.back().id());
  CHECK(gone.length() == 6);
  // What builds on it is refused, and its sender did no wrong.
  const auto no = node.offer(child(b.heavy.back()));
  CHECK(no.error() == errc::cancelled);
  CHECK(blame_of(no.error().code) == blame::nobody);
  CHECK(node.offer(child(b.heavy[2], 9)).error() == errc::cancelled);
  // Any block of the branch brings it back.
  for (const auto& x : {b.heavy[0], b.heavy[3], b.heavy[5]}) {
    const auto back = node.reconsider(x.id());
    REQUIRE(back);
    CHECK(back->reconsidered == std::vector{b.heavy[0].id()});
    CHECK(node.tip() == b.heavy.back().id());
    CHECK(node.state() == before);
    REQUIRE(node.invalidate(b.heavy[0].id()));
  }
}

TEST_CASE("with no other branch the tip is the invalidated block's parent") {
  shelf node{maker()};
  const auto chain = maker().chain(maker().genesis(), 4);
  node.offer_all(chain);
  const auto step = node.invalidate(chain[2].id());
  REQUIRE(step);
  CHECK(step->connected.empty());
  CHECK(step->disconnected == std::vector{chain[3].id(), chain[2].id()});
  CHECK(step->tip == chain[1].id());
  CHECK(node.state() == snapshot(chain[1].ledger));
  // A shorter branch grows from there...
  const auto other = child(chain[1], 5);
  REQUIRE(node.offer(other));
  CHECK(node.tip() == other.id());
  CHECK(fork_of(node.forks(), chain[3].id()).state == standing::invalidated);
  // ... and all the way down.
  REQUIRE(node.invalidate(chain[0].id()));
  CHECK(node.tip() == maker().genesis().id());
  CHECK(node.state() == snapshot(maker().genesis().ledger));
  REQUIRE(node.reconsider(chain[0].id())); // both marks are around it
  CHECK(node.tip() == chain[3].id());
  CHECK(node.chain().beside().marks().empty());
}

TEST_CASE("a mark on a side branch moves nothing, and keeps it from winning") {
  const three_branches b;
  shelf node{maker()};
  for (const auto* x : {&b.trunk, &b.light}) node.offer_all(*x);
  REQUIRE(node.offer(b.heavy[0]));
  const auto step = node.invalidate(b.heavy[0].id());
  REQUIRE(step);
  CHECK_FALSE(step->moves());
  CHECK(step->changes());
  for (std::size_t i = 1; i < b.heavy.size(); ++i)
    CHECK_FALSE(node.offer(b.heavy[i]));
  CHECK(node.tip() == b.light.back().id());
  REQUIRE(node.reconsider(b.heavy[0].id()));
  node.offer_all({b.heavy.begin() + 1, b.heavy.end()});
  CHECK(node.tip() == b.heavy.back().id());
}

TEST_CASE("marks outlive a restart, and so do the forks") {
  const three_branches b;
  shelf node{maker()};
  b.offer_to(node);
  REQUIRE(node.invalidate(b.heavy[1].id()));
  const auto tip = node.tip();
  const auto before = node.forks();
  const auto resumed = node.restart();
  REQUIRE(resumed);
  CHECK_FALSE(resumed->changes());
  CHECK(node.tip() == tip);
  const auto after = node.forks();
  REQUIRE(after.size() == before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    CHECK(after[i].tip == before[i].tip);
    CHECK(after[i].point == before[i].point);
    CHECK(after[i].state == before[i].state);
    CHECK(after[i].cause == before[i].cause);
  }
  CHECK(node.offer(child(b.heavy.back())).error() == errc::cancelled);
  REQUIRE(node.reconsider(b.heavy.back().id()));
  CHECK(node.tip() == b.heavy.back().id());
}

TEST_CASE("forks are told with where they leave, how long they are and why "
          "they are not followed") {
  const three_branches b;
  shelf node{maker()};
  b.offer_to(node);
  auto forks = node.forks();
  REQUIRE(forks.size() == 2);
  CHECK(forks[0].tip.id == b.light.back().id()); // the heaviest first
  CHECK(forks[0].point == b.trunk.back().id());
  CHECK(forks[0].point_height == b.trunk.back().head().height);
  CHECK(forks[0].length() == 3);
  CHECK(forks[0].state == standing::unvalidated);
  CHECK(forks[1].point == b.trunk[0].id());
  CHECK(node.chain().beside().forks(node.chain().tip().weight, 1).size() == 1);
  // A reorganisation leaves a valid one behind.
  auto next = b.light.back();
  while (node.tip() != next.id()) REQUIRE(node.offer(next = child(next)));
  for (int i = 0; i < 3; ++i) REQUIRE(node.offer(next = child(next)));
  forks = node.forks();
  CHECK(fork_of(forks, b.heavy.back().id()).state == standing::valid);
  // One that grows a bad block is invalid, with the code and the block.
  block_options bad;
  bad.state_root = bytes32{3};
  auto tip = maker().next(b.heavy.back(), bad);
  const auto cause = tip.id();
  while (node.offer(tip)) tip = child(tip);
  forks = node.forks();
  const auto found = std::ranges::find_if(
      forks, [](const auto& f) { return f.state == standing::invalid; });
  REQUIRE(found != forks.end());
  CHECK(found->cause == cause);
  CHECK(found->code == errc::bad_state_root);
  CHECK(node.tip() == next.id());
}

TEST_CASE("an invalidation passes by a better branch with a bad block inside") {
  const three_branches b;
  shelf node{maker()};
  for (const auto* x : {&b.trunk, &b.heavy}) node.offer_all(*x);
  block_options o;
  o.state_root = bytes32{9};
  o.skip = 1;
  const auto bad = maker().next(b.trunk.back(), o);
  const auto above = child(bad);
  REQUIRE(node.offer(bad));
  REQUIRE(node.offer(above));
  REQUIRE(node.offer(b.light[0]));
  REQUIRE(above.context.weight > b.light[0].context.weight);
  REQUIRE(node.invalidate(b.heavy[0].id()));
  CHECK(node.tip() == b.light[0].id());
  CHECK(node.state() == snapshot(b.light[0].ledger));
  const auto forks = node.forks();
  CHECK(fork_of(forks, above.id()).state == standing::invalid);
  CHECK(fork_of(forks, above.id()).code == errc::bad_state_root);
  CHECK(fork_of(forks, above.id()).cause == bad.id());
}

TEST_CASE("orders that make no sense are refused, and change nothing") {
  const three_branches b;
  shelf node{maker()};
  b.offer_to(node);
  const auto before = node.state();
  const block_id nobody{hash("st/test-nobody", {})};
  CHECK(node.invalidate(nobody).error() == errc::not_found);
  CHECK(node.reconsider(nobody).error() == errc::not_found);
  CHECK(node.invalidate(maker().genesis().id()).error() == errc::malformed);
  // Nothing to take back, or taken off already: nothing happens.
  for (const auto& id : {b.trunk[1].id(), b.light[1].id()}) {
    const auto step = node.reconsider(id);
    REQUIRE(step);
    CHECK_FALSE(step->changes());
  }
  REQUIRE(node.invalidate(b.light[0].id()));
  CHECK_FALSE(node.invalidate(b.light[0].id())->changes());
  CHECK(node.state() == before);
  CHECK(node.tip() == b.heavy.back().id());
}

TEST_CASE("no failed read on any way of a step changes the chain") {
  const three_branches b;
  const auto longer = [&] { // the light branch overtakes with its last block
    std::vector<made_block> out = b.light;
    while (out.back().context.weight <= b.heavy.back().context.weight)
      out.push_back(child(out.back()));
    return out;
  }();
  const auto last = longer.back();
  using act = std::function<result<consensus::chain_step>(shelf&)>;
  struct scenario {
    const char* name;
    act prepare, run;
  };
  const act nothing = [](shelf& n) { return n.restart(); };
  const act mark = [&](shelf& n) { return n.invalidate(b.heavy[1].id()); };
  const scenario all[] = {
      {"a reorganisation", nothing, [&](shelf& n) { return n.offer(last); }},
      {"an invalidation", nothing, mark},
      {"an invalidation to the root", nothing,
       [&](shelf& n) { return n.invalidate(b.trunk[0].id()); }},
      {"a reconsideration", mark,
       [&](shelf& n) { return n.reconsider(b.heavy[1].id()); }}};
  std::size_t steps = 0, failures = 0;
  for (const auto& s : all) {
    CAPTURE(s.name);
    const auto make = [&](shelf& node) {
      b.offer_to(node);
      for (std::size_t i = b.light.size(); i + 1 < longer.size(); ++i)
        REQUIRE(node.offer(longer[i], {true, false}));
      REQUIRE(node.tip() == b.heavy.back().id());
      REQUIRE(s.prepare(node));
    };
    shelf good{maker()};
    make(good);
    good.fail_read(0, trouble::io_error);
    REQUIRE(s.run(good));
    const auto reads = good.reads();
    CHECK(reads > 5);
    for (std::size_t n = 1; n <= reads; ++n)
      for (const auto how :
           {trouble::io_error, trouble::damaged, trouble::missing}) {
        CAPTURE(n);
        CAPTURE(static_cast<int>(how));
        shelf node{maker()};
        make(node);
        const auto tip = node.chain().tip();
        const auto before = node.state();
        const auto heights = node.heights();
        const auto marks = node.chain().beside().marks();
        node.fail_read(n, how);
        const auto step = s.run(node);
        ++steps;
        if (!step) {
          ++failures;
          CHECK(blame_of(step.error().code) != blame::sender);
          if (how != trouble::missing)
            CHECK(blame_of(step.error().code) == blame::self);
          CHECK(node.chain().tip() == tip);
          CHECK(node.state() == before);
          CHECK(node.heights() == heights);
          CHECK(node.chain().beside().marks() == marks);
          CHECK_FALSE(node.chain().unsettled());
          node.fail_read(0, how);
          REQUIRE(s.run(node)); // nothing is held against anybody
        }
        CHECK(node.tip() == good.tip());
        CHECK(node.state() == good.state());
        CHECK(node.heights() == good.heights());
      }
  }
  MESSAGE("failed ", failures, " of ", steps, " reads");
  CHECK(failures > steps / 2);
}

TEST_CASE("a step of any kind that cannot be made durable is taken back") {
  const three_branches b;
  shelf node{maker()};
  b.offer_to(node);
  const auto vain = [&](const block_id& id, bool invalidates) {
    const auto tip = node.chain().tip();
    const auto before = node.state();
    const auto forks = node.forks().size();
    const auto marks = node.chain().beside().marks();
    const auto step =
        invalidates ? node.chain().invalidate(id) : node.chain().reconsider(id);
    REQUIRE(step);
    node.chain().revert();
    CHECK(node.chain().tip() == tip);
    CHECK(node.state() == before);
    CHECK(node.forks().size() == forks);
    CHECK(node.chain().beside().marks() == marks);
  };
  for (const auto& x : {b.trunk[0], b.trunk[2], b.heavy[0], b.heavy[5]})
    vain(x.id(), true);
  vain(b.light[1].id(), true);
  REQUIRE(node.invalidate(b.heavy[2].id()));
  vain(b.heavy[2].id(), false);
  vain(b.heavy[4].id(), false);
  REQUIRE(node.reconsider(b.heavy[2].id()));
  CHECK(node.tip() == b.heavy.back().id());
}

TEST_CASE("a tree of forks forgets the lightest ones above its limit") {
  consensus::fork_tree tree{64};
  const auto id = [](std::uint64_t i) {
    return block_id{hash("st/test-side", {be(i)})};
  };
  // Twenty branches of eight blocks; branch i is the heavier the higher i.
  for (std::uint64_t i = 0; i < 20; ++i)
    for (std::uint64_t j = 0; j < 8; ++j) {
      consensus::side_block b;
      b.id = id(100 * i + j + 1);
      b.parent = id(j == 0 ? 9'999 : 100 * i + j);
      b.height.value = static_cast<std::uint32_t>(5 + j);
      b.weight = 1'000 * i + j + 1;
      tree.add(b);
      REQUIRE(tree.size() <= 64);
    }
  const auto tips = tree.tips();
  REQUIRE(tips.size() >= 6);
  CHECK(tips.front()->id == id(1'908));
  for (const auto* tip : tips) {
    CHECK(tip->weight > 11'000);
    CHECK(tree.branch(tip->id).size() == 8); // whole branches stay
  }
}
