#include "actors/state/fork_messages.hpp"
#include "core/codec/context.hpp"
#include "tests/actors/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::test;

namespace {
checked_block_msg checked(const made_block& b, bool late = false) {
  return checked_block_msg::build([&](schema::CheckedBlock::Builder out) {
    out.setBlock(blob(b.raw));
    out.setContext(blob(codec::encode(b.context)));
    out.setLate(late);
  });
}

bool became_tip(const verdict_msg& v) {
  bool out = false;
  REQUIRE_FALSE(
      v.try_read([&](schema::Verdict::Reader in) { out = in.getTip(); }));
  return out;
}

draft_msg draft(const block_id& parent, const std::vector<tx>& txs) {
  return draft_msg::build([&](schema::Draft::Builder out) {
    out.setParent(blob(parent.value));
    out.initPayee(32);
    out.setEpoch(3);
    auto raws = out.initTxs(static_cast<unsigned>(txs.size()));
    for (unsigned i = 0; i < raws.size(); ++i)
      raws.set(i, blob(codec::encode(txs[i])));
  });
}

struct with_state : actor_fixture {
  with_state() { open_store(); }

  void start_with(storage_actor s) {
    from.actors.storage = std::move(s);
    state = keep(spawn_state(sys, from));
    run();
  }
  void start() { start_with(keep(spawn_storage(sys, from))); }
  void start_with_fake() { start_with(fake_storage(*this, script)); }

  result<verdict_msg> offer(const made_block& b) {
    return ask<verdict_msg>(state, checked(b));
  }
  tip_change_msg follow() {
    auto m = ask<tip_change_msg>(state, atom::follow_v,
                                 caf::actor_cast<tip_listener>(follower));
    REQUIRE(m);
    return *m;
  }
  std::uint64_t balance(const account_id& id) {
    auto m = ask<account_msg>(state, atom::account_v, id_message(id.value));
    REQUIRE(m);
    std::uint64_t out = 0;
    REQUIRE_FALSE(m->try_read(
        [&](schema::Account::Reader in) { out = in.getBalance(); }));
    return out;
  }
  std::string fact(const char* key) {
    auto m = ask<status_msg>(state, atom::status_v);
    REQUIRE(m);
    return entry(*m, key);
  }

  storage_script script;
  state_actor state;
  heard events;
  caf::actor follower = listener(*this, events);
  made_block one = chain.next(chain.genesis.context);
  made_block two = chain.next(one.context);
};

std::size_t connected_in(const tip_change_msg& m) {
  std::size_t out = 0;
  REQUIRE_FALSE(m.try_read(
      [&](schema::TipChange::Reader in) { out = in.getConnected().size(); }));
  return out;
}
} // namespace

TEST_CASE_FIXTURE(with_state, "a valid block becomes the tip, durably, and a "
                              "follower hears of it") {
  start();
  CHECK(tip_of(follow()) == chain.genesis.context);
  auto v = offer(one);
  REQUIRE(v);
  CHECK(became_tip(*v));
  CHECK(from.store->tip() == one.context.id);
  REQUIRE(events.tips.size() == 1);
  CHECK(tip_of(events.tips[0]) == one.context);
  CHECK(connected_in(events.tips[0]) == 1);
  CHECK(fact("height") == "1");
}

TEST_CASE_FIXTURE(with_state, "a successor of the actor starts at the tip that "
                              "was acknowledged") {
  start();
  REQUIRE(offer(one));
  REQUIRE(offer(two));
  caf::anon_send_exit(state, caf::exit_reason::kill);
  run();
  state = keep(spawn_state(sys, from));
  CHECK(tip_of(follow()) == two.context);
  CHECK(fact("height") == "2");
}

TEST_CASE_FIXTURE(with_state, "a follower that does not renew is forgotten "
                              "after 15 s") {
  start();
  (void)follow();
  advance(15s);
  REQUIRE(offer(one));
  CHECK(events.tips.size() == 1);
  advance(1s);
  REQUIRE(offer(two));
  CHECK(events.tips.size() == 1);
  CHECK(fact("followers") == "0");
}

TEST_CASE_FIXTURE(with_state, "a follower that renews hears of every tip") {
  start();
  auto tip = chain.genesis;
  for (int i = 0; i < 8; ++i) {
    (void)follow();
    advance(5s);
    tip = chain.next(tip.context);
    REQUIRE(offer(tip));
  }
  CHECK(events.tips.size() == 8);
}

