#include "core/disk/segment_file.hpp"
#include "core/disk/store.hpp"
#include "tests/core/disk/disk_fixture.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <thread>

using namespace spacetime;
using namespace spacetime::disk;

namespace {
const network_id ours{test::some_id(1)};

store_options quick() {
  store_options o;
  o.map_start = 1 << 20;
  o.segment_bytes = 4096;
  o.low_below = o.low_until = 0;
  return o;
}

store open_in(const path& dir, store_options o = quick()) {
  auto out = store::open(dir, ours, std::move(o));
  if (!out) FAIL(to_string(out.error()));
  return std::move(*out);
}

block_id id_of(std::uint64_t i) {
  return {test::some_id(1000 + i)};
}
account_id account_of(std::uint64_t i) {
  return {test::some_id(5000 + i)};
}
bytes text(std::string_view s) {
  return {s.begin(), s.end()};
}

new_block block_of(std::uint64_t i) {
  return {id_of(i), test::some_bytes(i, 50), test::some_bytes(i + 1, 700),
          test::some_bytes(i + 2, 90)};
}

/// Block i at height i, and two accounts.
commit commit_of(std::uint32_t i) {
  commit c;
  c.blocks.push_back(block_of(i));
  c.connected.push_back({height{i}, id_of(i)});
  c.accounts.push_back({account_of(i), test::some_bytes(i, 20)});
  c.accounts.push_back({account_of(0), test::some_bytes(9000 + i, 30)});
  c.rewards = test::some_bytes(i, 40);
  c.tip = id_of(i);
  return c;
}

std::vector<std::uint64_t>
numbers_of(const result<std::vector<stored_tick>>& t) {
  REQUIRE(t);
  std::vector<std::uint64_t> out;
  for (const auto& x : *t) out.push_back(x.i);
  return out;
}
} // namespace

TEST_CASE("a new store has nothing, and says so") {
  test::temporary_directory dir;
  auto s = open_in(*dir);
  CHECK(s.was_clean());
  CHECK(s.network() == ours);
  CHECK(s.tip().error() == errc::not_found);
  CHECK(s.block(id_of(1)).error() == errc::not_found);
  CHECK(s.index_record(id_of(1)).error() == errc::not_found);
  CHECK(s.id_at(height{0}).error() == errc::not_found);
  CHECK(s.account(account_of(1)).error() == errc::not_found);
  CHECK(s.rewards().error() == errc::not_found);
  CHECK(s.undo(id_of(1)).error() == errc::not_found);
  CHECK(s.era_proof(test::some_id(1)).error() == errc::not_found);
  CHECK(s.ticks(test::some_id(1), 0)->empty());
}

TEST_CASE("all of a commit reads back, now and after a restart") {
  test::temporary_directory dir;
  const auto holds = [](const disk::reader& s, std::uint32_t n) {
    CHECK(s.tip() == id_of(n - 1));
    CHECK(s.rewards() == test::some_bytes(n - 1, 40));
    CHECK(s.account(account_of(0)) == test::some_bytes(9000 + n - 1, 30));
    for (std::uint32_t i = 0; i < n; ++i) {
      CHECK(s.block(id_of(i)) == block_of(i).raw);
      CHECK(s.index_record(id_of(i)) == block_of(i).index_record);
      CHECK(s.undo(id_of(i)) == *block_of(i).undo);
      CHECK(s.id_at(height{i}) == id_of(i));
      if (i > 0) CHECK(s.account(account_of(i)) == test::some_bytes(i, 20));
    }
  };
  {
    auto s = open_in(*dir);
    for (std::uint32_t i = 0; i < 20; ++i) REQUIRE(s.apply(commit_of(i)));
    holds(s, 20);
    REQUIRE(s.close());
    holds(s, 20);
  }
  auto s = open_in(*dir);
  CHECK(s.was_clean());
  holds(s, 20);
  const auto tables = s.tables();
  REQUIRE(tables);
  for (const auto& [name, n] : *tables)
    if (name == "blocks" || name == "heights") CHECK(n == 20);
}

