#include "actors/commit_message.hpp"
#include "core/codec/context.hpp"
#include "core/codec/messages.hpp"
#include "core/codec/tick.hpp"
#include "tests/actors/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::test;

namespace {
/// One commit as the state actor makes it: a block on top of a tip.
commit_msg step_to(const made_block& b) {
  return commit_msg::build([&](schema::Commit::Builder out) {
    const auto above = b.context.facts.height.value;
    out.setForkHeight(above - 1);
    auto one = out.initBlocks(1)[0];
    one.setId(blob(b.context.id.value));
    one.setContext(blob(codec::encode(b.context)));
    one.setRaw(blob(b.raw));
    const bytes undo{1, 2, 3};
    one.setUndo(blob(undo));
    out.initConnected(1).set(0, blob(b.context.id.value));
    out.setTip(blob(b.context.id.value));
  });
}

struct with_storage : actor_fixture {
  with_storage() {
    open_store();
    storage = keep(spawn_storage(sys, from));
  }

  result<void> commit(const made_block& b) {
    return ask<void>(storage, step_to(b));
  }
  std::vector<consensus::tick> listed(std::uint64_t era = 0) {
    std::vector<consensus::tick> out;
    auto m = ask<tick_list_msg>(storage, atom::ticks_v, era);
    REQUIRE(m);
    REQUIRE_FALSE(m->try_read([&](schema::TickList::Reader in) {
      for (auto t : in.getTicks()) out.push_back(*codec::read(t));
    }));
    return out;
  }
  status_msg state_of() {
    auto m = ask<status_msg>(storage, atom::status_v);
    REQUIRE(m);
    return *m;
  }
  /// A tick of an era that nobody needs to reach.
  static consensus::tick tick_of(std::uint64_t era, std::uint64_t from = 0) {
    bytes32 seed{};
    seed[0] = static_cast<std::uint8_t>(era + 1);
    return {era, {seed, 1, from, 1, {}, {}, {}}};
  }

  storage_actor storage;
  made_block first = chain.next(chain.genesis.context);
};
} // namespace

TEST_CASE_FIXTURE(with_storage, "what was committed reads back by message and "
                                "in the store") {
  REQUIRE(commit(first));
  auto m = ask<context_msg>(storage, atom::context_v,
                            id_message(first.context.id.value));
  REQUIRE(m);
  REQUIRE_FALSE(m->try_read([&](schema::Context::Reader in) {
    auto c = codec::decode_context(view(in.getRaw()));
    REQUIRE(c);
    CHECK(*c == first.context);
  }));
  CHECK(from.store->tip() == first.context.id);
  CHECK(from.store->block(first.context.id) == first.raw);
  CHECK(from.store->id_at({1}) == first.context.id);
  CHECK(entry(state_of(), "commits") == "1");
}

TEST_CASE_FIXTURE(with_storage, "a side block is stored and moves no tip") {
  const auto side = commit_msg::build([&](schema::Commit::Builder out) {
    auto one = out.initBlocks(1)[0];
    one.setId(blob(first.context.id.value));
    one.setContext(blob(codec::encode(first.context)));
    one.setRaw(blob(first.raw));
  });
  REQUIRE(ask<void>(storage, side));
  CHECK(from.store->tip() == chain.genesis.context.id);
  CHECK(from.store->block(first.context.id) == first.raw);
  CHECK(from.store->id_at({1}).error() == errc::not_found);
}