TEST_CASE_FIXTURE(with_state, "a block offered twice is a duplicate") {
  start();
  REQUIRE(offer(one));
  CHECK(offer(one).error() == errc::duplicate);
  REQUIRE(offer(two));
  CHECK(offer(one).error() == errc::duplicate);
}

TEST_CASE_FIXTURE(with_state, "a lighter branch waits on its side until it is "
                              "heavier; then followers hear what left") {
  start();
  REQUIRE(offer(one));
  REQUIRE(offer(two));
  const auto other =
      chain.next(chain.genesis.context, {.epochs = 2, .farmer = 2});
  const auto longer = chain.next(other.context, {.farmer = 2});
  const auto longest = chain.next(longer.context, {.farmer = 2});
  auto v = offer(other);
  REQUIRE(v);
  CHECK_FALSE(became_tip(*v));
  REQUIRE(offer(longer));
  (void)follow();
  v = offer(longest);
  REQUIRE(v);
  CHECK(became_tip(*v));
  CHECK(from.store->tip() == longest.context.id);
  REQUIRE_FALSE(events.tips.empty());
  CHECK(tip_of(events.tips.back()) == longest.context);
  CHECK(connected_in(events.tips.back()) >= 2);
  CHECK(fact("reorgs") != "0");
}

TEST_CASE_FIXTURE(with_state, "an invalidated block leaves the chain, its "
                              "followers hear of it, and a reconsidered one "
                              "comes back") {
  start();
  REQUIRE(offer(one));
  REQUIRE(offer(two));
  (void)follow();
  const auto give = [&](auto what, const made_block& b) {
    auto v = ask<verdict_msg>(state, what, id_message(b.context.id.value));
    REQUIRE(v);
    return became_tip(*v);
  };
  CHECK(give(atom::invalidate_v, one));
  CHECK(from.store->tip() == chain.genesis.context.id);
  CHECK(from.store->invalidated() == std::vector{one.context.id});
  REQUIRE(events.tips.size() == 1);
  CHECK(tip_of(events.tips[0]) == chain.genesis.context);
  CHECK(connected_in(events.tips[0]) == 0);
  CHECK(fact("height") == "0");
  CHECK(fact("invalidated") == "1");
  CHECK(fact("side_blocks") == "2");
  CHECK(fact("last_reorg_depth") == "2");
  CHECK(offer(chain.next(two.context)).error() == errc::cancelled);
  CHECK_FALSE(give(atom::invalidate_v, one)); // nothing more to do
  // The mark outlives the actor.
  caf::anon_send_exit(state, caf::exit_reason::kill);
  run();
  state = keep(spawn_state(sys, from));
  run();
  CHECK(fact("invalidated") == "1");
  CHECK(offer(chain.next(two.context)).error() == errc::cancelled);
  CHECK(give(atom::reconsider_v, two));
  CHECK(from.store->tip() == two.context.id);
  CHECK(from.store->invalidated()->empty());
  REQUIRE(offer(chain.next(two.context)));
  CHECK(ask<verdict_msg>(state, atom::invalidate_v, id_message(some_id(3)))
            .error()
        == errc::not_found);
  CHECK(ask<verdict_msg>(state, atom::reconsider_v, id_msg{}).error()
        == errc::malformed);
}

