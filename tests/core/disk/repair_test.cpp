// What `spacetime db` does: check, roll back, copy, compact.

#include "core/base/hex.hpp"
#include "core/disk/backup.hpp"
#include "core/disk/chain_pruner.hpp"
#include "core/disk/chain_rollback.hpp"
#include "core/disk/chain_verifier.hpp"
#include "core/disk/store_check.hpp"
#include "paid_chain.hpp"

using namespace spacetime;
using namespace spacetime::test;
using disk::chain_index;

namespace {
struct filled : stored {
  filled() { add_all(store, trunk()); }
  [[nodiscard]] path chain() const { return *directory / "chain"; }
};

/// What is wrong with a store, a line each.
std::vector<std::string> damages_of(const disk::reader& s) {
  std::vector<std::string> out;
  auto done = disk::check_store(
      maker().rules(), s,
      {[&](const error& e) { out.push_back(to_string(e)); }, {}, {}});
  if (!done) out.push_back("failed: " + to_string(done.error()));
  if (done) CHECK(done->damages == out.size());
  return out;
}

bool mentions(const std::vector<std::string>& lines, const std::string& what) {
  return std::ranges::any_of(
      lines, [&](const std::string& l) { return l.find(what) != l.npos; });
}

result<disk::rollback_summary> back_to(disk::store& s, std::uint32_t h) {
  return disk::roll_back(maker().rules(), s, {{h}, {}, {}});
}

/// A store whose chain was never longer.
void equals_straight(const disk::store& s, std::uint32_t h) {
  stored straight;
  if (h > 0) reorganise(straight.store, {trunk().begin(), trunk().begin() + h});
  CHECK(s.tip() == straight.store.tip());
  CHECK(s.rewards() == straight.store.rewards());
  const auto accounts = [](const disk::reader& from) {
    std::vector<std::pair<account_id, bytes>> out;
    CHECK(from.for_each_account([&](const account_id& id, byte_view v) {
      out.emplace_back(id, bytes(v.begin(), v.end()));
      return true;
    }));
    return out;
  };
  CHECK(accounts(s) == accounts(straight.store));
  std::size_t known = 0;
  CHECK(s.for_each_index([&](const block_id&, byte_view) {
    ++known;
    return true;
  }));
  CHECK(known == h + 1);
  CHECK(s.id_at({h + 1}).error() == errc::not_found);
}
} // namespace

TEST_CASE("a sound store has no damage, and all of it was read") {
  filled s;
  const auto found =
      disk::check_store(maker().rules(), s.store,
                        {[](const error& e) { FAIL(to_string(e)); }, {}, {}});
  REQUIRE(found);
  CHECK(found->blocks == 41);
  CHECK(found->undo_records == 40);
  CHECK(found->state_root == trunk().back().ledger.state_root());
  CHECK(found->index_entries > 100);
  CHECK(found->pruned == 0);
}

TEST_CASE("the check names what is wrong, and goes on behind it") {
  filled s;
  const auto& b = trunk()[10];
  disk::commit c;
  c.blocks.push_back({b.id(), codec::encode(b.context), trunk()[11].raw,
                      bytes{1, 2, 3}, height{11}});
  c.index_writes.push_back(
      {chain_index::txs, bytes(32, 7), bytes(8, 0)}); // of no transaction
  REQUIRE(s.store.apply(c));
  auto lines = damages_of(s.store);
  CHECK(mentions(lines, to_hex(b.id().value)
                            + " at height 11: stored under "
                              "another id"));
  CHECK(mentions(lines, "table undo: block " + to_hex(b.id().value)));
  disk::commit mended;
  mended.blocks.push_back(commit_of(b).blocks.front());
  REQUIRE(s.store.apply(mended));
  lines = damages_of(s.store);
  REQUIRE(lines.size() == 1);
  CHECK(mentions(lines, "the indexes have"));

  disk::commit more;
  more.index_writes.push_back({chain_index::txs, bytes(32, 7), {}});
  const auto key = be(b.head().time.value);
  more.index_writes.push_back(
      {chain_index::times, {key.begin(), key.end()}, bytes(4, 0)});
  more.accounts.push_back({{some_id(1)}, std::nullopt});
  REQUIRE(s.store.apply(more));
  lines = damages_of(s.store);
  CHECK(mentions(lines, "index times, key " + to_hex(key)));
  CHECK(mentions(lines, "state root"));
}

