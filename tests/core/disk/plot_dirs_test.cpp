#include "core/disk/plot_dirs.hpp"
#include "core/space/quality.hpp"
#include "disk_fixture.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

using namespace spacetime;
using namespace spacetime::disk;
using namespace spacetime::test;

namespace {
const network_id ours{some_id(1)};
const public_key farmer{some_id(2)};

plot_info info_of(std::uint8_t number, const network_id& network = ours,
                  std::uint8_t k = 18, const public_key& key = farmer) {
  plot_info out;
  out.k = k;
  out.testnet = true;
  out.network_id = network;
  out.farmer_key = key;
  out.seed[0] = number;
  out.plot_id = space::make_plot_id(network, out.k, out.strength, key,
                                    out.payout, out.seed);
  return out;
}

/// A plot with a handful of fragments: all that opening one needs.
void make_plot(const path& where, const plot_info& info) {
  std::vector<std::uint64_t> fragments;
  for (std::uint64_t i = 1; i < 200; ++i) fragments.push_back(i * 1'000'003);
  REQUIRE(write_plot(where, info, fragments));
}

plot_filter filter() {
  return {ours, 18, 2, true, farmer};
}

errc code_of(const plot_dirs& dirs, const path& where) {
  for (const auto& p : dirs.problems())
    if (p.where == where) return p.why.code;
  return errc::internal;
}

/// Runs `body` without root's right to read everything.
template <class F>
int as_nobody(const path& directory, F body) {
  return in_child([&] {
    if (::geteuid() == 0
        && (::chown(directory.c_str(), 65534, 65534) != 0
            || ::setegid(65534) != 0 || ::seteuid(65534) != 0))
      return 99;
    return body() ? 1 : 0;
  });
}
} // namespace

TEST_CASE("every plot below the directories is found, by path") {
  temporary_directory a, b;
  std::filesystem::create_directories(a / "deep/er");
  make_plot(a / "2.plot", info_of(2));
  make_plot(a / "deep/er/1.plot", info_of(1));
  make_plot(b / "3.plot", info_of(3));
  write_whole(a / "notes.txt", bytes{1, 2, 3});
  write_whole(a / "half.plot.tmp", bytes{1, 2, 3});
  plot_dirs dirs{{*a, *b}, filter()};
  CHECK(dirs.plots().empty());
  dirs.refresh();
  REQUIRE(dirs.plots().size() == 3);
  CHECK(dirs.problems().empty());
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    if (i > 0) CHECK(dirs.plots()[i - 1].where < dirs.plots()[i].where);
    bytes += std::filesystem::file_size(dirs.plots()[i].where);
  }
  CHECK(dirs.bytes() == bytes);
}

TEST_CASE("files that did not change are not opened again") {
  temporary_directory dir;
  make_plot(dir / "1.plot", info_of(1));
  plot_dirs dirs{{*dir}, filter()};
  dirs.refresh();
  const auto first = dirs.plots().at(0).file;
  make_plot(dir / "2.plot", info_of(2));
  dirs.refresh();
  REQUIRE(dirs.plots().size() == 2);
  CHECK(dirs.plots()[0].file == first); // the very same open file
  const auto second = dirs.plots()[1].file;
  dirs.refresh();
  CHECK(dirs.plots()[0].file == first);
  CHECK(dirs.plots()[1].file == second);
}

TEST_CASE("a removed plot is gone; who reads it may finish") {
  temporary_directory dir;
  make_plot(dir / "1.plot", info_of(1));
  make_plot(dir / "2.plot", info_of(2));
  plot_dirs dirs{{*dir}, filter()};
  dirs.refresh();
  const auto reading = dirs.plots().at(0).file;
  std::filesystem::remove(dir / "1.plot");
  dirs.refresh();
  REQUIRE(dirs.plots().size() == 1);
  CHECK(dirs.plots()[0].where == dir / "2.plot");
  CHECK(dirs.problems().empty());
  CHECK(reading->lookup(some_id(1)));
}

TEST_CASE("a replaced plot is opened anew") {
  temporary_directory dir, other;
  make_plot(dir / "1.plot", info_of(1));
  plot_dirs dirs{{*dir}, filter()};
  dirs.refresh();
  CHECK(dirs.plots().at(0).file->info().plot_id == info_of(1).plot_id);
  make_plot(other / "1.plot", info_of(2)); // of the same size
  std::filesystem::rename(other / "1.plot", dir / "1.plot");
  dirs.refresh();
  REQUIRE(dirs.plots().size() == 1);
  CHECK(dirs.plots()[0].file->info().plot_id == info_of(2).plot_id);
}

TEST_CASE("the second file of a plot is a duplicate until the first goes") {
  temporary_directory dir;
  make_plot(dir / "a.plot", info_of(1));
  make_plot(dir / "b.plot", info_of(1));
  plot_dirs dirs{{*dir}, filter()};
  dirs.refresh();
  REQUIRE(dirs.plots().size() == 1);
  CHECK(dirs.plots()[0].where == dir / "a.plot");
  CHECK(code_of(dirs, dir / "b.plot") == errc::duplicate);
  CHECK(dirs.bytes() == std::filesystem::file_size(dir / "a.plot"));
  std::filesystem::remove(dir / "a.plot");
  dirs.refresh();
  REQUIRE(dirs.plots().size() == 1);
  CHECK(dirs.plots()[0].where == dir / "b.plot");
  CHECK(dirs.problems().empty());
}