TEST_CASE_FIXTURE(with_storage, "a commit opens as it was sent") {
  disk::commit c;
  c.blocks = {{{some_id(1)}, some_bytes(2, 50), some_bytes(3, 60), {}},
              {{some_id(4)}, some_bytes(5, 50), {}, some_bytes(6, 70)}};
  c.invalidated = {{some_id(7)}};
  const auto same = [](const disk::commit& a, const disk::commit& b) {
    CHECK(a.blocks.size() == b.blocks.size());
    for (std::size_t i = 0; i < a.blocks.size(); ++i) {
      CHECK(a.blocks[i].id == b.blocks[i].id);
      CHECK(a.blocks[i].index_record == b.blocks[i].index_record);
      CHECK(a.blocks[i].raw == b.blocks[i].raw);
      CHECK(a.blocks[i].undo == b.blocks[i].undo);
    }
    CHECK(a.truncate_heights_above == b.truncate_heights_above);
    REQUIRE(a.connected.size() == b.connected.size());
    for (std::size_t i = 0; i < a.connected.size(); ++i) {
      CHECK(a.connected[i].at == b.connected[i].at);
      CHECK(a.connected[i].id == b.connected[i].id);
    }
    REQUIRE(a.accounts.size() == b.accounts.size());
    for (std::size_t i = 0; i < a.accounts.size(); ++i)
      CHECK(a.accounts[i].value == b.accounts[i].value);
    CHECK(a.rewards == b.rewards);
    CHECK(a.tip == b.tip);
    CHECK(a.invalidated == b.invalidated);
    CHECK(a.reconsidered == b.reconsidered);
  };
  const auto check_way = [&] {
    auto out = open(message_of(c));
    REQUIRE(out);
    same(*out, c);
  };
  check_way(); // a side block and a mark
  c.tip = block_id{some_id(8)};
  c.truncate_heights_above = height{20};
  check_way(); // and a tip below
  c.connected = {{height{21}, {some_id(9)}}, {height{22}, {some_id(8)}}};
  c.accounts = {{{some_id(10)}, some_bytes(11, 48)}, {{some_id(12)}, {}}};
  c.rewards = some_bytes(13, 48);
  c.reconsidered = {{some_id(14)}, {some_id(15)}};
  check_way();
}

TEST_CASE_FIXTURE(with_storage, "the context of an unknown block is "
                                "not_found") {
  CHECK(
      ask<context_msg>(storage, atom::context_v, id_message(some_id(1))).error()
      == errc::not_found);
}

TEST_CASE_FIXTURE(with_storage, "malformed messages are refused and change "
                                "nothing") {
  const auto refused = [&](const auto& answer) {
    REQUIRE_FALSE(answer);
    CHECK(answer.error() == errc::malformed);
  };
  refused(ask<void>(storage, commit_msg{}));
  refused(ask<void>(storage, tick_msg{}));
  refused(ask<context_msg>(storage, atom::context_v, id_msg{}));
  refused(ask<context_msg>(
      storage, atom::context_v,
      id_msg::build([](schema::Id::Builder out) { out.initValue(31); })));
  refused(ask<void>(storage, commit_msg::build([](schema::Commit::Builder out) {
                      out.initBlocks(1)[0].initId(33);
                    })));
  refused(ask<void>(storage, commit_msg::build([](schema::Commit::Builder out) {
                      out.initTip(32);
                      out.initConnected(1).init(0, 5);
                    })));
  refused(ask<void>(storage, commit_msg::build([](schema::Commit::Builder out) {
                      out.initConnected(1).init(0, 32); // and no tip
                    })));
  refused(ask<void>(storage, commit_msg::build([](schema::Commit::Builder out) {
                      out.initInvalidated(2).init(1, 31);
                    })));
  refused(ask<void>(storage, commit_msg::build([](schema::Commit::Builder out) {
                      out.initAccounts(1)[0].initId(0);
                    })));
  refused(ask<void>(storage, tick_msg::build([](schema::Tick::Builder out) {
                      out.initSeed(32);
                      out.initStart(99);
                    })));
  CHECK(from.store->tip() == chain.genesis.context.id);
  CHECK(problem(state_of()) == "");
}

TEST_CASE_FIXTURE(with_storage, "ticks are stored and listed from an era on") {
  const std::vector<consensus::tick> all{tick_of(3, 0), tick_of(3, 1),
                                         tick_of(4, 0)};
  for (const auto& t : all) REQUIRE(ask<void>(storage, message_of(t)));
  REQUIRE(ask<void>(storage, message_of(tick_of(3, 1)))); // again: no change
  CHECK(listed() == all);
  CHECK(listed(4) == std::vector<consensus::tick>{tick_of(4, 0)});
  CHECK(listed(5).empty());
}

