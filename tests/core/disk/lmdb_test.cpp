#include "core/disk/lmdb.hpp"
#include "tests/core/disk/disk_fixture.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <thread>

using namespace spacetime;
using namespace spacetime::disk;

namespace {
environment_options small_map(std::uint64_t start = 1 << 20) {
  environment_options o;
  o.tables = {"a", "b"};
  o.map_start = start;
  return o;
}

environment open_in(const path& dir, environment_options o = small_map()) {
  auto out = environment::open(dir, std::move(o));
  if (!out) FAIL(to_string(out.error()));
  return std::move(*out);
}

bytes key_of(std::uint32_t i) {
  const auto raw = be(i);
  return {raw.begin(), raw.end()};
}

bytes value_in(const environment& env, const char* table, byte_view key) {
  auto txn = env.read();
  REQUIRE(txn);
  auto v = txn->get(env.table_named(table), key);
  if (!v) return {};
  return {v->begin(), v->end()};
}

status put(environment& env, const char* table, byte_view key, byte_view v) {
  return env.write([&](write_transaction& w) {
    return w.put(env.table_named(table), key, v);
  });
}
} // namespace

TEST_CASE("a value is there after a commit and after a restart") {
  test::temporary_directory dir;
  for (int round = 0; round < 3; ++round) {
    auto env = open_in(*dir);
    for (std::uint32_t i = 0; i < 10; ++i)
      REQUIRE(
          put(env, "a", key_of(100 * round + i), test::some_bytes(i, 7 * i)));
    for (std::uint32_t i = 0; i < 10; ++i)
      for (int r = 0; r <= round; ++r)
        CHECK(value_in(env, "a", key_of(100 * r + i))
              == test::some_bytes(i, 7 * i));
    CHECK(value_in(env, "b", key_of(1)).empty());
  }
}

TEST_CASE("random changes leave what a std::map has, in its order") {
  test::temporary_directory dir;
  std::map<bytes, bytes> model;
  std::mt19937_64 next{1};
  auto env = open_in(*dir);
  const auto& t = env.table_named("a");
  for (int round = 0; round < 20; ++round) {
    auto draft = model;
    auto done = env.write([&](write_transaction& w) -> status {
      draft = model;
      for (int i = 0; i < 50; ++i) {
        const auto key = test::some_bytes(next() % 200, 1 + next() % 20);
        const auto value = test::some_bytes(next(), next() % 6000);
        if (next() % 3 == 0) {
          if (auto r = w.erase(t, key); !r) return r;
          draft.erase(key);
        } else {
          if (auto r = w.put(t, key, value); !r) return r;
          draft[key] = value;
        }
      }
      return {};
    });
    REQUIRE(done);
    model = draft;
    auto txn = env.read();
    REQUIRE(txn);
    CHECK(txn->count(t) == model.size());
    std::map<bytes, bytes> seen;
    bytes before;
    REQUIRE(txn->for_each(t, {}, [&](byte_view k, byte_view v) {
      bytes key{k.begin(), k.end()};
      CHECK(before < key);
      seen[key] = {v.begin(), v.end()};
      before = std::move(key);
      return true;
    }));
    CHECK(seen == model);
    CHECK(txn->last(t)->first == model.rbegin()->first);
  }
  { auto gone = std::move(env); }
  CHECK(verify_environment(*dir));
}

TEST_CASE("iteration starts at the first key not below, and can be stopped") {
  test::temporary_directory dir;
  auto env = open_in(*dir);
  for (std::uint32_t i : {10u, 20u, 30u})
    REQUIRE(put(env, "a", key_of(i), key_of(i)));
  const auto keys_from = [&](bytes from, std::size_t most) {
    std::vector<bytes> out;
    auto txn = env.read();
    REQUIRE(
        txn->for_each(env.table_named("a"), from, [&](byte_view k, byte_view) {
          out.emplace_back(k.begin(), k.end());
          return out.size() < most;
        }));
    return out;
  };
  CHECK(keys_from({}, 9).size() == 3);
  CHECK(keys_from(key_of(20), 9) == std::vector<bytes>{key_of(20), key_of(30)});
  CHECK(keys_from(key_of(21), 9) == std::vector<bytes>{key_of(30)});
  CHECK(keys_from(key_of(31), 9).empty());
  CHECK(keys_from({}, 2).size() == 2);
}

TEST_CASE("a range is erased from its start to the end of its prefix") {
  test::temporary_directory dir;
  auto env = open_in(*dir);
  const auto& t = env.table_named("a");
  for (std::string k : {"a1", "a2", "a3", "b1", "b2", "c"})
    REQUIRE(put(env, "a", view(k), view("x")));
  const auto erase = [&](std::string from, std::string prefix) {
    std::uint64_t n = 0;
    REQUIRE(env.write([&](write_transaction& w) -> status {
      auto erased = w.erase_range(t, view(from), view(prefix));
      if (!erased) return fail(erased.error());
      n = *erased;
      return {};
    }));
    return n;
  };
  CHECK(erase("a2", "a") == 2);
  CHECK(erase("a2", "a") == 0);
  CHECK(erase("b", "b") == 2);
  CHECK(value_in(env, "a", view("a1")) == bytes{'x'});
  CHECK(erase("", "") == 2);
}