TEST_CASE("a flipped byte in a segment is named with its file and offset") {
  filled s;
  const auto place = s.store.place_of(trunk()[20].id());
  REQUIRE(place);
  { auto gone = std::move(s.store); }
  char name[16];
  std::snprintf(name, sizeof name, "%06u.seg", place->file);
  const auto file = s.chain() / "blocks" / name;
  auto raw = read_whole(file);
  raw[place->offset + 40] ^= 4;
  write_whole(file, raw);
  auto opened = open_small(s.chain());
  REQUIRE(opened);
  const auto lines = damages_of(*opened);
  REQUIRE(lines.size() == 1);
  CHECK(mentions(lines, std::string{name} + ": offset "
                            + std::to_string(place->offset)));
  CHECK(mentions(lines, "at height 21"));
}

TEST_CASE("twenty flips in the values of each table are found, each naming "
          "table and key") {
  filled s;
  REQUIRE(s.store.put_tick(some_id(1), 3, bytes(40, 5)));
  REQUIRE(s.store.put_era_proof(some_id(2), bytes(90, 6)));
  block_options other;
  other.skip = 3;
  const auto side = maker().next(trunk()[5], other);
  disk::commit beside;
  beside.blocks.push_back({side.id(),
                           codec::encode(side.context),
                           side.raw,
                           {},
                           side.head().height});
  beside.invalidated = {side.id()};
  REQUIRE(s.store.apply(beside));
  REQUIRE(s.store.close());
  { auto gone = std::move(s.store); }
  const auto file = s.chain() / "data.mdb";
  const auto whole = read_whole(file);
  // Keys and values of every table, as the file has them.
  std::mt19937_64 next{11};
  disk::environment_options o;
  o.tables = {"meta",    "blocks",   "heights",    "accounts",   "rewards",
              "undo",    "ticks",    "era_proofs", "times",      "txs",
              "history", "segments", "side",       "invalidated"};
  o.read_only = true;
  std::map<std::string, std::vector<bytes>> values;
  {
    auto env = disk::environment::open(s.chain(), o);
    REQUIRE(env);
    auto txn = env->read();
    REQUIRE(txn);
    for (const auto& name : o.tables)
      REQUIRE(txn->for_each(env->table_named(name), {},
                            [&](byte_view k, byte_view v) {
                              // What follows a key in its page: the value.
                              bytes both(k.begin(), k.end());
                              both.insert(both.end(), v.begin(), v.end());
                              values[name].push_back(both);
                              return true;
                            }));
  }
  CHECK(values.size() == o.tables.size());
  for (const auto& [name, pairs] : values) {
    unsigned done = 0;
    for (int tries = 0; tries < 400 && done < 20; ++tries) {
      const auto& both = pairs[next() % pairs.size()];
      const auto offset =
          static_cast<std::ptrdiff_t>(next() % (both.size() + 8));
      const auto bit = static_cast<std::uint8_t>(1u << next() % 8);
      // Every copy: which of them is in a free page only LMDB knows.
      auto spoiled = whole;
      bool any = false;
      for (auto at = spoiled.begin();
           (at = std::search(at, spoiled.end(), both.begin(), both.end()))
           != spoiled.end();
           ++at) {
        any = true;
        at[offset] ^= bit;
      }
      if (!any) continue; // on overflow pages
      write_whole(file, spoiled);
      const auto found =
          disk::verify_in_child(s.chain(), std::chrono::minutes{1});
      ++done;
      CHECK_MESSAGE(!found, name);
      if (!found) {
        CHECK(found.error() == errc::corrupt);
        CHECK(found.error().detail.find("data.mdb") != std::string::npos);
      }
    }
    CHECK_MESSAGE(done == 20, name);
  }
  write_whole(file, whole);
  auto opened = open_small(s.chain());
  REQUIRE(opened);
  CHECK(damages_of(*opened).empty());
}

TEST_CASE("after a rollback the store is one whose chain was never longer") {
  for (const std::uint32_t h : {39u, 25u, 1u, 0u}) {
    filled s;
    const auto done = back_to(s.store, h);
    if (!done) FAIL(to_string(done.error()));
    CHECK(done->from == height{40});
    CHECK(done->forgotten == 40 - h);
    CHECK_FALSE(done->indexes_dropped);
    equals_straight(s.store, h);
    CHECK(damages_of(s.store).empty());
    s.reopen();
    // The same blocks join again.
    add_all(s.store, {trunk().begin() + h, trunk().end()});
    CHECK(s.store.tip() == trunk().back().id());
    CHECK(damages_of(s.store).empty());
  }
}

