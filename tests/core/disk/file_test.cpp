#include "core/disk/file.hpp"
#include "tests/core/disk/disk_fixture.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>

using namespace spacetime;
using namespace spacetime::disk;

namespace {
std::size_t files_in(const path& directory) {
  std::size_t n = 0;
  for ([[maybe_unused]] const auto& e :
       std::filesystem::directory_iterator{directory})
    ++n;
  return n;
}
} // namespace

TEST_CASE("a full disk and a full quota are disk_full, all else io_error") {
  CHECK(os_error(ENOSPC, "/x", "write") == errc::disk_full);
  CHECK(os_error(EDQUOT, "/x", "write") == errc::disk_full);
  CHECK(os_error(EIO, "/x", "write") == errc::io_error);
  CHECK(os_error(EACCES, "/x", "write") == errc::io_error);
  CHECK(os_error(EIO, "/some/file", "sync").detail
        == "/some/file: cannot sync: Input/output error");
}

TEST_CASE("an atomic write replaces the file, sets its mode, leaves no other") {
  test::temporary_directory dir;
  const auto file = dir / "key";
  REQUIRE(write_file_atomically(file, view("one"), 0600));
  REQUIRE(write_file_atomically(file, view("second"), 0640));
  CHECK(read_file(file, 6) == bytes{'s', 'e', 'c', 'o', 'n', 'd'});
  CHECK(files_in(*dir) == 1);
  struct stat about {};
  REQUIRE(::stat(file.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0640);
}

TEST_CASE("an atomic write that fails keeps the old file and no temporary") {
  test::temporary_directory dir;
  const auto file = dir / "key";
  REQUIRE(write_file_atomically(file, view("old"), 0600));
  const int code = test::in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &small);
    auto done = write_file_atomically(file, bytes(100'000), 0600);
    return !done && done.error() == errc::io_error ? 0 : 1;
  });
  CHECK(code == 0);
  CHECK(read_file(file, 100) == bytes{'o', 'l', 'd'});
  CHECK(files_in(*dir) == 1);

  // A directory of that name: the rename fails.
  std::filesystem::create_directories(dir / "busy" / "x");
  auto done = write_file_atomically(dir / "busy", view("new"), 0600);
  REQUIRE_FALSE(done);
  CHECK(done.error() == errc::io_error);
  CHECK(files_in(*dir) == 2);
}

TEST_CASE("a write to a device without room is disk_full and names it") {
  auto full = open_file("/dev/full", O_WRONLY);
  REQUIRE(full);
  auto done = write_at(*full, 0, view("x"), "/dev/full");
  REQUIRE_FALSE(done);
  CHECK(done.error() == errc::disk_full);
  CHECK(done.error().detail.find("/dev/full") == 0);
}

TEST_CASE("a file is read up to the limit and refused above it") {
  test::temporary_directory dir;
  const auto file = dir / "data";
  for (std::size_t n : {0u, 1u, 4095u, 4096u, 4097u, 3'000'000u}) {
    const auto data = test::some_bytes(n, n);
    REQUIRE(write_file_atomically(file, data, 0600));
    CHECK(read_file(file, n) == data);
    CHECK(read_file(file, ~std::uint64_t{0}) == data);
    if (n > 0) CHECK(read_file(file, n - 1).error() == errc::too_large);
  }
  CHECK(read_file(dir / "none", 1).error() == errc::not_found);
  CHECK(read_file(*dir, 1).error() == errc::io_error);
}

TEST_CASE("the sync of a directory that is none fails") {
  test::temporary_directory dir;
  CHECK(fsync_directory(*dir));
  CHECK_FALSE(fsync_directory(dir / "none"));
  REQUIRE(write_file_atomically(dir / "file", view("x"), 0600));
  CHECK(fsync_directory(dir / "file").error() == errc::io_error);
}

TEST_CASE("directories are made with their parents, readable by us alone") {
  test::temporary_directory dir;
  REQUIRE(make_directories(*dir / "a" / "b" / "c"));
  REQUIRE(make_directories(*dir / "a" / "b" / "c"));
  struct stat about {};
  REQUIRE(::stat((*dir / "a" / "b").c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0700);
  REQUIRE(write_file_atomically(dir / "file", view("x"), 0600));
  CHECK_FALSE(make_directories(*dir / "file" / "below"));
}

TEST_CASE("a second holder is told who holds the directory") {
  test::temporary_directory dir;
  const auto lock = *dir / "run" / "lock";
  const auto parent = ::getpid();
  {
    auto first = directory_lock::take(lock);
    REQUIRE(first);
    const auto refused = [&] {
      auto second = directory_lock::take(lock);
      return !second && second.error() == errc::already_running
             && second.error().detail.find(std::to_string(parent))
                    != std::string::npos;
    };
    CHECK(refused()); // in this process
    CHECK(test::in_child([&] { return refused() ? 0 : 1; }) == 0);
  }
  CHECK(directory_lock::take(lock));
}

TEST_CASE("a lock goes with its holder, however that ends") {
  test::temporary_directory dir;
  const auto lock = dir / "lock";
  const int code = test::in_child([&] {
    auto held = directory_lock::take(lock);
    if (!held) return 1;
    ::raise(SIGKILL);
    return 2;
  });
  CHECK(code == test::crashed + SIGKILL);
  CHECK(directory_lock::take(lock));
}

TEST_CASE("free space is asked of the file system of the path") {
  test::temporary_directory dir;
  auto free = free_bytes(*dir);
  REQUIRE(free);
  CHECK(*free > 0);
  CHECK(free_bytes(dir / "none").error() == errc::io_error);
}