TEST_CASE("a stored block is on a side branch unless it has a height") {
  test::temporary_directory dir;
  const auto side = [](const store& s) {
    auto out = s.side_blocks();
    REQUIRE(out);
    return *out;
  };
  auto sorted = [](std::vector<block_id> ids) {
    std::ranges::sort(ids);
    return ids;
  };
  {
    auto s = open_in(*dir);
    for (std::uint32_t i = 0; i < 6; ++i) REQUIRE(s.apply(commit_of(i)));
    CHECK(side(s).empty());
    commit beside; // two blocks wait
    beside.blocks = {block_of(20), block_of(21)};
    REQUIRE(s.apply(beside));
    CHECK(side(s) == sorted({id_of(20), id_of(21)}));
    auto switched = commit{}; // one of them replaces heights 4 and 5
    switched.truncate_heights_above = height{3};
    switched.connected = {{height{4}, id_of(20)}};
    switched.tip = id_of(20);
    REQUIRE(s.apply(switched));
    CHECK(side(s) == sorted({id_of(4), id_of(5), id_of(21)}));
  }
  auto s = open_in(*dir);
  CHECK(side(s) == sorted({id_of(4), id_of(5), id_of(21)}));
  commit back; // to height 2, nothing in its place
  back.truncate_heights_above = height{2};
  back.tip = id_of(2);
  REQUIRE(s.apply(back));
  CHECK(side(s)
        == sorted({id_of(3), id_of(4), id_of(5), id_of(20), id_of(21)}));
  CHECK(s.id_at({3}).error() == errc::not_found);
}

TEST_CASE("an operator's mark lives in the commit that brings it") {
  test::temporary_directory dir;
  {
    auto s = open_in(*dir);
    REQUIRE(s.apply(commit_of(0)));
    CHECK(s.invalidated()->empty());
    commit c;
    c.invalidated = {id_of(7), id_of(8)};
    REQUIRE(s.apply(c));
    commit again;
    again.reconsidered = {id_of(8), id_of(9)}; // 9 has none: no matter
    REQUIRE(s.apply(again));
  }
  auto s = open_in(*dir);
  CHECK(s.invalidated() == std::vector{id_of(7)});
}

TEST_CASE("a reorganisation is one commit") {
  test::temporary_directory dir;
  auto s = open_in(*dir);
  for (std::uint32_t i = 0; i < 10; ++i) REQUIRE(s.apply(commit_of(i)));
  commit c;
  c.blocks.push_back(block_of(105));
  c.blocks.push_back(block_of(106));
  c.undo_erased = {id_of(0), id_of(105), id_of(77)};
  c.truncate_heights_above = height{4};
  c.connected = {{height{5}, id_of(105)}, {height{6}, id_of(106)}};
  c.accounts = {{account_of(9), std::nullopt},
                {account_of(3), text("new")},
                {account_of(55), std::nullopt}};
  c.tip = id_of(106);
  REQUIRE(s.apply(c));
  CHECK(s.tip() == id_of(106));
  CHECK(s.id_at(height{4}) == id_of(4));
  CHECK(s.id_at(height{5}) == id_of(105));
  CHECK(s.id_at(height{6}) == id_of(106));
  for (std::uint32_t h : {7u, 8u, 9u})
    CHECK(s.id_at(height{h}).error() == errc::not_found);
  CHECK(s.block(id_of(9)) == block_of(9).raw); // the old branch stays stored
  CHECK(s.undo(id_of(0)).error() == errc::not_found);
  CHECK(s.undo(id_of(105)).error() == errc::not_found); // blocks come first
  CHECK(s.account(account_of(9)).error() == errc::not_found);
  CHECK(s.account(account_of(3)) == text("new"));
  CHECK(s.rewards() == test::some_bytes(9, 40)); // not mentioned: unchanged
}