TEST_CASE("a rollback forgets side branches above its height, and no others") {
  filled s;
  const auto side = branch(trunk()[29], 3, 5);
  for (const auto& b : side) {
    disk::commit c;
    c.blocks.push_back(
        {b.id(), codec::encode(b.context), b.raw, {}, b.head().height});
    REQUIRE(s.store.apply(c));
  }
  const auto done = back_to(s.store, 31);
  REQUIRE(done);
  CHECK(done->forgotten == 9 + 2);
  CHECK(s.store.block(side[0].id()) == side[0].raw); // at height 31
  CHECK(s.store.block(side[1].id()).error() == errc::not_found);
}

TEST_CASE("a rollback needs no body above its height, only one to end at") {
  filled s;
  { auto gone = std::move(s.store); }
  for (std::uint32_t n = 0;; ++n) {
    char name[16];
    std::snprintf(name, sizeof name, "%06u.seg", n);
    const auto file = s.chain() / "blocks" / name;
    if (!std::filesystem::exists(file)) break;
    auto raw = read_whole(file);
    // The upper half of the chain, one bit of each record or so.
    if (n > 4)
      for (std::size_t i = 100; i < raw.size(); i += 500) raw[i] ^= 1;
    write_whole(file, raw);
  }
  disk::store_options o;
  o.map_start = 1 << 22;
  o.segment_bytes = 6'000;
  o.low_below = o.low_until = 0;
  CHECK(disk::store::open(s.chain(), maker().rules().spec.network(), o).error()
        == errc::corrupt);
  o.check_tip = false;
  auto opened = disk::store::open(s.chain(), maker().rules().spec.network(), o);
  REQUIRE(opened);
  const auto bad = back_to(*opened, 39);
  CHECK(bad.error() == errc::corrupt);
  CHECK(bad.error().detail.find("height 39") != std::string::npos);
  CHECK(opened->tip() == trunk().back().id());
  const auto done = back_to(*opened, 3);
  if (!done) FAIL(to_string(done.error()));
  CHECK(done->indexes_dropped);
  equals_straight(*opened, 3);
  prepare(*opened);
  CHECK(damages_of(*opened).empty());
}

TEST_CASE("a rollback that is not possible changes nothing and says why") {
  filled s;
  CHECK(back_to(s.store, 41).error() == errc::not_found);
  disk::commit c;
  c.undo_erased = {trunk()[19].id()};
  REQUIRE(s.store.apply(c));
  const auto gone = back_to(s.store, 10);
  CHECK(gone.error() == errc::not_found);
  CHECK(gone.error().detail.find("height 20") != std::string::npos);
  CHECK(s.store.tip() == trunk().back().id());
  CHECK(back_to(s.store, 20));
}

TEST_CASE("a rollback that is killed at any moment leaves a whole chain") {
  for (const int steps : {1, 2, 5}) {
    filled s;
    REQUIRE(s.store.close());
    { auto gone = std::move(s.store); }
    const int how = in_child([&] {
      auto opened = open_small(s.chain());
      if (!opened) return 1;
      int left = steps;
      for (std::uint32_t h = 40; h-- > 0;) // as many transactions as heights
        if (!disk::roll_back(maker().rules(), *opened,
                             {{h},
                              [&](auto, auto) {
                                if (--left == 0) ::raise(SIGKILL);
                              },
                              {}}))
          return 2;
      return 3;
    });
    CHECK(how == crashed + SIGKILL);
    auto opened = open_small(s.chain());
    REQUIRE(opened);
    CHECK(opened->tip() == trunk()[39 - static_cast<std::size_t>(steps)].id());
    CHECK(damages_of(*opened).empty());
  }
}

