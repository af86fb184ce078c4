// What a damaged data file may do: be refused, or give the same data.

#include "core/disk/lmdb.hpp"
#include "tests/core/disk/disk_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>

using namespace spacetime;
using namespace spacetime::disk;

namespace {
using contents = std::map<bytes, bytes>;
constexpr std::chrono::seconds patience{20};
constexpr int same = 0;
constexpr int refused = 1;
constexpr int other = 2;
constexpr int failed = 3;

environment_options options(bool read_only) {
  environment_options o;
  o.tables = {"accounts", "blocks"};
  o.map_start = 1 << 20;
  o.read_only = read_only;
  return o;
}

result<contents> contents_of(const path& dir) {
  auto env = environment::open(dir, options(true));
  if (!env) return fail(env.error());
  auto txn = env->read();
  if (!txn) return fail(txn.error());
  contents out;
  for (const char* name : {"accounts", "blocks"}) {
    auto read = txn->for_each(env->table_named(name), {},
                              [&](byte_view k, byte_view v) {
                                bytes key{static_cast<std::uint8_t>(name[0])};
                                key.insert(key.end(), k.begin(), k.end());
                                out[key] = {v.begin(), v.end()};
                                return true;
                              });
    if (!read) return fail(read.error());
  }
  return out;
}

// Several commits, so that there are free pages, old versions, long values.
contents make_environment(const path& dir) {
  auto env = environment::open(dir, options(false));
  REQUIRE(env);
  std::mt19937_64 next{4};
  for (std::uint32_t round = 0; round < 8; ++round)
    REQUIRE(env->write([&](write_transaction& w) -> status {
      for (std::uint32_t i = 0; i < 120; ++i) {
        const auto key = test::some_id(i * 7 % 300 + round);
        auto r = w.put(env->table_named("accounts"), key,
                       test::some_bytes(next(), 40 + i % 30));
        if (!r) return r;
      }
      for (std::uint32_t i = 0; i < 10; ++i) {
        auto r = w.put(env->table_named("blocks"), test::some_id(i),
                       test::some_bytes(next(), 300 * i + 90 * round));
        if (!r) return r;
        if (i % 4 == 3)
          if (auto e = w.erase(env->table_named("blocks"), test::some_id(i));
              !e)
            return e;
      }
      return {};
    }));
  { auto gone = std::move(*env); }
  auto all = contents_of(dir);
  REQUIRE(all);
  return *all;
}

// As a reader that trusts the verifier would: verify, then read all of it.
int verified_read(const path& dir, const contents& expected) {
  auto sound = verify_environment(dir);
  if (!sound) return sound.error() == errc::corrupt ? refused : failed;
  auto now = contents_of(dir);
  if (!now) return failed; // the verifier let it pass: a reader must not fail
  return *now == expected ? same : other;
}

// Tries many damaged files in one child: what gets past the page check and
// crashes LMDB ends the child, and the test. 0 if each was refused or read the
// same, and both happened.
template <class F> // bytes F(i)
int try_all(const path& dir, const contents& expected, std::size_t n,
            F damaged) {
  return test::in_child([&] {
    std::array<std::size_t, 2> outcomes{};
    for (std::size_t i = 0; i < n; ++i) {
      test::write_whole(dir / "data.mdb", damaged(i));
      const int outcome = verified_read(dir, expected);
      if (outcome != same && outcome != refused) {
        std::fprintf(stderr, "damage %zu has outcome %d\n", i, outcome);
        return 1;
      }
      ++outcomes[static_cast<std::size_t>(outcome)];
    }
    return outcomes[same] > 0 && outcomes[refused] > n / 10 ? 0 : 2;
  });
}
} // namespace

TEST_CASE("no flipped bit of a data file gives other data or a crash") {
  test::temporary_directory dir;
  const auto expected = make_environment(*dir);
  const auto good = test::read_whole(dir / "data.mdb");
  REQUIRE(verified_read(*dir, expected) == same);
  std::mt19937_64 next{9};
  std::vector<std::size_t> bits;
  for (std::size_t i = 0; i < 152 * 8; ++i) { // all of both headers
    bits.push_back(i);
    bits.push_back(4096 * 8 + i);
  }
  for (std::size_t p = 2; p < good.size() / 4096; ++p)
    for (std::size_t i = 0; i < 12; ++i) { // page header, offsets, the rest
      bits.push_back(4096 * 8 * p + next() % (16 * 8));
      bits.push_back(4096 * 8 * p + next() % ((i < 6 ? 64 : 4096) * 8));
    }
  const int code = try_all(*dir, expected, bits.size(), [&](std::size_t i) {
    auto bad = good;
    bad[bits[i] / 8] ^= static_cast<std::uint8_t>(1u << bits[i] % 8);
    return bad;
  });
  CHECK(code == 0);
}