TEST_CASE("a change that fails leaves nothing, not even in another table") {
  test::temporary_directory dir;
  auto env = open_in(*dir);
  REQUIRE(put(env, "a", view("k"), view("old")));
  auto done = env.write([&](write_transaction& w) -> status {
    REQUIRE(w.put(env.table_named("a"), view("k"), view("new")));
    REQUIRE(w.put(env.table_named("b"), view("k"), view("new")));
    CHECK(w.get(env.table_named("a"), view("k")));
    return fail(errc::insufficient_balance);
  });
  CHECK(done.error() == errc::insufficient_balance);
  CHECK(value_in(env, "a", view("k")) == bytes{'o', 'l', 'd'});
  CHECK(value_in(env, "b", view("k")).empty());
}

TEST_CASE("a reader keeps its snapshot while others commit") {
  test::temporary_directory dir;
  auto env = open_in(*dir);
  REQUIRE(put(env, "a", view("k"), view("1")));
  auto txn = env.read();
  REQUIRE(txn);
  REQUIRE(put(env, "a", view("k"), view("2")));
  CHECK((*txn->get(env.table_named("a"), view("k")))[0] == '1');
  CHECK(value_in(env, "a", view("k")) == bytes{'2'});
}

TEST_CASE("a missing key is not_found, an impossible one internal") {
  test::temporary_directory dir;
  auto env = open_in(*dir);
  CHECK(env.read()->get(env.table_named("a"), view("k")).error()
        == errc::not_found);
  CHECK(put(env, "a", {}, view("v")).error() == errc::internal);
  CHECK(put(env, "a", bytes(512), view("v")).error() == errc::internal);
  CHECK(put(env, "a", bytes(511), view("v")));
  CHECK(env.read()->last(env.table_named("b")).error() == errc::not_found);
}

TEST_CASE("the map grows under one big change, which loses nothing") {
  test::temporary_directory dir;
  auto env = open_in(*dir);
  int runs = 0;
  auto done = env.write([&](write_transaction& w) -> status {
    ++runs;
    for (std::uint32_t i = 0; i < 4000; ++i)
      if (auto r =
              w.put(env.table_named("a"), key_of(i), test::some_bytes(i, 1500));
          !r)
        return r;
    return {};
  });
  REQUIRE(done);
  CHECK(runs > 1);
  CHECK(env.info().map_bytes >= 8 << 20);
  for (std::uint32_t i = 0; i < 4000; i += 7)
    CHECK(value_in(env, "a", key_of(i)) == test::some_bytes(i, 1500));
}

TEST_CASE("the map grows early, so that small changes run once") {
  test::temporary_directory dir;
  auto env = open_in(*dir);
  int runs = 0;
  for (std::uint32_t i = 0; i < 40; ++i)
    REQUIRE(env.write([&](write_transaction& w) {
      ++runs;
      return w.put(env.table_named("a"), key_of(i),
                   test::some_bytes(i, 150'000));
    }));
  CHECK(runs == 40);
  CHECK(env.info().map_bytes >= 8 << 20);
  CHECK(env.info().used_bytes <= env.info().map_bytes);
}

TEST_CASE("at its maximum the map is disk_full and the old data stay") {
  test::temporary_directory dir;
  auto o = small_map();
  o.map_max = 4 << 20;
  auto env = open_in(*dir, o);
  REQUIRE(put(env, "a", view("k"), view("old")));
  auto done = env.write([&](write_transaction& w) -> status {
    if (auto r = w.put(env.table_named("a"), view("k"), view("new")); !r)
      return r;
    return w.put(env.table_named("a"), view("big"), bytes(5 << 20));
  });
  REQUIRE_FALSE(done);
  CHECK(done.error() == errc::disk_full);
  CHECK(value_in(env, "a", view("k")) == bytes{'o', 'l', 'd'});
  CHECK(put(env, "a", view("k"), view("fits")));
}

TEST_CASE("a reader that stays holds growth up, which then is busy") {
  test::temporary_directory dir;
  auto o = small_map();
  o.growth_wait = std::chrono::milliseconds{1};
  auto env = open_in(*dir, o);
  {
    auto txn = env.read();
    REQUIRE(txn);
    CHECK(put(env, "a", view("k"), bytes(3 << 20)).error() == errc::busy);
    CHECK(txn->get(env.table_named("a"), view("k")).error() == errc::not_found);
  }
  CHECK(put(env, "a", view("k"), bytes(3 << 20)));
}

TEST_CASE("readers in many threads see whole commits while the map grows") {
  test::temporary_directory dir;
  auto env = open_in(*dir);
  constexpr std::uint32_t rounds = 40;
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  // Every commit writes its number under all keys: a mix is a torn read.
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      while (!stop) {
        auto txn = env.read();
        if (!txn) {
          ++wrong;
          continue;
        }
        bytes first;
        auto done = txn->for_each(env.table_named("a"), {},
                                  [&](byte_view, byte_view v) {
                                    const bytes now{v.begin(), v.begin() + 4};
                                    if (first.empty()) first = now;
                                    if (first != now) ++wrong;
                                    return true;
                                  });
        if (!done) ++wrong;
      }
    });
  status done;
  for (std::uint32_t r = 0; r < rounds && done; ++r) {
    auto value = key_of(r);
    value.resize(4 + 700 * r);
    done = env.write([&](write_transaction& w) -> status {
      for (std::uint32_t i = 0; i < 50; ++i)
        if (auto ok = w.put(env.table_named("a"), key_of(i), value); !ok)
          return ok;
      return {};
    });
  }
  stop = true;
  for (auto& t : threads) t.join();
  CHECK(done);
  CHECK(wrong == 0);
  CHECK(env.info().map_bytes > 1 << 20);
}