TEST_CASE("a backup opens as the same chain, and any changed byte of it is "
          "noticed") {
  filled s;
  const auto to = *s.directory / "backup";
  const auto files = disk::back_up(s.store, to, {});
  if (!files) FAIL(to_string(files.error()));
  CHECK(files->front().name == "data.mdb");
  CHECK(files->size() > 5);
  REQUIRE(disk::check_hashes(to, {}));
  // A second one does not go over it.
  CHECK(disk::back_up(s.store, to, {}).error() == errc::duplicate);
  std::mt19937_64 next{3};
  for (const auto& f : *files) {
    auto raw = read_whole(to / f.name);
    CHECK(raw.size() == f.bytes);
    const auto i = next() % raw.size();
    raw[i] ^= 1;
    write_whole(to / f.name, raw);
    const auto bad = disk::check_hashes(to, {});
    CHECK(bad.error() == errc::corrupt);
    CHECK(bad.error().detail.find(f.name) != std::string::npos);
    raw[i] ^= 1;
    write_whole(to / f.name, raw);
  }
  auto copy = open_small(to);
  REQUIRE(copy);
  CHECK(copy->tip() == trunk().back().id());
  CHECK(damages_of(*copy).empty());
}

TEST_CASE("a backup under writes is one moment of the chain") {
  stored s;
  add_all(s.store, {trunk().begin(), trunk().begin() + 10});
  std::size_t next = 10;
  const auto to = *s.directory / "backup";
  // A block joins at each step of the copy.
  const auto files =
      disk::back_up(s.store, to,
                    {[&](auto, auto) {
                       if (next < 40) add(s.store, commit_of(trunk()[next++]));
                     },
                     {}});
  REQUIRE(files);
  CHECK(next > 12);
  auto copy = open_small(to);
  REQUIRE(copy);
  CHECK(copy->tip() == trunk()[9].id());
  CHECK(damages_of(*copy).empty());
}

TEST_CASE("a backup that is stopped removes what it wrote") {
  filled s;
  const auto to = *s.directory / "backup";
  int asked = 0;
  const auto stopped =
      disk::back_up(s.store, to, {{}, [&] { return ++asked == 4; }});
  CHECK(stopped.error() == errc::cancelled);
  CHECK(std::filesystem::is_empty(to));
  CHECK(disk::back_up(s.store, to, {}));
}

TEST_CASE("a pruned chain backs up, checks, and says what is not there") {
  filled s;
  REQUIRE(disk::prune(maker().rules(), s.store, {0, 2}));
  const auto to = *s.directory / "backup";
  REQUIRE(disk::back_up(s.store, to, {}));
  auto copy = open_small(to);
  REQUIRE(copy);
  const auto found =
      disk::check_store(maker().rules(), *copy,
                        {[](const error& e) { FAIL(to_string(e)); }, {}, {}});
  REQUIRE(found);
  CHECK(found->pruned > 5);
  CHECK(found->blocks + found->pruned == 41);
  // The rules hold again from the lowest body that is left.
  const auto verified = disk::verify_chain(maker().rules(), *copy, {});
  if (!verified) FAIL(to_string(verified.error()));
  CHECK(verified->trusted_below.value > 5);
  CHECK(verified->blocks == 40 - verified->trusted_below.value);
  CHECK(verified->state_root == trunk().back().ledger.state_root());
}

TEST_CASE("compaction gives free pages back and keeps everything else") {
  filled s;
  // Grows and shrinks.
  for (std::uint32_t i = 0; i < 3000; ++i)
    if (i % 500 == 0)
      REQUIRE(s.store.put_ticks(some_id(i), {{i, bytes(2000, 1)}}));
  std::vector<disk::stored_tick> many;
  for (std::uint64_t i = 0; i < 500; ++i) many.push_back({i, bytes(2000, 1)});
  REQUIRE(s.store.put_ticks(some_id(77), many));
  REQUIRE(s.store.erase_ticks_of(some_id(77)));
  CHECK(*s.store.free_page_bytes() > 500'000);
  REQUIRE(s.store.close());
  { auto gone = std::move(s.store); }
  const auto before = std::filesystem::file_size(s.chain() / "data.mdb");
  const auto stopped = disk::compact(s.chain(), {{}, [] { return true; }});
  CHECK(stopped.error() == errc::cancelled);
  CHECK(std::filesystem::file_size(s.chain() / "data.mdb") == before);
  const auto done = disk::compact(s.chain(), {});
  if (!done) FAIL(to_string(done.error()));
  CHECK(std::filesystem::file_size(s.chain() / "data.mdb") < before - 500'000);
  CHECK_FALSE(std::filesystem::exists(s.chain() / "data.mdb.old"));
  CHECK_FALSE(std::filesystem::exists(s.chain() / "compact.tmp"));
  auto opened = open_small(s.chain());
  REQUIRE(opened);
  CHECK(opened->was_clean());
  CHECK(damages_of(*opened).empty());
  add_all(*opened, branch(trunk().back(), 2, 9));
}