TEST_CASE("an index record changes without its block being written again") {
  test::temporary_directory dir;
  auto s = open_in(*dir);
  REQUIRE(s.apply(commit_of(1)));
  commit c;
  c.blocks.push_back({id_of(1), text("seen"), {}, text("undo")});
  c.blocks.push_back({id_of(2), text("header only"), {}, std::nullopt});
  REQUIRE(s.apply(c));
  CHECK(s.block(id_of(1)) == block_of(1).raw);
  CHECK(s.index_record(id_of(1)) == text("seen"));
  CHECK(s.undo(id_of(1)) == text("undo"));
  CHECK(s.block(id_of(2)).error() == errc::not_found);
  CHECK(s.index_record(id_of(2)) == text("header only"));
}

TEST_CASE("walks show everything once, in order, and can be stopped") {
  test::temporary_directory dir;
  auto s = open_in(*dir);
  for (std::uint32_t i = 0; i < 30; ++i) REQUIRE(s.apply(commit_of(i)));
  std::vector<account_id> accounts;
  REQUIRE(s.for_each_account([&](const account_id& id, byte_view v) {
    CHECK(s.account(id) == bytes{v.begin(), v.end()});
    accounts.push_back(id);
    return true;
  }));
  CHECK(accounts.size() == 30);
  CHECK(std::is_sorted(accounts.begin(), accounts.end()));
  std::size_t rest = 0;
  REQUIRE(s.for_each_account(
      [&](const account_id&, byte_view) {
        ++rest;
        return true;
      },
      accounts[10]));
  CHECK(rest == 20);
  std::size_t blocks = 0;
  REQUIRE(s.for_each_index([&](const block_id& id, byte_view record) {
    CHECK(s.index_record(id) == bytes{record.begin(), record.end()});
    return ++blocks < 12;
  }));
  CHECK(blocks == 12);
}

TEST_CASE("a walk beyond its time is refused") {
  test::temporary_directory dir;
  auto s = open_in(*dir);
  commit c;
  for (std::uint32_t i = 0; i < 600; ++i)
    c.accounts.push_back({account_of(i), text("x")});
  REQUIRE(s.apply(c));
  std::size_t n = 0;
  auto done = s.for_each_account(
      [&](const account_id&, byte_view) {
        ++n;
        return true;
      },
      {}, std::chrono::milliseconds{0});
  CHECK(done.error() == errc::timed_out);
  CHECK(n < 600);
}

TEST_CASE("ticks are kept by seed and number") {
  test::temporary_directory dir;
  auto s = open_in(*dir);
  const auto a = test::some_id(1);
  auto b = a;
  b[31] ^= 1;
  for (std::uint64_t i : {3u, 1u, 2u, 300u}) {
    REQUIRE(s.put_tick(a, i, be(i)));
    REQUIRE(s.put_tick(b, i + 1, text("b")));
  }
  REQUIRE(s.put_tick(a, ~std::uint64_t{0}, text("last")));
  CHECK(numbers_of(s.ticks(a, 0))
        == std::vector<std::uint64_t>{1, 2, 3, 300, ~std::uint64_t{0}});
  CHECK(numbers_of(s.ticks(a, 3, 2)) == std::vector<std::uint64_t>{3, 300});
  CHECK(numbers_of(s.ticks(a, 0, 0)).empty());
  CHECK(numbers_of(s.ticks(b, 5)) == std::vector<std::uint64_t>{301});
  CHECK(s.tick_seeds() == std::vector{std::min(a, b), std::max(a, b)});
  REQUIRE(s.erase_ticks_of(a));
  CHECK(s.ticks(a, 0)->empty());
  CHECK(s.ticks(b, 0)->size() == 4);
  CHECK(s.tick_seeds() == std::vector<bytes32>{b});
  REQUIRE(s.put_era_proof(a, text("proof")));
  CHECK(s.era_proof(a) == text("proof"));
  REQUIRE(s.erase_era_proof(a));
  CHECK(s.era_proof(a).error() == errc::not_found);
}

