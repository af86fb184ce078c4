#include "core/codec/context.hpp"
#include "core/codec/tx.hpp"
#include "tests/actors/actor_fixture.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::test;

namespace {
struct with_validator : actor_fixture {
  with_validator() {
    open_store();
    clock_offset += 3'600'000; // every block of these tests lies behind us
    state.tip = tip_event(chain.genesis.context);
    from.actors.storage = keep(spawn_storage(sys, from));
    from.actors.state = fake_state(*this, state);
    validator = keep(spawn_validator(sys, from));
    run();
  }

  result<verdict_msg> offer(const made_block& b) {
    return ask<verdict_msg>(validator, message_of(b.raw));
  }
  errc refusal(const made_block& b) {
    auto v = offer(b);
    REQUIRE_FALSE(v);
    return v.error().code;
  }
  std::string fact(const char* key) {
    auto m = ask<status_msg>(validator, atom::status_v);
    REQUIRE(m);
    return entry(*m, key);
  }

  state_script state;
  validator_actor validator;
  made_block one = chain.next(chain.genesis.context);
  made_block two = chain.next(one.context);
};
} // namespace

TEST_CASE_FIXTURE(with_validator, "a valid block reaches the state with its "
                                  "context, and the state's verdict the "
                                  "asker") {
  auto v = offer(one);
  REQUIRE(v);
  REQUIRE(state.blocks.seen.size() == 1);
  REQUIRE_FALSE(
      state.blocks.seen[0].try_read([&](schema::CheckedBlock::Reader in) {
        auto c = codec::decode_context(view(in.getContext()));
        REQUIRE(c);
        CHECK(*c == one.context);
        const auto raw = view(in.getBlock());
        CHECK(bytes(raw.begin(), raw.end()) == one.raw);
        CHECK_FALSE(in.getLate());
      }));
  CHECK(fact("accepted") == "1");
}

TEST_CASE_FIXTURE(with_validator, "a block that was accepted is a duplicate, "
                                  "and so is one that is being checked") {
  REQUIRE(offer(one));
  CHECK(refusal(one) == errc::duplicate);
  state.blocks.hold = true;
  const auto first = request<verdict_msg>(validator, message_of(two.raw));
  CHECK(refusal(two) == errc::duplicate);
  let_go(*this, from.actors.state);
  REQUIRE(*first);
  CHECK(**first);
}

TEST_CASE_FIXTURE(with_validator, "a block above an unknown one is "
                                  "unknown_parent, and waits for it") {
  CHECK(refusal(two) == errc::unknown_parent);
  CHECK(fact("orphans") == "1");
  CHECK(state.blocks.seen.empty());
  REQUIRE(offer(one));
  run();
  CHECK(fact("orphans") == "0");
  CHECK(state.blocks.seen.size() == 2);
  CHECK(refusal(two) == errc::duplicate); // it has come in by itself
  CHECK(fact("accepted") == "2");
}