TEST_CASE("random garbage in a page is refused, or the page was free") {
  test::temporary_directory dir;
  const auto expected = make_environment(*dir);
  const auto good = test::read_whole(dir / "data.mdb");
  const int code =
      try_all(*dir, expected, good.size() / 4096, [&](std::size_t p) {
        auto bad = good;
        const auto junk = test::some_bytes(p, 4096);
        std::copy(junk.begin(), junk.end(),
                  bad.begin() + static_cast<std::ptrdiff_t>(4096 * p));
        return bad;
      });
  CHECK(code == 0);
}

TEST_CASE("a page in place of another is refused: an old version is no data") {
  test::temporary_directory dir;
  const auto expected = make_environment(*dir);
  const auto good = test::read_whole(dir / "data.mdb");
  const auto pages = good.size() / 4096;
  std::mt19937_64 next{12};
  const int code = try_all(*dir, expected, 200, [&](std::size_t i) {
    const auto from = next() % pages;
    const auto to = next() % pages;
    auto bad = good;
    const auto at = bad.begin() + static_cast<std::ptrdiff_t>(4096 * to);
    std::copy_n(good.begin() + static_cast<std::ptrdiff_t>(4096 * from), 4096,
                at);
    if (i % 2 == 1) { // claiming the place it is in
      const std::uint64_t number = to;
      std::memcpy(&*at, &number, sizeof number);
    }
    return bad;
  });
  CHECK(code == 0);
}

TEST_CASE("an old version of a tree is refused, though its values are sound") {
  test::temporary_directory dir;
  make_environment(*dir);
  const auto good = test::read_whole(dir / "data.mdb");
  // Each tree's root in both headers, pointed at every other page.
  std::size_t accepted = 0;
  for (std::size_t at : {16 + 24 + 40, 16 + 24 + 48 + 40})
    for (std::uint64_t p = 2; p < good.size() / 4096; ++p) {
      auto bad = good;
      const std::uint64_t root = p;
      for (std::size_t page : {0, 4096})
        std::memcpy(bad.data() + page + at, &root, sizeof root);
      test::write_whole(dir / "data.mdb", bad);
      accepted += verify_environment(*dir).has_value();
    }
  CHECK(accepted == 2); // the right one of each
}

TEST_CASE("every truncation of a data file is refused") {
  test::temporary_directory dir;
  make_environment(*dir);
  const auto good = test::read_whole(dir / "data.mdb");
  for (std::size_t n = 0; n < good.size(); n += n < 9000 ? 777 : 6777) {
    test::write_whole(dir / "data.mdb", byte_view{good}.first(n));
    CAPTURE(n);
    CHECK(verify_environment(*dir).error() == errc::corrupt);
  }
}

TEST_CASE("the parent of a verifier survives what the verifier does not") {
  test::temporary_directory dir;
  const auto expected = make_environment(*dir);
  const auto good = test::read_whole(dir / "data.mdb");
  std::mt19937_64 next{5};
  for (int i = 0; i < 20; ++i) {
    auto bad = good;
    for (int flips = 0; flips < 50; ++flips)
      bad[next() % bad.size()] ^= static_cast<std::uint8_t>(next());
    test::write_whole(dir / "data.mdb", bad);
    auto sound = verify_in_child(*dir, patience);
    if (sound) CHECK(contents_of(*dir) == expected);
    if (!sound) CHECK(sound.error() == errc::corrupt);
  }
}

