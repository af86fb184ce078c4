#include "core/disk/segment_file.hpp"
#include "tests/core/disk/disk_fixture.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cerrno>
#include <thread>

using namespace spacetime;
using namespace spacetime::disk;

namespace {
const network_id ours{test::some_id(1)};

segment_files open_segments_in(const path& dir, std::uint64_t rotate = 1000) {
  segment_options o;
  o.segment_bytes = rotate;
  auto out = segment_files::open(dir, ours, o);
  REQUIRE(out);
  return std::move(*out);
}

std::size_t count_of(const path& dir) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator{dir}, {}));
}
} // namespace

TEST_CASE("records read back over files, handles and restarts") {
  test::temporary_directory dir;
  std::vector<std::pair<location, bytes>> all;
  for (int round = 0; round < 3; ++round) {
    auto files = open_segments_in(*dir);
    for (std::size_t i = 0; i < 20; ++i) {
      const auto data = test::some_bytes(all.size(), 1 + 37 * i);
      auto at = files.append(data);
      REQUIRE(at);
      all.emplace_back(*at, data);
    }
    REQUIRE(files.sync());
    for (const auto& [at, data] : all) CHECK(files.read(at) == data);
  }
  CHECK(count_of(*dir) > 10);
  CHECK(all.back().first.file + 1 == count_of(*dir));
  segment_options o;
  o.read_only = true;
  auto reading = segment_files::open(*dir, ours, o);
  REQUIRE(reading);
  for (const auto& [at, data] : all) CHECK(reading->read(at) == data);
}

TEST_CASE("a record longer than a segment has a segment of its own") {
  test::temporary_directory dir;
  auto files = open_segments_in(*dir, 200);
  const auto big = test::some_bytes(1, 5000);
  const auto a = files.append(view("a"));
  const auto b = files.append(big);
  const auto c = files.append(view("c"));
  REQUIRE((a && b && c));
  CHECK(a->file == 0);
  CHECK(b->file == 1);
  CHECK(c->file == 2);
  CHECK(files.read(*b) == big);
}

TEST_CASE("a payload above the limit is refused, and nothing is written") {
  test::temporary_directory dir;
  auto files = open_segments_in(*dir);
  auto at = files.append(bytes(max_record_bytes + 1));
  CHECK(at.error() == errc::too_large);
  CHECK(files.end() == location{});
  CHECK(count_of(*dir) == 0);
}

TEST_CASE("no flipped byte of a segment makes it give other data") {
  test::temporary_directory dir;
  const auto data = test::some_bytes(5, 100);
  const auto other = test::some_bytes(6, 60);
  location at;
  location after;
  {
    auto files = open_segments_in(*dir);
    at = *files.append(data);
    after = *files.append(other);
    REQUIRE(files.sync());
  }
  const auto name = dir / "000000.seg";
  const auto good = test::read_whole(name);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < good.size(); ++i)
    for (std::uint8_t flip : {0x01, 0x80, 0xff}) {
      auto bad = good;
      bad[i] ^= flip;
      test::write_whole(name, bad);
      auto files = segment_files::open(*dir, ours);
      REQUIRE(files);
      bool damaged = false;
      for (const auto& [where, expected] :
           {std::pair{at, data}, std::pair{after, other}}) {
        auto read = files->read(where);
        if (read) CHECK(*read == expected);
        if (read) continue;
        damaged = true;
        CHECK(read.error() == errc::corrupt);
        CHECK(read.error().detail.find("000000.seg") != std::string::npos);
      }
      refused += damaged;
    }
  CHECK(refused == 3 * good.size()); // every byte is covered by a checksum
}

TEST_CASE("no truncation of a segment makes it give other data") {
  test::temporary_directory dir;
  const auto data = test::some_bytes(5, 100);
  location at;
  {
    auto files = open_segments_in(*dir);
    at = *files.append(data);
    REQUIRE(files.sync());
  }
  const auto good = test::read_whole(dir / "000000.seg");
  for (std::size_t n = 0; n < good.size(); ++n) {
    test::write_whole(dir / "000000.seg", byte_view{good}.first(n));
    auto files = segment_files::open(*dir, ours);
    REQUIRE(files);
    CHECK(files->read(at).error() == errc::corrupt);
    CHECK(files->truncate_to({0, good.size(), 0}).error() == errc::corrupt);
  }
}

TEST_CASE("a location that points elsewhere is corrupt, never read past") {
  test::temporary_directory dir;
  auto files = open_segments_in(*dir, 1 << 20);
  const auto at = *files.append(test::some_bytes(1, 300));
  REQUIRE(files.append(test::some_bytes(2, 300)));
  std::mt19937_64 next{7};
  for (int i = 0; i < 2000; ++i) {
    auto lie = at;
    switch (next() % 4) {
    case 0: lie.offset = next() >> next() % 64; break;
    case 1:
      lie.length = static_cast<std::uint32_t>(next() >> next() % 64);
      break;
    case 2: lie.offset += next() % 400; break;
    default: lie.file = static_cast<std::uint32_t>(next() >> next() % 64);
    }
    if (lie == at) continue;
    auto read = files.read(lie);
    if (read) CHECK(lie.offset == at.offset + 316); // the second record
    if (!read) CHECK(read.error() == errc::corrupt);
  }
  CHECK(files.read({0, ~std::uint64_t{0}, ~std::uint32_t{0}}).error()
        == errc::corrupt);
}