TEST_CASE_FIXTURE(with_state, "forks and reorganisations can be asked for") {
  start();
  REQUIRE(offer(one));
  REQUIRE(offer(two));
  const auto side =
      chain.next(chain.genesis.context, {.epochs = 2, .farmer = 2});
  REQUIRE(offer(side));
  auto m = ask<fork_list_msg>(state, atom::forks_v, std::uint32_t{10});
  REQUIRE(m);
  auto forks = open(*m);
  REQUIRE(forks);
  REQUIRE(forks->size() == 1);
  CHECK(forks->front().tip.id == side.context.id);
  CHECK(forks->front().tip.weight == side.context.weight);
  CHECK(forks->front().point == chain.genesis.context.id);
  CHECK(forks->front().state == consensus::standing::unvalidated);
  REQUIRE(ask<verdict_msg>(state, atom::invalidate_v,
                           id_message(one.context.id.value)));
  auto r = ask<reorg_list_msg>(state, atom::reorgs_v);
  REQUIRE(r);
  auto reorgs = open(*r);
  REQUIRE(reorgs);
  REQUIRE(reorgs->size() == 1);
  CHECK(reorgs->front().old_tip == two.context.id);
  CHECK(reorgs->front().new_tip == side.context.id);
  CHECK(reorgs->front().disconnected == 2);
  CHECK(reorgs->front().connected == 1);
  CHECK(reorgs->front().fork == height{0});
  CHECK(reorgs->front().reason == "invalidate");
  m = ask<fork_list_msg>(state, atom::forks_v, std::uint32_t{10});
  forks = open(*m);
  REQUIRE(forks);
  REQUIRE(forks->size() == 1);
  CHECK(forks->front().tip.id == two.context.id);
  CHECK(forks->front().state == consensus::standing::invalidated);
  CHECK(forks->front().cause == one.context.id);
  m = ask<fork_list_msg>(state, atom::forks_v, std::uint32_t{0});
  CHECK(open(*m)->empty());
}

TEST_CASE_FIXTURE(with_state, "an order that storage refuses changes nothing, "
                              "and one that storage may have carried out makes "
                              "the state start again") {
  start_with_fake();
  const auto id = id_message(chain.genesis.context.id.value);
  CHECK(ask<verdict_msg>(state, atom::invalidate_v, id).error()
        == errc::malformed);
  const auto side = chain.next(chain.genesis.context, {.farmer = 2});
  disk::commit beside;
  beside.blocks.push_back(
      {side.context.id, codec::encode(side.context), side.raw, {}});
  REQUIRE(from.store->apply(beside));
  const auto which = id_message(side.context.id.value);
  script.commits.refuse = to_caf({errc::disk_full, "full"});
  CHECK(ask<verdict_msg>(state, atom::invalidate_v, which).error()
        == errc::disk_full);
  CHECK(fact("invalidated") == "0");
  script.commits.refuse.reset();
  script.commits.hold = true;
  const auto v = request<verdict_msg>(state, atom::invalidate_v, which);
  let_go(*this, from.actors.storage, caf::make_error(caf::sec::runtime_error));
  REQUIRE(*v);
  CHECK_FALSE(**v);
  CHECK(ask<status_msg>(state, atom::status_v).error() == errc::unavailable);
}

TEST_CASE_FIXTURE(with_state, "a false state root is refused and changes "
                              "nothing") {
  start();
  const auto bad = chain.next(chain.genesis.context, {.forge_root = true});
  CHECK(offer(bad).error() == errc::bad_state_root);
  CHECK(from.store->tip() == chain.genesis.context.id);
  CHECK(fact("refused") == "1");
  REQUIRE(offer(one));
}

