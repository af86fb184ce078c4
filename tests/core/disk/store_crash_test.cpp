// Processes killed in the middle of commits, and disks that fill up.

#include "core/disk/store.hpp"
#include "tests/core/disk/disk_fixture.hpp"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

using namespace spacetime;
using namespace spacetime::disk;

namespace {
const network_id ours{test::some_id(1)};
constexpr std::uint32_t accounts = 40;

store_options small() {
  store_options o;
  o.map_start = 1 << 20;
  o.segment_bytes = 20'000;
  o.low_below = o.low_until = 0;
  return o;
}

block_id id_of(std::uint32_t n) {
  return {test::some_id(n)};
}
account_id account_of(std::uint32_t n) {
  return {test::some_id(~std::uint64_t{n})};
}

/// Block n, its number in accounts n, n+1, n+2 modulo `accounts`.
commit commit_of(std::uint32_t n) {
  commit c;
  c.blocks.push_back({id_of(n), test::some_bytes(n, 30),
                      test::some_bytes(n, 200 + n * 37 % 3000),
                      test::some_bytes(n + 1, 100)});
  c.connected.push_back({height{n}, id_of(n)});
  for (std::uint32_t i = 0; i < 3; ++i) {
    const auto raw = be(n);
    c.accounts.push_back(
        {account_of((n + i) % accounts), bytes{raw.begin(), raw.end()}});
  }
  c.rewards = test::some_bytes(n, 64);
  c.tip = id_of(n);
  return c;
}

/// The number of the last commit with account `a`, up to `n`.
std::optional<std::uint32_t> last_with(std::uint32_t a, std::uint32_t n) {
  for (std::uint32_t m = n + 1; m-- > 0 && m + accounts > n;)
    if ((m + accounts - a) % accounts == 0 || (m + 1) % accounts == a
        || (m + 2) % accounts == a)
      return m;
  return std::nullopt;
}

/// Nothing if the store is exactly what commits 0..n leave.
std::string difference(const disk::reader& s, std::uint32_t n) {
  for (std::uint32_t i = 0; i <= n; ++i) {
    const auto c = commit_of(i);
    const auto& b = c.blocks.front();
    if (s.block(b.id) != b.raw) return "block " + std::to_string(i);
    if (s.index_record(b.id) != b.index_record) return "index";
    if (s.undo(b.id) != *b.undo) return "undo";
    if (s.id_at(height{i}) != b.id) return "height";
  }
  if (s.id_at(height{n + 1}) || s.index_record(id_of(n + 1))) return "too much";
  if (s.rewards() != *commit_of(n).rewards) return "rewards";
  for (std::uint32_t a = 0; a < accounts; ++a) {
    const auto m = last_with(a, n);
    const auto now = s.account(account_of(a));
    if (!m && now) return "an account from nowhere";
    if (!m) continue;
    const auto raw = be(*m);
    if (now != bytes{raw.begin(), raw.end()})
      return "account " + std::to_string(a);
  }
  return {};
}

/// The number of the tip; nothing without one.
std::optional<std::uint32_t> tip_of(const disk::reader& s, std::uint32_t most) {
  const auto tip = s.tip();
  if (!tip) return std::nullopt;
  for (std::uint32_t n = 0; n <= most; ++n)
    if (*tip == id_of(n)) return n;
  FAIL("the tip is none of ours");
  return std::nullopt;
}

/// Commits for ever, from `first` on; one byte per acknowledged commit.
[[noreturn]] void commit_for_ever(const path& dir, std::uint32_t first,
                                  int ack) {
  auto s = store::open(dir, ours, small());
  for (std::uint32_t n = first; s; ++n) {
    if (!s->apply(commit_of(n))) ::_exit(1);
    if (::write(ack, "x", 1) != 1) ::_exit(2);
  }
  ::_exit(3);
}

/// Acknowledged commits of a child that was killed after `kill_after` of them
/// and a moment more.
std::uint32_t killed_after(const path& dir, std::uint32_t first,
                           std::uint32_t kill_after, std::uint64_t moment) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    commit_for_ever(dir, first, ends[1]);
  }
  ::close(ends[1]);
  std::uint32_t acknowledged = 0;
  std::array<char, 64> part;
  const auto take = [&](std::size_t most) {
    const auto n = ::read(ends[0], part.data(), most);
    acknowledged += n > 0 ? static_cast<std::uint32_t>(n) : 0;
    return n > 0;
  };
  while (acknowledged < kill_after && take(1)) {
  }
  volatile std::uint64_t spin = moment;
  while (spin > 0) spin = spin - 1;
  ::kill(child, SIGKILL);
  while (take(part.size())) {
  }
  ::close(ends[0]);
  int how = 0;
  REQUIRE(::waitpid(child, &how, 0) == child);
  CHECK((WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL));
  return acknowledged;
}
} // namespace

TEST_CASE("a process killed at any moment loses no acknowledged commit") {
  test::temporary_directory dir;
  std::mt19937_64 next{2024};
  std::uint32_t first = 0;
  for (int round = 0; round < 20; ++round) {
    const auto acknowledged =
        killed_after(*dir, first, static_cast<std::uint32_t>(next() % 6),
                     next() % 12'000'000);
    auto s = store::open(*dir, ours, small());
    if (!s) FAIL(to_string(s.error()));
    const auto tip = tip_of(*s, first + acknowledged + 1);
    const auto have = tip ? *tip + 1 : 0;
    CHECK(have >= first + acknowledged);
    CHECK(have <= first + acknowledged + 1); // one may be committed, unheard
    if (tip) CHECK(difference(*s, *tip) == "");
    first = have;
  }
  CHECK(first > 20);
}