TEST_CASE("bodies are synced before the tip that names them is committed") {
  test::temporary_directory dir;
  int syncs = 0;
  std::optional<disk::reader> look;
  auto o = quick();
  o.sync_segment = [&](int fd) {
    ++syncs;
    if (look) CHECK(look->tip() == id_of(0));
    return ::fdatasync(fd);
  };
  auto s = open_in(*dir, o);
  REQUIRE(s.apply(commit_of(0)));
  CHECK(syncs == 1);
  look = s;
  REQUIRE(s.apply(commit_of(1)));
  CHECK(syncs == 2);
  CHECK(s.tip() == id_of(1));
  look.reset();
}

TEST_CASE("after a failed sync every commit fails until reopened") {
  test::temporary_directory dir;
  bool broken = false;
  auto o = quick();
  o.sync_segment = [&](int fd) {
    if (!broken) return ::fdatasync(fd);
    errno = EIO;
    return -1;
  };
  {
    auto s = open_in(*dir, o);
    REQUIRE(s.apply(commit_of(0)));
    broken = true;
    CHECK(s.apply(commit_of(1)).error() == errc::io_error);
    CHECK(s.failed());
    broken = false;
    CHECK(s.apply(commit_of(1)).error() == errc::io_error);
    CHECK(s.put_tick(test::some_id(1), 1, text("t")).error() == errc::io_error);
    CHECK(s.tip() == id_of(0)); // reading goes on
    CHECK(s.block(id_of(0)) == block_of(0).raw);
    CHECK(s.close().error() == errc::io_error);
  }
  auto s = open_in(*dir, o);
  CHECK_FALSE(s.was_clean());
  CHECK(s.tip() == id_of(0));
  CHECK(s.block(id_of(1)).error() == errc::not_found);
  REQUIRE(s.apply(commit_of(1)));
  CHECK(s.block(id_of(1)) == block_of(1).raw);
}

TEST_CASE(
    "a low disk refuses commits and lets them through when it is better") {
  test::temporary_directory dir;
  std::uint64_t room = 5000;
  auto o = quick();
  o.low_below = 1000;
  o.low_until = 2000;
  o.free_space = [&](const path&) -> result<std::uint64_t> { return room; };
  auto s = open_in(*dir, o);
  REQUIRE(s.apply(commit_of(0)));
  room = 1000;
  REQUIRE(s.apply(commit_of(1)));
  room = 999;
  CHECK(s.apply(commit_of(2)).error() == errc::disk_full);
  CHECK(s.disk_low());
  CHECK_FALSE(s.failed());
  room = 1999; // above the lower limit, not yet above the upper
  CHECK(s.apply(commit_of(2)).error() == errc::disk_full);
  CHECK(s.tip() == id_of(1));
  room = 2000;
  REQUIRE(s.apply(commit_of(2)));
  CHECK_FALSE(s.disk_low());
}

TEST_CASE("a full map refuses a commit whole, its blocks included") {
  test::temporary_directory dir;
  auto o = quick();
  o.map_max = 2 << 20;
  auto s = open_in(*dir, o);
  REQUIRE(s.apply(commit_of(0)));
  auto big = commit_of(1);
  big.rewards = bytes(3 << 20);
  CHECK(s.apply(big).error() == errc::disk_full);
  CHECK_FALSE(s.failed());
  CHECK(s.tip() == id_of(0));
  CHECK(s.id_at(height{1}).error() == errc::not_found);
  REQUIRE(s.apply(commit_of(1)));
  CHECK(s.block(id_of(1)) == block_of(1).raw);
}

TEST_CASE("a block above the record limit changes nothing") {
  test::temporary_directory dir;
  auto s = open_in(*dir);
  REQUIRE(s.apply(commit_of(0)));
  auto c = commit_of(1);
  c.blocks.push_back({id_of(2), {}, bytes(max_record_bytes + 1), {}});
  CHECK(s.apply(c).error() == errc::too_large);
  CHECK(s.block(id_of(1)).error() == errc::not_found);
  REQUIRE(s.apply(commit_of(1)));
  CHECK(s.block(id_of(1)) == block_of(1).raw);
}