TEST_CASE("a process follows the map that another one has grown") {
  test::temporary_directory dir;
  { auto made = open_in(*dir); }
  auto o = small_map();
  o.read_only = true;
  auto reading = open_in(*dir, o);
  const int code = test::in_child([&] {
    auto env = environment::open(*dir, small_map());
    if (!env) return 1;
    return put(*env, "a", view("k"), bytes(6 << 20)) ? 0 : 2;
  });
  CHECK(code == 0);
  CHECK(value_in(reading, "a", view("k")) == bytes(6 << 20));
}

TEST_CASE("a directory is open once per process") {
  test::temporary_directory dir;
  auto env = open_in(*dir);
  CHECK(environment::open(*dir, small_map()).error() == errc::already_running);
  CHECK(verify_environment(*dir).error() == errc::already_running);
  CHECK(verify_in_child(*dir, std::chrono::seconds{20}));
  { auto gone = std::move(env); }
  CHECK(environment::open(*dir, small_map()));
}

TEST_CASE("the mark says whether the last writer closed") {
  test::temporary_directory dir;
  {
    auto env = open_in(*dir);
    CHECK(env.was_clean()); // new
    REQUIRE(env.close());
    CHECK(value_in(env, "a", view("k")).empty()); // still readable
  }
  {
    auto env = open_in(*dir);
    CHECK(env.was_clean());
    REQUIRE(put(env, "a", view("k"), view("v")));
  }
  {
    auto o = small_map();
    o.read_only = true;
    CHECK_FALSE(open_in(*dir, o).was_clean()); // and reading changes nothing
    CHECK_FALSE(open_in(*dir, o).was_clean());
  }
  {
    auto env = open_in(*dir);
    CHECK_FALSE(env.was_clean());
    REQUIRE(env.close());
  }
  CHECK(open_in(*dir).was_clean());
}

TEST_CASE("an environment that is not there is not_found to a reader") {
  test::temporary_directory dir;
  auto o = small_map();
  o.read_only = true;
  CHECK(environment::open(dir / "none", o).error() == errc::not_found);
  CHECK(verify_environment(dir / "none").error() == errc::not_found);
  CHECK(verify_in_child(dir / "none", std::chrono::seconds{20}).error()
        == errc::not_found);
  test::write_whole(dir / "file", view("x"));
  CHECK(environment::open(dir / "file", small_map()).error() == errc::io_error);
}

TEST_CASE("batched commits are there after the process was killed") {
  test::temporary_directory dir;
  auto o = small_map();
  o.sync = sync_policy::batch;
  const int code = test::in_child([&] {
    auto env = environment::open(*dir, o);
    for (std::uint32_t i = 0; env && i < 50; ++i)
      if (!put(*env, "a", key_of(i), key_of(i))) return 1;
    ::raise(SIGKILL);
    return 2;
  });
  CHECK(code == test::crashed + SIGKILL);
  CHECK(verify_environment(*dir));
  auto env = open_in(*dir);
  for (std::uint32_t i = 0; i < 50; ++i)
    CHECK(value_in(env, "a", key_of(i)) == key_of(i));
}

TEST_CASE("a copy under writes is sound and whole") {
  test::temporary_directory dir;
  auto env = open_in(dir / "a");
  REQUIRE(env.write([&](write_transaction& w) -> status {
    for (std::uint32_t i = 0; i < 300; ++i)
      if (auto r =
              w.put(env.table_named("a"), key_of(i), test::some_bytes(i, 3000));
          !r)
        return r;
    return {};
  }));
  REQUIRE(env.copy_to(dir / "b"));
  CHECK_FALSE(env.copy_to(dir / "b")); // never over other files
  CHECK(verify_environment(dir / "b"));
  auto copy = open_in(dir / "b");
  for (std::uint32_t i = 0; i < 300; ++i)
    CHECK(value_in(copy, "a", key_of(i)) == test::some_bytes(i, 3000));
}