TEST_CASE("a limit on the file size fails commits and keeps the old tip") {
  // Rising limits hit the segment, the pages, the growth of the map.
  for (std::uint64_t limit : {30'000u, 60'000u, 100'000u, 200'000u}) {
    test::temporary_directory dir;
    auto o = small();
    o.segment_bytes = 1 << 20;
    const int code = test::in_child([&] {
      auto s = store::open(*dir, ours, o);
      if (!s || !s->apply(commit_of(0))) return 1;
      std::signal(SIGXFSZ, SIG_IGN);
      const rlimit cap{limit, limit};
      ::setrlimit(RLIMIT_FSIZE, &cap);
      for (std::uint32_t n = 1; n < 1000; ++n) {
        auto done = s->apply(commit_of(n));
        if (done) continue;
        if (done.error() != errc::io_error && done.error() != errc::disk_full)
          return 2;
        const auto tip = s->tip();
        if (!tip || *tip != id_of(n - 1)) return 3;
        if (!difference(*s, n - 1).empty()) return 4;
        return static_cast<int>(std::min(n, 40u)) + 9;
      }
      return 5;
    });
    CAPTURE(limit);
    CHECK(code >= 10);
    auto s = store::open(*dir, ours, o);
    if (!s) FAIL(to_string(s.error()));
    const auto tip = tip_of(*s, 1000);
    REQUIRE(tip);
    if (code < 49) CHECK(*tip + 10 == static_cast<std::uint32_t>(code));
    CHECK(difference(*s, *tip) == "");
    CHECK(s->apply(commit_of(*tip + 1)));
  }
}

namespace {
/// Puts a file system of 1 MiB over `dir`, seen by this process alone; false
/// if this user may not.
bool mount_small_disk(const path& dir) {
  const auto uid = "0 " + std::to_string(::getuid()) + " 1";
  if (::unshare(CLONE_NEWNS) != 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    auto map = open_file("/proc/self/uid_map", O_WRONLY);
    if (!map || !write_at(*map, 0, view(uid), "uid_map")) return false;
  }
  return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0
         && ::mount("disk", dir.c_str(), "tmpfs", 0, "size=1m") == 0;
}
} // namespace

TEST_CASE("a full disk refuses commits, and takes them when there is room") {
  test::temporary_directory dir;
  const int code = test::in_child([&] {
    if (!mount_small_disk(*dir)) return 50;
    auto s = store::open(dir / "chain", ours, small());
    if (!s) return 1;
    const auto ballast = dir / "ballast";
    if (!write_file_atomically(ballast, bytes(400'000), 0600)) return 2;
    std::uint32_t n = 0;
    status done;
    while (n < 1000 && (done = s->apply(commit_of(n)))) ++n;
    if (done || n < 2) return 3;
    if (done.error() != errc::disk_full || s->failed()) return 4;
    for (int again = 0; again < 3; ++again)
      if (s->apply(commit_of(n))) return 5;
    if (!difference(*s, n - 1).empty()) return 6;
    std::filesystem::remove(ballast);
    for (int more = 0; more < 5; ++more, ++n)
      if (!s->apply(commit_of(n))) return 7;
    if (!difference(*s, n - 1).empty() || !s->close()) return 8;
    { auto gone = std::move(*s); }
    auto reopened = store::open(dir / "chain", ours, small());
    if (!reopened || !difference(*reopened, n - 1).empty()) return 9;
    return 0;
  });
  if (code == 50) {
    MESSAGE("not tested: this user may not mount a file system");
    return;
  }
  CHECK(code == 0);
}

TEST_CASE("a disk that fills within a batch of blocks takes all of it back, "
          "segments that were begun included") {
  test::temporary_directory dir;
  const int code = test::in_child([&] {
    if (!mount_small_disk(*dir)) return 50;
    auto o = small();
    o.segment_bytes = 100'000;
    auto s = store::open(dir / "chain", ours, o);
    if (!s) return 1;
    for (std::uint32_t i = 0; i < 3; ++i)
      if (!s->apply(commit_of(i))) return 2;
    const auto files = [&] {
      std::vector<std::pair<std::string, std::uint64_t>> out;
      for (const auto& f :
           std::filesystem::directory_iterator{dir / "chain/blocks"})
        out.emplace_back(f.path().filename(), f.file_size());
      std::sort(out.begin(), out.end());
      return out;
    };
    const auto before = files();
    commit big;
    for (std::uint64_t i = 0; i < 40; ++i)
      big.blocks.push_back(
          {{test::some_id(700 + i)}, bytes(10, 1), bytes(30'000, 2), {}});
    big.sync = sync_policy::batch;
    for (int again = 0; again < 3; ++again) {
      const auto done = s->apply(big);
      if (done || done.error() != errc::disk_full || s->failed()) return 3;
      if (files() != before) return 4;
      if (!difference(*s, 2).empty()) return 5;
    }
    big.blocks.resize(5); // fits
    if (!s->apply(big) || !s->sync() || !s->apply(commit_of(3))) return 6;
    { auto gone = std::move(*s); } // as after a crash
    auto reopened = store::open(dir / "chain", ours, o);
    if (!reopened || !difference(*reopened, 3).empty()) return 7;
    if (reopened->block({test::some_id(704)}) != bytes(30'000, 2)) return 8;
    return 0;
  });
  if (code == 50) {
    MESSAGE("not tested: this user may not mount a file system");
    return;
  }
  CHECK(code == 0);
}