TEST_CASE_FIXTURE(with_state, "payments of a block move coins; those that do "
                              "not apply are left out of a draft") {
  start();
  const auto before = balance(sim_payer());
  const auto paid =
      chain.next(chain.genesis.context, {.txs = {sim_payment(0)}});
  REQUIRE(offer(paid));
  CHECK(balance(sim_payer()) == before - 5 - 10'000);
  CHECK(balance(account_of(some_key(77).public_part())) == 5);
  auto a = ask<draft_answer_msg>(
      state,
      draft(paid.context.id, {sim_payment(0), sim_payment(1), sim_payment(3)}));
  REQUIRE(a);
  REQUIRE_FALSE(a->try_read([&](schema::DraftAnswer::Reader in) {
    REQUIRE(in.getAccepted().size() == 1);
    CHECK(in.getAccepted()[0] == 1);
    CHECK(in.getStateRoot().size() == 32);
  }));
}

TEST_CASE_FIXTURE(with_state, "a draft on another tip is stale") {
  start();
  REQUIRE(ask<draft_answer_msg>(state, draft(chain.genesis.context.id, {})));
  REQUIRE(offer(one));
  CHECK(
      ask<draft_answer_msg>(state, draft(chain.genesis.context.id, {})).error()
      == errc::stale);
}

TEST_CASE_FIXTURE(with_state, "a storage that refuses leaves the ledger as it "
                              "was, and the same block works later") {
  start_with_fake();
  script.commits.refuse = to_caf({errc::disk_full, "full"});
  const auto before = balance(sim_payer());
  const auto paid =
      chain.next(chain.genesis.context, {.txs = {sim_payment(0)}});
  const auto v = offer(paid);
  REQUIRE_FALSE(v);
  CHECK(v.error() == error{errc::disk_full, "full"});
  CHECK(balance(sim_payer()) == before);
  CHECK(tip_of(follow()) == chain.genesis.context);
  script.commits.refuse.reset();
  auto again = offer(paid);
  REQUIRE(again);
  CHECK(became_tip(*again));
  CHECK(balance(sim_payer()) == before - 10'005);
}

TEST_CASE_FIXTURE(with_state, "nobody hears of a tip before it is durable") {
  start_with_fake();
  script.commits.hold = true;
  (void)follow();
  const auto v = request<verdict_msg>(state, checked(one));
  CHECK_FALSE(*v);
  CHECK(events.tips.empty());
  CHECK(tip_of(follow()) == chain.genesis.context); // also who asks now
  CHECK(fact("height") == "0");
  let_go(*this, from.actors.storage);
  REQUIRE(*v);
  CHECK(events.tips.size() == 1);
  CHECK(tip_of(follow()) == one.context);
}

TEST_CASE_FIXTURE(with_state, "blocks wait for the commit before them, 64 at "
                              "most; the next is answered with busy") {
  start_with_fake();
  script.commits.hold = true;
  std::vector<answer<verdict_msg>> waiting;
  waiting.push_back(request<verdict_msg>(state, checked(one)));
  waiting.push_back(request<verdict_msg>(state, checked(two)));
  while (waiting.size() < 65)
    waiting.push_back(request<verdict_msg>(state, checked(one)));
  CHECK(ask<verdict_msg>(state, checked(one)).error() == errc::busy);
  CHECK(script.commits.seen.size() == 1);
  // A draft cannot be judged meanwhile.
  CHECK(ask<draft_answer_msg>(state, draft(one.context.id, {})).error()
        == errc::stale);
  let_go(*this, from.actors.storage);
  CHECK(script.commits.seen.size() == 2);
  script.commits.hold = false;
  let_go(*this, from.actors.storage);
  for (const auto& w : waiting) CHECK(*w);
  CHECK(fact("waiting") == "0");
}

namespace {
/// A chain of blocks, and what became of each as it was offered.
struct queued {
  std::vector<made_block> blocks;
  std::vector<answer<verdict_msg>> answers;
};

queued offer_chain(with_state& t, std::size_t n) {
  queued out;
  for (std::size_t i = 0; i < n; ++i) {
    const auto& parent = i == 0 ? t.chain.genesis : out.blocks.back();
    out.blocks.push_back(t.chain.next(parent.context));
    out.answers.push_back(
        t.request<verdict_msg>(t.state, checked(out.blocks.back())));
  }
  return out;
}

std::size_t blocks_in(const commit_msg& m) {
  std::size_t out = 0;
  REQUIRE_FALSE(m.try_read([&](schema::Commit::Reader in) {
    out = in.getConnected().size();
    for (auto b : in.getBlocks()) CHECK(b.getRaw().size() != 0);
  }));
  return out;
}
} // namespace

TEST_CASE_FIXTURE(with_state, "blocks that waited for a commit share the next, "
                              "and are answered after it") {
  start_with_fake();
  script.commits.hold = true;
  (void)follow();
  const auto all = offer_chain(*this, 30);
  REQUIRE(script.commits.seen.size() == 1);
  let_go(*this, from.actors.storage);
  REQUIRE(script.commits.seen.size() == 2);
  CHECK(blocks_in(script.commits.seen[0]) == 1);
  CHECK(blocks_in(script.commits.seen[1]) == 29);
  CHECK(*all.answers[0]);
  CHECK_FALSE(*all.answers[1]);
  CHECK(fact("height") == "1");
  let_go(*this, from.actors.storage);
  for (const auto& a : all.answers) REQUIRE(opened(a));
  CHECK(fact("height") == "30");
  REQUIRE(events.tips.size() == 2);
  CHECK(connected_in(events.tips[1]) == 29);
  CHECK(tip_of(events.tips[1]) == all.blocks.back().context);
}

TEST_CASE_FIXTURE(with_state, "when a shared commit is refused, none of its "
                              "blocks is on the chain") {
  start_with_fake();
  script.commits.hold = true;
  const auto all = offer_chain(*this, 10);
  let_go(*this, from.actors.storage);
  let_go(*this, from.actors.storage, to_caf({errc::disk_full, "full"}));
  for (std::size_t i = 1; i < 10; ++i)
    CHECK(opened(all.answers[i]).error() == errc::disk_full);
  CHECK(tip_of(follow()) == all.blocks[0].context);
  script.commits.hold = false;
  for (std::size_t i = 1; i < 10; ++i) REQUIRE(offer(all.blocks[i]));
  CHECK(tip_of(follow()) == all.blocks.back().context);
}

TEST_CASE_FIXTURE(with_state, "blocks that shared a commit are all stored") {
  start();
  for (const auto& b : {one, two, chain.next(two.context)})
    caf::anon_send(state, checked(b));
  run();
  CHECK(fact("height") == "3");
  caf::anon_send_exit(state, caf::exit_reason::kill);
  run();
  state = keep(spawn_state(sys, from));
  CHECK(fact("height") == "3");
  for (const auto& b : {one, two})
    CHECK(from.store->block(b.context.id) == b.raw);
}

TEST_CASE_FIXTURE(with_state, "a storage that crashes over a commit makes "
                              "the state start again from what is stored") {
  start_with_fake();
  script.commits.hold = true;
  const auto v = request<verdict_msg>(state, checked(one));
  const auto next = request<verdict_msg>(state, checked(two));
  // It may have written it or not.
  let_go(*this, from.actors.storage, caf::make_error(caf::sec::runtime_error));
  REQUIRE(*v);
  CHECK_FALSE(**v);
  REQUIRE(*next);
  CHECK(opened(next).error() == errc::unavailable);
  // It ended: its supervisor would now make another.
  CHECK(ask<status_msg>(state, atom::status_v).error() == errc::unavailable);
}

TEST_CASE_FIXTURE(with_state, "accounts are told in the order of the ids, and "
                              "1,024 at most") {
  start();
  const std::vector<bytes32> ids{some_id(9), sim_payer().value, some_id(9)};
  auto m = ask<account_list_msg>(state, atom::account_v, id_list_message(ids));
  REQUIRE(m);
  REQUIRE_FALSE(m->try_read([&](schema::AccountList::Reader in) {
    const auto all = in.getAccounts();
    REQUIRE(all.size() == 3);
    CHECK(all[0].getBalance() == 0);
    CHECK(all[1].getBalance() == balance(sim_payer()));
    CHECK(all[1].getBalance() > 0);
    CHECK(all[2].getBalance() == 0);
  }));
  const auto refused = [&](const id_list_msg& q) {
    return ask<account_list_msg>(state, atom::account_v, q).error().code;
  };
  const std::vector<bytes32> most(1024, some_id(1));
  CHECK(ask<account_list_msg>(state, atom::account_v, id_list_message(most)));
  const std::vector<bytes32> many(1025, some_id(1));
  CHECK(refused(id_list_message(many)) == errc::too_large);
  CHECK(refused(id_list_msg{}) == errc::malformed);
  CHECK(refused(id_list_msg::build(
            [](schema::IdList::Builder out) { out.initValues(33); }))
        == errc::malformed);
}

TEST_CASE_FIXTURE(with_state, "malformed messages are refused") {
  start();
  CHECK(ask<verdict_msg>(state, checked_block_msg{}).error()
        == errc::malformed);
  auto garbled = one;
  garbled.raw.resize(10);
  CHECK(offer(garbled).error().code != errc::internal);
  CHECK(ask<draft_answer_msg>(state, draft_msg{}).error() == errc::malformed);
  CHECK(ask<account_msg>(state, atom::account_v, id_msg{}).error()
        == errc::malformed);
  REQUIRE(offer(one));
}

TEST_CASE_FIXTURE(with_state, "a damaged store ends the actor at its start") {
  from.actors.storage = fake_storage(*this, script);
  disk::commit loss;
  loss.accounts.push_back({sim_payer(), {}});
  REQUIRE(from.store->apply(loss));
  state = keep(spawn_state(sys, from));
  CHECK(ask<status_msg>(state, atom::status_v).error() == errc::unavailable);
}