TEST_CASE("another network's directory and a newer schema are refused") {
  test::temporary_directory dir;
  {
    auto s = open_in(*dir);
    REQUIRE(s.apply(commit_of(0)));
  }
  const network_id theirs{test::some_id(2)};
  CHECK(store::open(*dir, theirs, quick()).error() == errc::wrong_network);
  {
    environment_options o;
    o.tables = {"meta"};
    auto env = environment::open(*dir, o);
    // The other tables exist, too: one handle per table of the options.
    REQUIRE(env);
    REQUIRE(env->write([&](write_transaction& w) {
      return w.put(env->table_named("meta"), view("schema"),
                   be(schema_version + 1));
    }));
  }
  auto newer = store::open(*dir, ours, quick());
  CHECK(newer.error() == errc::bad_config);
  CHECK(newer.error().detail.find("newer program") != std::string::npos);
  CHECK(store::open_read_only(*dir).error() == errc::bad_config);
}

TEST_CASE("a second writer is refused, a second reader is not") {
  test::temporary_directory dir;
  auto s = open_in(*dir);
  REQUIRE(s.apply(commit_of(0)));
  CHECK(store::open(*dir, ours, quick()).error() == errc::already_running);
  const int writer = test::in_child([&] {
    auto second = store::open(*dir, ours, quick());
    return !second && second.error() == errc::already_running ? 0 : 1;
  });
  CHECK(writer == 0);
  const int reading = test::in_child([&] {
    auto r = store::open_read_only(*dir);
    if (!r) return 1;
    return r->tip() == id_of(0) && r->block(id_of(0)) == block_of(0).raw ? 0
                                                                         : 2;
  });
  CHECK(reading == 0);
  REQUIRE(s.apply(commit_of(1)));
}

TEST_CASE("a reader in another process follows the writer over segments") {
  test::temporary_directory dir;
  auto s = open_in(*dir);
  REQUIRE(s.apply(commit_of(0)));
  std::array<int, 2> ready{};
  std::array<int, 2> go{};
  REQUIRE(::pipe(ready.data()) == 0);
  REQUIRE(::pipe(go.data()) == 0);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto r = store::open_read_only(*dir);
    char byte = 0;
    if (!r || r->tip() != id_of(0)) ::_exit(1);
    if (::write(ready[1], "x", 1) != 1) ::_exit(2);
    if (::read(go[0], &byte, 1) != 1) ::_exit(3);
    if (r->tip() != id_of(40)) ::_exit(4);
    for (std::uint32_t i = 0; i <= 40; ++i)
      if (r->block(id_of(i)) != block_of(i).raw) ::_exit(5);
    ::_exit(0);
  }
  ::close(ready[1]); // so that a child that ends early ends our wait
  char byte = 0;
  CHECK(::read(ready[0], &byte, 1) == 1);
  for (std::uint32_t i = 1; i <= 40; ++i) REQUIRE(s.apply(commit_of(i)));
  REQUIRE(::write(go[1], "x", 1) == 1);
  int how = 0;
  REQUIRE(::waitpid(child, &how, 0) == child);
  CHECK(WEXITSTATUS(how) == 0);
  for (int fd : {ready[0], go[0], go[1]}) ::close(fd);
}

TEST_CASE("a reader in another thread sees each tip with its block") {
  test::temporary_directory dir;
  auto s = open_in(*dir);
  REQUIRE(s.apply(commit_of(0)));
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::thread other{[r = disk::reader{s}, &stop, &wrong] {
    while (!stop) {
      const auto tip = r.tip();
      if (!tip || !r.block(*tip) || !r.undo(*tip)) ++wrong;
    }
  }};
  for (std::uint32_t i = 1; i < 30; ++i) CHECK(s.apply(commit_of(i)));
  stop = true;
  other.join();
  CHECK(wrong == 0);
}