TEST_CASE("a cut removes what follows the end and nothing before it") {
  test::temporary_directory dir;
  std::vector<location> ends{location{}};
  std::vector<std::pair<location, bytes>> all;
  {
    auto files = open_segments_in(*dir, 400);
    for (std::size_t i = 0; i < 12; ++i) {
      const auto data = test::some_bytes(i, 90);
      all.emplace_back(*files.append(data), data);
      ends.push_back(files.end());
    }
    REQUIRE(files.sync());
  }
  for (std::size_t keep = ends.size(); keep-- > 0;) {
    auto files = open_segments_in(*dir, 400);
    REQUIRE(files.truncate_to(ends[keep]));
    CHECK(files.end() == ends[keep]);
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto read = files.read(all[i].first);
      if (i < keep)
        CHECK(read == all[i].second);
      else
        CHECK(read.error() == errc::corrupt);
    }
  }
  CHECK(count_of(*dir) == 0);
  auto files = open_segments_in(*dir, 400);
  CHECK(files.append(view("again")));
}

TEST_CASE("a torn tail is cut and the next record goes in its place") {
  test::temporary_directory dir;
  location end;
  {
    auto files = open_segments_in(*dir);
    REQUIRE(files.append(view("kept")));
    REQUIRE(files.sync());
    end = files.end();
  }
  auto torn = test::read_whole(dir / "000000.seg");
  const auto tail = test::some_bytes(3, 33);
  torn.insert(torn.end(), tail.begin(), tail.end());
  test::write_whole(dir / "000000.seg", torn);
  auto files = open_segments_in(*dir);
  REQUIRE(files.truncate_to(end));
  auto at = files.append(view("next"));
  REQUIRE(at);
  CHECK(at->offset == end.offset);
  CHECK(files.read(*at) == bytes{'n', 'e', 'x', 't'});
}

TEST_CASE("segments of another network and missing ones are refused") {
  test::temporary_directory dir;
  location first;
  {
    auto files = open_segments_in(*dir, 100);
    first = *files.append(view("a"));
    for (int i = 0; i < 3; ++i) REQUIRE(files.append(bytes(90)));
  }
  auto theirs = segment_files::open(*dir, network_id{test::some_id(2)});
  REQUIRE(theirs);
  CHECK(theirs->read(first).error() == errc::wrong_network);
  std::filesystem::remove(dir / "000001.seg");
  CHECK(segment_files::open(*dir, ours).error() == errc::corrupt);
}

TEST_CASE("after one failed sync nothing is written until reopened") {
  test::temporary_directory dir;
  bool broken = true;
  segment_options o;
  o.sync = [&](int fd) {
    if (!broken) return ::fdatasync(fd);
    errno = EIO;
    return -1;
  };
  auto files = segment_files::open(*dir, ours, o);
  REQUIRE(files);
  REQUIRE(files->append(view("a")));
  CHECK(files->sync().error() == errc::io_error);
  broken = false; // the kernel reports a failure once; we remember it
  CHECK(files->sync().error() == errc::io_error);
  CHECK(files->append(view("b")).error() == errc::io_error);
}

TEST_CASE("readers in other threads never see a record half written") {
  test::temporary_directory dir;
  auto files = open_segments_in(*dir, 10'000);
  constexpr std::size_t n = 400;
  std::vector<location> where(n);
  std::atomic<std::size_t> written{0};
  std::atomic<std::size_t> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < n; ++i) {
        while (written.load() <= i) std::this_thread::yield();
        const auto k = t == 0 ? i : i / 2;
        wrong += files.read(where[k]) != test::some_bytes(k, 1 + k);
      }
    });
  for (std::size_t i = 0; i < n; ++i) {
    auto at = files.append(test::some_bytes(i, 1 + i));
    REQUIRE(at);
    where[i] = *at;
    written = i + 1;
  }
  for (auto& t : threads) t.join();
  CHECK(wrong == 0);
}

TEST_CASE("a copy of the segments reads like the original") {
  test::temporary_directory dir;
  auto files = open_segments_in(dir / "a", 300);
  std::vector<location> where;
  for (std::size_t i = 0; i < 9; ++i)
    where.push_back(*files.append(test::some_bytes(i, 100)));
  REQUIRE(files.copy_to(dir / "b"));
  auto copy = open_segments_in(dir / "b", 300);
  for (std::size_t i = 0; i < 9; ++i)
    CHECK(copy.read(where[i]) == test::some_bytes(i, 100));
  CHECK_FALSE(files.copy_to(dir / "b")); // never over other files
}