TEST_CASE("plots of another network, size or farmer are problems") {
  temporary_directory dir;
  make_plot(dir / "good.plot", info_of(1));
  make_plot(dir / "net.plot", info_of(2, {some_id(9)}));
  make_plot(dir / "size.plot", info_of(3, ours, 20));
  make_plot(dir / "key.plot", info_of(4, ours, 18, {some_id(8)}));
  plot_dirs dirs{{*dir}, filter()};
  dirs.refresh();
  CHECK(dirs.plots().size() == 1);
  CHECK(dirs.problems().size() == 3);
  CHECK(code_of(dirs, dir / "net.plot") == errc::wrong_network);
  CHECK(code_of(dirs, dir / "size.plot") == errc::bad_plot_parameters);
  CHECK(code_of(dirs, dir / "key.plot") == errc::bad_plot_parameters);
  auto any_key = filter();
  any_key.farmer.reset();
  plot_dirs open{{*dir}, any_key};
  open.refresh();
  CHECK(open.plots().size() == 2);
}

TEST_CASE("a damaged plot is a problem of its own, until it is mended") {
  temporary_directory dir;
  make_plot(dir / "1.plot", info_of(1));
  make_plot(dir / "2.plot", info_of(2));
  make_plot(dir / "3.plot", info_of(3));
  const auto good = read_whole(dir / "2.plot");
  auto bad = good;
  bad[100] ^= 1;
  write_whole(dir / "2.plot", bad);
  std::filesystem::resize_file(dir / "3.plot", 5'000);
  write_whole(dir / "4.plot", {});
  plot_dirs dirs{{*dir}, filter()};
  for (int i = 0; i < 2; ++i) { // and again from what it remembers
    dirs.refresh();
    CHECK(dirs.plots().size() == 1);
    CHECK(dirs.problems().size() == 3);
    for (const auto* name : {"2.plot", "3.plot", "4.plot"})
      CHECK(code_of(dirs, dir / name) == errc::corrupt);
  }
  std::filesystem::remove(dir / "2.plot");
  write_whole(dir / "2.plot", good);
  dirs.refresh();
  CHECK(dirs.plots().size() == 2);
}

TEST_CASE("a missing directory is a problem and hurts no other") {
  temporary_directory dir;
  make_plot(dir / "1.plot", info_of(1));
  plot_dirs dirs{{dir / "none", *dir}, filter()};
  dirs.refresh();
  CHECK(dirs.plots().size() == 1);
  REQUIRE(dirs.problems().size() == 1);
  CHECK(dirs.problems()[0].where == dir / "none");
}

TEST_CASE("an unreadable directory hurts no other, and may become readable") {
  temporary_directory dir;
  const auto how = as_nobody(*dir, [&] {
    std::filesystem::create_directory(dir / "closed");
    make_plot(dir / "1.plot", info_of(1));
    make_plot(dir / "closed/2.plot", info_of(2));
    ::chmod((dir / "closed").c_str(), 0);
    plot_dirs dirs{{*dir}, filter()};
    dirs.refresh();
    const bool isolated = dirs.plots().size() == 1
                          && dirs.problems().size() == 1
                          && dirs.problems()[0].where == dir / "closed";
    ::chmod((dir / "closed").c_str(), 0700);
    dirs.refresh();
    return isolated && dirs.plots().size() == 2 && dirs.problems().empty();
  });
  CHECK(how == 1);
}

TEST_CASE("a plot that could not be read is tried again") {
  temporary_directory dir;
  const auto how = as_nobody(*dir, [&] {
    make_plot(dir / "1.plot", info_of(1));
    ::chmod((dir / "1.plot").c_str(), 0); // size and times stay the same
    plot_dirs dirs{{*dir}, filter()};
    dirs.refresh();
    const bool refused =
        dirs.plots().empty() && code_of(dirs, dir / "1.plot") == errc::io_error;
    ::chmod((dir / "1.plot").c_str(), 0600);
    dirs.refresh();
    return refused && dirs.plots().size() == 1 && dirs.problems().empty();
  });
  CHECK(how == 1);
}

TEST_CASE("links that lead in circles end, and count no plot twice") {
  temporary_directory dir;
  std::filesystem::create_directory(dir / "plots");
  make_plot(dir / "plots/1.plot", info_of(1));
  for (const auto* name : {"a", "b", "c", "d"})
    std::filesystem::create_directory_symlink("..", dir / "plots" / name);
  std::filesystem::create_symlink("nowhere", dir / "broken.plot");
  plot_dirs dirs{{*dir, dir / "plots"}, filter()};
  dirs.refresh();
  CHECK(dirs.plots().size() == 1);
  CHECK(dirs.problems().empty());
}