TEST_CASE("a damaged value is corrupt and names file, table and key") {
  test::temporary_directory dir;
  const auto key = test::some_id(1);
  const auto value = test::some_bytes(2, 300);
  {
    auto env = environment::open(*dir, options(false));
    REQUIRE(env);
    REQUIRE(env->write([&](write_transaction& w) {
      return w.put(env->table_named("accounts"), key, value);
    }));
  }
  auto raw = test::read_whole(dir / "data.mdb");
  const auto at =
      std::search(raw.begin(), raw.end(), value.begin(), value.end());
  REQUIRE(at != raw.end());
  at[17] ^= 4;
  test::write_whole(dir / "data.mdb", raw);
  auto env = environment::open(*dir, options(true));
  REQUIRE(env);
  const auto names_all = [&](const error& e) {
    CHECK(e == errc::corrupt);
    CHECK(e.detail.find((dir / "data.mdb").string()) != std::string::npos);
    CHECK(e.detail.find("accounts") != std::string::npos);
    CHECK(e.detail.find("key ") != std::string::npos);
  };
  {
    auto txn = env->read();
    names_all(txn->get(env->table_named("accounts"), key).error());
    names_all(txn->for_each(env->table_named("accounts"), {},
                            [](byte_view, byte_view) { return true; })
                  .error());
  }
  names_all(verify_in_child(*dir, patience).error());
}

TEST_CASE("the verifier's child is killed at its deadline") {
  test::temporary_directory dir;
  make_environment(*dir);
  CHECK(verify_in_child(*dir, std::chrono::milliseconds{0}).error()
        == errc::timed_out);
  CHECK(verify_in_child(*dir, patience));
}

TEST_CASE("with the mark of a clean end only the headers are checked") {
  test::temporary_directory dir;
  make_environment(*dir);
  const auto file = dir / "data.mdb";
  const auto damage = [&](std::size_t at) {
    auto raw = test::read_whole(file);
    raw[at] ^= 0x10;
    test::write_whole(file, raw);
  };
  const auto verify = [&](verify_when when) {
    return verify_in_child(*dir, patience, when);
  };
  const auto close_cleanly = [&] {
    auto env = environment::open(*dir, options(false));
    REQUIRE(env);
    REQUIRE(env->close());
  };
  CHECK(verify(verify_when::unclean));
  close_cleanly();
  CHECK(verify(verify_when::unclean));
  // Somewhere in the pages there is a byte that only a whole walk sees.
  bool seen = false;
  const auto good = test::read_whole(file);
  for (std::size_t p = 2; p < good.size() / 4096 && !seen; ++p) {
    damage(4096 * p + 4000);
    seen = !verify(verify_when::always) && verify(verify_when::unclean);
    test::write_whole(file, good);
  }
  CHECK(seen);
  damage(16); // the magic number
  CHECK(verify(verify_when::unclean).error() == errc::corrupt);
}

TEST_CASE("a sound file verifies whatever was done to it before") {
  test::temporary_directory dir;
  auto o = options(false);
  std::mt19937_64 next{77};
  for (int round = 0; round < 12; ++round) {
    {
      auto env = environment::open(*dir, o);
      REQUIRE(env);
      for (int c = 0; c < 6; ++c) {
        const auto size = next() % 9000;
        const auto spread = 1 + next() % 500;
        auto changed = env->write([&](write_transaction& w) -> status {
          for (std::uint64_t i = 0; i < next() % 300; ++i) {
            const auto& t = env->table_named(i % 2 ? "accounts" : "blocks");
            const auto key = test::some_id(next() % spread);
            auto r =
                next() % 5 == 0
                    ? w.erase(t, key)
                    : w.put(t, key, test::some_bytes(i, next() % (size + 1)));
            if (!r) return r;
          }
          if (next() % 6 == 0)
            if (auto r = w.erase_range(env->table_named("blocks"), {}, {}); !r)
              return fail(r.error());
          return next() % 5 == 0 ? status{fail(errc::cancelled)} : status{};
        });
        REQUIRE((changed || changed.error() == errc::cancelled));
      }
    }
    auto sound = verify_environment(*dir);
    if (!sound) FAIL(to_string(sound.error()));
  }
}

TEST_CASE("a file verifies while another process writes to it") {
  test::temporary_directory dir;
  make_environment(*dir);
  const auto writer = ::fork();
  REQUIRE(writer >= 0);
  if (writer == 0) {
    auto env = environment::open(*dir, options(false));
    for (std::uint32_t n = 0; env; ++n)
      (void)env->write([&](write_transaction& w) {
        return w.put(env->table_named("accounts"), test::some_id(n % 400),
                     test::some_bytes(n, n % 5000));
      });
    ::_exit(1);
  }
  for (int i = 0; i < 30; ++i) {
    auto sound = verify_environment(*dir);
    if (!sound) CHECK(to_string(sound.error()) == "");
  }
  ::kill(writer, SIGKILL);
  ::waitpid(writer, nullptr, 0);
  CHECK(verify_environment(*dir));
}