TEST_CASE("a tail that no commit knows is cut at the next start") {
  test::temporary_directory dir;
  {
    auto s = open_in(*dir);
    for (std::uint32_t i = 0; i < 8; ++i) REQUIRE(s.apply(commit_of(i)));
  }
  const auto blocks = *dir / "blocks";
  const auto files = static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator{blocks}, {}));
  REQUIRE(files == 2);
  auto tail = test::read_whole(blocks / "000001.seg");
  const auto good = tail;
  tail.resize(tail.size() + 500, 0xaa);
  test::write_whole(blocks / "000001.seg", tail);
  test::write_whole(blocks / "000002.seg", bytes(17, 1));
  auto s = open_in(*dir);
  CHECK(test::read_whole(blocks / "000001.seg") == good);
  CHECK_FALSE(std::filesystem::exists(blocks / "000002.seg"));
  for (std::uint32_t i = 8; i < 16; ++i) REQUIRE(s.apply(commit_of(i)));
  for (std::uint32_t i = 0; i < 16; ++i)
    CHECK(s.block(id_of(i)) == block_of(i).raw);
}

TEST_CASE("segments that lost a committed record are corrupt at the start") {
  test::temporary_directory dir;
  {
    auto s = open_in(*dir);
    for (std::uint32_t i = 0; i < 3; ++i) REQUIRE(s.apply(commit_of(i)));
    REQUIRE(s.close());
  }
  const auto segment = *dir / "blocks" / "000000.seg";
  const auto good = test::read_whole(segment);
  test::write_whole(segment, byte_view{good}.first(good.size() - 1));
  CHECK(store::open(*dir, ours, quick()).error() == errc::corrupt);
  auto bad = good;
  bad[good.size() - 5] ^= 1; // in the tip's body
  test::write_whole(segment, bad);
  CHECK(store::open(*dir, ours, quick()).error() == errc::corrupt);
  std::filesystem::remove(segment);
  CHECK(store::open(*dir, ours, quick()).error() == errc::corrupt);
  test::write_whole(segment, good);
  CHECK(store::open(*dir, ours, quick()));
}

TEST_CASE("damage after an unclean stop is found before the store opens") {
  test::temporary_directory dir;
  const auto file = dir / "data.mdb";
  {
    auto s = open_in(*dir);
    for (std::uint32_t i = 0; i < 3; ++i) REQUIRE(s.apply(commit_of(i)));
  }
  const auto good = test::read_whole(file);
  const auto value = test::some_bytes(9002, 30); // account 0, last version
  auto bad = good;
  const auto at =
      std::search(bad.begin(), bad.end(), value.begin(), value.end());
  REQUIRE(at != bad.end());
  *at ^= 1;
  test::write_whole(file, bad);
  auto refused = store::open(*dir, ours, quick());
  CHECK(refused.error() == errc::corrupt);
  CHECK(refused.error().detail.find("accounts") != std::string::npos);
  auto o = quick();
  o.verify = verify_policy::never;
  auto s = open_in(*dir, o);
  CHECK(s.account(account_of(0)).error() == errc::corrupt);
  CHECK(s.account(account_of(1)) == test::some_bytes(1, 20));
}

TEST_CASE("a copy under writes opens as the chain it was taken from") {
  test::temporary_directory dir;
  auto s = open_in(dir / "chain");
  for (std::uint32_t i = 0; i < 12; ++i) REQUIRE(s.apply(commit_of(i)));
  REQUIRE(s.copy_to(dir / "copy"));
  REQUIRE(s.apply(commit_of(12)));
  auto copy = open_in(dir / "copy");
  CHECK(copy.tip() == id_of(11));
  for (std::uint32_t i = 0; i < 12; ++i)
    CHECK(copy.block(id_of(i)) == block_of(i).raw);
  REQUIRE(copy.apply(commit_of(12)));
}