TEST_CASE_FIXTURE(with_validator, "blocks that come in reverse order all get "
                                  "in, in their own") {
  std::vector<made_block> all{one};
  while (all.size() < 30) all.push_back(chain.next(all.back().context));
  for (std::size_t i = all.size(); i-- > 1;)
    CHECK(refusal(all[i]) == errc::unknown_parent);
  CHECK(fact("orphans") == "29");
  REQUIRE(offer(one));
  run();
  CHECK(fact("orphans") == "0");
  REQUIRE(state.blocks.seen.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    (void)state.blocks.seen[i].try_read([&](schema::CheckedBlock::Reader in) {
      auto c = codec::decode_context(view(in.getContext()));
      REQUIRE(c);
      CHECK(c->id == all[i].context.id);
    });
}

TEST_CASE_FIXTURE(with_validator, "a source has an eighth of the places for "
                                  "blocks of unknown parents") {
  std::vector<made_block> all;
  for (std::uint64_t i = 0; i < 34; ++i)
    all.push_back(chain.next(two.context, {.farmer = 10 + i}));
  const auto orphan = [&](const made_block& b, std::uint64_t source) {
    CHECK(ask<verdict_msg>(validator, message_of(b.raw, source)).error()
          == errc::unknown_parent);
  };
  for (std::size_t i = 0; i < 33; ++i) orphan(all[i], 7);
  CHECK(fact("orphans") == "32");
  CHECK(fact("dropped") == "1");
  orphan(all[33], 8);
  CHECK(fact("orphans") == "33");
  REQUIRE(offer(one));
  REQUIRE(offer(two));
  run();
  CHECK(fact("orphans") == "0");
  CHECK(state.blocks.seen.size() == 35);
}

TEST_CASE_FIXTURE(with_validator, "a block of an unknown parent is forgotten "
                                  "after five minutes") {
  CHECK(refusal(two) == errc::unknown_parent);
  advance(299s);
  CHECK(fact("orphans") == "1");
  advance(7s);
  CHECK(fact("orphans") == "0");
  REQUIRE(offer(one));
  run();
  CHECK(state.blocks.seen.size() == 1);
}

TEST_CASE_FIXTURE(with_validator, "a garbled or unsigned block takes no place "
                                  "among those of unknown parents") {
  auto bad = two;
  bad.value.head.seal.value[3] ^= 1;
  bad.raw = codec::encode(bad.value);
  CHECK(refusal(bad) == errc::unknown_parent);
  CHECK(fact("orphans") == "0");
  // A good head with another body is found out when its turn comes.
  auto body = chain.next(one.context, {.txs = {sim_payment(0)}});
  body.value.txs.clear();
  body.raw = codec::encode(body.value);
  CHECK(ask<verdict_msg>(validator, message_of(body.raw, 5)).error()
        == errc::unknown_parent);
  CHECK(ask<verdict_msg>(validator, message_of(two.raw, 6)).error()
        == errc::unknown_parent);
  CHECK(fact("orphans") == "2");
  REQUIRE(offer(one));
  run();
  CHECK(fact("accepted") == "2");
  CHECK(fact("refused") == "4");
}

TEST_CASE_FIXTURE(with_validator, "of two copies of one block that wait, the "
                                  "good one gets in, whichever came first") {
  const auto good = chain.next(one.context, {.txs = {sim_payment(0)}});
  auto garbled = good; // under the same id: a body is not part of it
  garbled.value.txs.clear();
  garbled.raw = codec::encode(garbled.value);
  std::uint64_t source = 5;
  for (const auto& raw : {garbled.raw, good.raw})
    CHECK(ask<verdict_msg>(validator, message_of(raw, source++)).error()
          == errc::unknown_parent);
  CHECK(fact("orphans") == "2");
  REQUIRE(offer(one));
  run();
  CHECK(fact("accepted") == "2");
  CHECK(refusal(good) == errc::duplicate);
  CHECK(state.blocks.seen.size() == 2);
}

TEST_CASE_FIXTURE(with_validator, "what waits for a block that is refused for "
                                  "good is forgotten with it") {
  CHECK(refusal(two) == errc::unknown_parent);
  state.blocks.refuse = caf::make_error(errc::bad_state_root);
  CHECK(refusal(one) == errc::bad_state_root);
  CHECK(fact("orphans") == "0");
}

TEST_CASE_FIXTURE(with_validator, "a block above one that has no verdict yet "
                                  "follows it to the state") {
  state.blocks.hold = true;
  caf::anon_send(validator, message_of(one.raw)); // it is being checked, too
  const auto second = request<verdict_msg>(validator, message_of(two.raw));
  REQUIRE(state.blocks.seen.size() == 2);
  CHECK_FALSE(*second);
  let_go(*this, from.actors.state);
  CHECK_FALSE(*second);
  let_go(*this, from.actors.state);
  REQUIRE(opened(second));
  CHECK(fact("checking") == "0");
}

TEST_CASE_FIXTURE(with_validator, "a block above one that fails its checks "
                                  "fails with it") {
  auto garbled = one;
  garbled.value.head.seal.value[3] ^= 1;
  garbled.raw = codec::encode(garbled.value);
  caf::anon_send(validator, message_of(garbled.raw));
  CHECK(refusal(two) == errc::unknown_parent); // a relay's fault, not theirs
  CHECK(state.blocks.seen.empty());
  REQUIRE(offer(one));
  run();
  CHECK(refusal(two) == errc::duplicate); // it waited for a good copy
  auto unpaid = two;
  unpaid.value.head.payee = {};
  chain.seal(unpaid, some_key(1));
  const auto id = codec::id_of(chain.rules->spec.network(), unpaid.value.head);
  auto child = chain.next(two.context);
  child.value.head.parent = id;
  chain.seal(child, some_key(1));
  caf::anon_send(validator, message_of(unpaid.raw));
  CHECK(refusal(child) == errc::invalid_ancestor);
  CHECK(fact("checking") == "0");
}

TEST_CASE_FIXTURE(with_validator, "a verdict on proof or ledger is remembered "
                                  "by id, and its children are refused") {
  state.blocks.refuse = caf::make_error(errc::bad_state_root);
  CHECK(refusal(one) == errc::bad_state_root);
  state.blocks.refuse.reset();
  CHECK(refusal(one) == errc::bad_state_root);
  CHECK(state.blocks.seen.size() == 1);
  CHECK(refusal(two) == errc::invalid_ancestor);
}

TEST_CASE_FIXTURE(with_validator, "an error that is nobody's fault is not "
                                  "remembered") {
  for (auto code : {errc::busy, errc::unavailable, errc::disk_full}) {
    state.blocks.refuse = caf::make_error(code);
    CHECK(refusal(one) == code);
  }
  state.blocks.refuse.reset();
  REQUIRE(offer(one));
}

TEST_CASE_FIXTURE(with_validator,
                  "a garbled seal or body condemns its message, "
                  "never the block id") {
  const auto good =
      chain.next(chain.genesis.context, {.txs = {sim_payment(0)}});
  auto seal = good;
  seal.value.head.seal.value[3] ^= 1;
  seal.raw = codec::encode(seal.value);
  CHECK(refusal(seal) == errc::bad_signature);
  auto body = good;
  body.value.txs.clear();
  body.raw = codec::encode(body.value);
  CHECK(refusal(body) == errc::bad_tx_root);
  auto version = good; // of the transaction: its first byte
  version.raw[good.raw.size() - codec::encode(sim_payment(0)).size()] ^= 0x40;
  CHECK(refusal(version) == errc::malformed);
  auto tail = good;
  tail.raw.push_back(0);
  CHECK(refusal(tail) == errc::malformed);
  REQUIRE(offer(good));
}

TEST_CASE_FIXTURE(with_validator, "a bad block is answered with the code of "
                                  "its rule") {
  const auto resealed = [&](auto change) {
    auto b = one;
    change(b.value.head);
    chain.seal(b, some_key(1));
    return refusal(b);
  };
  CHECK(resealed([](header& h) { h.version = 9; }) == errc::bad_version);
  CHECK(resealed([](header& h) { h.height.value = 5; }) == errc::bad_height);
  CHECK(resealed([](header& h) { h.epoch.value = 0; }) == errc::bad_epoch);
  CHECK(resealed([](header& h) { h.target = 7; }) == errc::bad_target);
  CHECK(resealed([](header& h) { h.history_root[0] ^= 1; })
        == errc::bad_history_root);
  CHECK(resealed([](header& h) { h.time.value -= 1'000; })
        == errc::timestamp_too_early);
  CHECK(resealed([](header& h) { h.payee = {}; }) == errc::bad_payee);
  CHECK(resealed([](header& h) { h.space.strength = 7; })
        == errc::bad_plot_parameters);
  CHECK(resealed([](header& h) { h.time_entries.clear(); })
        == errc::bad_time_entries);
  CHECK(ask<verdict_msg>(validator, block_msg{}).error() == errc::malformed);
  CHECK(ask<verdict_msg>(validator, message_of(bytes(50, 1))).error()
        == errc::malformed);
  CHECK(state.blocks.seen.empty());
  CHECK(fact("checking") == "0");
}

TEST_CASE_FIXTURE(with_validator, "a block ahead of the clock is held and "
                                  "offered again when its time has come") {
  clock_offset = one.context.facts.time.value - 20'000;
  CHECK(refusal(one) == errc::timestamp_too_late);
  CHECK(fact("held") == "1");
  advance(4'900ms);
  CHECK(state.blocks.seen.empty());
  advance(200ms); // drift_ms is 15 s
  CHECK(state.blocks.seen.size() == 1);
  CHECK(fact("held") == "0");
}

TEST_CASE_FIXTURE(with_validator, "blocks ahead of the clock are offered each "
                                  "in its time, its parent first") {
  clock_offset = one.context.facts.time.value - 20'000; // two is 10 s later
  CHECK(refusal(one) == errc::timestamp_too_late);
  CHECK(refusal(two) == errc::unknown_parent);
  const auto other = chain.next(chain.genesis.context, {.epochs = 2});
  CHECK(refusal(other) == errc::timestamp_too_late);
  CHECK(fact("held") == "2");
  CHECK(fact("orphans") == "1");
  advance(5'100ms);
  CHECK(state.blocks.seen.size() == 1);
  CHECK(fact("held") == "2"); // two has found its parent, and is early itself
  CHECK(fact("orphans") == "0");
  advance(10s);
  CHECK(state.blocks.seen.size() == 3);
  CHECK(fact("held") == "0");
}

TEST_CASE_FIXTURE(with_validator, "64 blocks may be on their way; the next is "
                                  "answered with busy, and all are answered") {
  state.blocks.hold = true;
  std::vector<answer<verdict_msg>> waiting;
  std::vector<made_block> all;
  for (std::uint64_t i = 0; i < 65; ++i)
    all.push_back(chain.next(chain.genesis.context, {.farmer = 10 + i}));
  for (std::size_t i = 0; i < 64; ++i)
    waiting.push_back(request<verdict_msg>(validator, message_of(all[i].raw)));
  CHECK(fact("checking") == "64");
  CHECK(refusal(all[64]) == errc::busy);
  for (int i = 0; i < 64; ++i) let_go(*this, from.actors.state);
  for (const auto& w : waiting) CHECK((*w && **w));
  state.blocks.hold = false;
  CHECK(offer(all[64]));
}

TEST_CASE_FIXTURE(with_validator,
                  "a state that never answers is timed_out, and "
                  "the block may be offered again") {
  state.blocks.hold = true;
  const auto v = request<verdict_msg>(validator, message_of(one.raw));
  advance(11s);
  REQUIRE(*v);
  CHECK(opened(v).error() == errc::timed_out);
  CHECK(fact("checking") == "0");
  state.blocks.hold = false;
  CHECK(offer(one));
}

TEST_CASE_FIXTURE(with_validator,
                  "a tick is checked, and a false one refused") {
  auto t = chain.ticks_after(chain.genesis.context, 1)[0];
  CHECK(ask<void>(validator, message_of(t)));
  t.step.end[0] ^= 1;
  CHECK(ask<void>(validator, message_of(t)).error() == errc::bad_proof_of_time);
  CHECK(ask<void>(validator, tick_msg{}).error() == errc::malformed);
}

TEST_CASE_FIXTURE(with_validator, "a block is late 0.3 tau after the next "
                                  "epoch's tick came here") {
  const auto is_late = [&](const made_block& b) {
    REQUIRE(offer(b));
    bool out = false;
    REQUIRE_FALSE(state.blocks.seen.back().try_read(
        [&](schema::CheckedBlock::Reader in) { out = in.getLate(); }));
    return out;
  };
  const auto ticks = chain.ticks_after(chain.genesis.context, 2);
  REQUIRE(ask<void>(validator, message_of(ticks[0])));
  REQUIRE(ask<void>(validator, message_of(ticks[1])));
  clock_offset += 3'000;
  CHECK_FALSE(is_late(one)); // tau is 10 s
  clock_offset += 1;
  CHECK(is_late(chain.next(chain.genesis.context, {.farmer = 2})));
}

TEST_CASE_FIXTURE(with_validator, "the tip that is told is a parent at hand") {
  caf::anon_send(validator, tip_event(two.context));
  caf::anon_send(validator, tip_change_msg{}); // changes nothing
  run();
  CHECK(offer(chain.next(two.context)));
}

TEST_CASE_FIXTURE(with_validator, "a signature that a block has shown is not "
                                  "verified again") {
  const auto paid = sim_payment(0);
  REQUIRE(offer(chain.next(chain.genesis.context, {.txs = {paid}})));
  CHECK(from.signatures->knows(paid));
  // Shown by filling the memory with a lie, as nothing else would do.
  auto forged = sim_payment(1);
  forged.seal.value[3] ^= 1;
  const auto b =
      chain.next(chain.genesis.context, {.txs = {paid, forged}, .farmer = 2});
  CHECK(refusal(b) == errc::bad_signature);
  from.signatures->remember(forged);
  CHECK(offer(
      chain.next(chain.genesis.context, {.txs = {paid, forged}, .farmer = 3})));
}