TEST_CASE_FIXTURE(with_storage, "a whole era's proof is listed beside its "
                                "ticks") {
  auto whole = tick_of(3);
  whole.step.ticks = chain.rules->fixed().ticks_per_era;
  REQUIRE(ask<void>(storage, message_of(tick_of(3, 0))));
  REQUIRE(ask<void>(storage, message_of(whole)));
  CHECK(listed().size() == 2);
}

TEST_CASE_FIXTURE(with_storage, "ticks of eras before the one below the tip's "
                                "go when the tip moves on") {
  const auto k = chain.rules->fixed().ticks_per_era;
  for (std::uint64_t era = 0; era < 6; ++era)
    REQUIRE(ask<void>(storage, message_of(tick_of(era))));
  const auto far = chain.next(chain.genesis.context, {.epochs = 4 * k + 1});
  REQUIRE(far.context.era.number == 4);
  REQUIRE(commit(far));
  CHECK(listed()
        == std::vector<consensus::tick>{tick_of(3), tick_of(4), tick_of(5)});
}

TEST_CASE_FIXTURE(with_storage, "what is committed in a batch is there at "
                                "once, and a sync makes it durable") {
  auto message = commit_msg::build([&](schema::Commit::Builder out) {
    out.setForkHeight(0);
    out.setBatch(true);
    auto one = out.initBlocks(1)[0];
    one.setId(blob(first.context.id.value));
    one.setContext(blob(codec::encode(first.context)));
    one.setRaw(blob(first.raw));
    out.initConnected(1).set(0, blob(first.context.id.value));
    out.setTip(blob(first.context.id.value));
  });
  REQUIRE(ask<void>(storage, message));
  CHECK(from.store->tip() == first.context.id);
  REQUIRE(ask<void>(storage, atom::sync_v));
  free_space = [] { return result<std::uint64_t>{0}; };
  CHECK(ask<void>(storage, atom::sync_v).error() == errc::disk_full);
}

TEST_CASE_FIXTURE(with_storage, "each commit is in the indexes when it is "
                                "acknowledged") {
  REQUIRE(commit(first));
  CHECK(disk::height_at(*from.store, first.context.facts.time) == height{1});
  CHECK(from.store->indexed(disk::chain_index::txs)->last == first.context.id);
  CHECK(entry(state_of(), "oldest_reader_ms") == "0");
}

TEST_CASE_FIXTURE(with_storage, "a full disk reaches the asker and the status, "
                                "and later commits work again") {
  free_space = [] { return result<std::uint64_t>{1'000'000}; };
  CHECK(commit(first).error() == errc::disk_full);
  CHECK(problem(state_of()) == "!disk is almost full: read-only");
  CHECK(entry(state_of(), "failures") == "1");
  CHECK(ask<void>(storage, message_of(tick_of(0))).error() == errc::disk_full);
  CHECK(from.store->tip() == chain.genesis.context.id);
  free_space = [] { return result<std::uint64_t>{plenty}; };
  REQUIRE(commit(first));
  CHECK(problem(state_of()) == "");
  CHECK(from.store->tip() == first.context.id);
}

TEST_CASE_FIXTURE(with_storage, "a commit that is durable succeeds even if "
                                "old ticks cannot be pruned, which is tried "
                                "again") {
  const auto k = chain.rules->fixed().ticks_per_era;
  REQUIRE(ask<void>(storage, message_of(tick_of(0))));
  // Room for the commit, none for the pruning after it.
  auto calls = 0;
  free_space = [&calls] {
    return result<std::uint64_t>{calls++ == 0 ? plenty : 0};
  };
  const auto far = chain.next(chain.genesis.context, {.epochs = 4 * k + 1});
  CHECK(commit(far));
  CHECK(from.store->tip() == far.context.id);
  CHECK(problem(state_of()) != "");
  free_space = [] { return result<std::uint64_t>{plenty}; };
  REQUIRE(commit(chain.next(far.context)));
  CHECK(listed().empty());
  CHECK(problem(state_of()) == "");
}
