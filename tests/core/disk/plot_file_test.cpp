#include "core/crypto/hash.hpp"
#include "core/disk/plot_file.hpp"
#include "core/space/park.hpp"
#include "core/space/plotter.hpp"
#include "core/space/solve.hpp"
#include "disk_fixture.hpp"
#include "tests/support/slow_build.hpp"

#include <doctest/doctest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <xxhash.h>

#include <csignal>
#include <thread>

using namespace spacetime;
using namespace spacetime::disk;
using namespace spacetime::test;

namespace {
plot_info some_info(std::uint8_t seed = 1) {
  plot_info out;
  out.k = 18;
  out.testnet = true;
  out.network_id.value.fill(3);
  out.farmer_key.value.fill(4);
  out.payout.fill(5);
  out.seed.fill(seed);
  out.created_unix = 1'700'000'000;
  out.plot_id = space::make_plot_id(out.network_id, out.k, out.strength,
                                    out.farmer_key, out.payout, out.seed);
  return out;
}

const std::vector<std::uint64_t>& fragments() {
  static const auto made =
      space::make_fragments(params_of(some_info()), {2, nullptr, {}, nullptr});
  REQUIRE(made);
  return *made;
}

/// A directory with one plot file.
struct with_plot {
  temporary_directory directory;
  path file = directory / "a.plot";
  bytes raw;

  with_plot() {
    REQUIRE(write_plot(file, some_info(), fragments()));
    raw = read_whole(file);
  }
  /// Whether opening or checking the file finds fault, by name.
  [[nodiscard]] bool found_bad() const {
    const auto opened = plot_file::open(file);
    const auto verdict = opened ? opened->check_all() : fail(opened.error());
    if (verdict) return false;
    REQUIRE(verdict.error() == errc::corrupt);
    REQUIRE(verdict.error().detail.starts_with(file.string() + ": "));
    REQUIRE(verdict.error().detail.find(" at offset ") != std::string::npos);
    return true;
  }
  void change(std::size_t at, std::uint8_t by) const {
    const auto out = open_file(file, O_WRONLY);
    REQUIRE(out);
    const std::uint8_t byte = raw[at] ^ by;
    REQUIRE(write_at(*out, at, {&byte, 1}, file));
  }
};

std::size_t files_in(const path& directory) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator{directory},
                    std::filesystem::directory_iterator{}));
}

std::uint64_t number_at(const bytes& raw, std::size_t at, unsigned size) {
  std::uint64_t out = 0;
  for (auto i = size; i-- > 0;) out = out << 8 | raw[at + i];
  return out;
}
} // namespace

TEST_CASE("a plot file gives back its header and every set") {
  const with_plot plot;
  const auto opened = plot_file::open(plot.file);
  REQUIRE(opened);
  auto expected = some_info();
  expected.entries = fragments().size();
  expected.file_size = plot.raw.size();
  CHECK(opened->info() == expected);
  CHECK(plot_file_size(18, fragments()) == plot.raw.size());
  std::vector<std::uint64_t> all;
  for (std::uint64_t set = 0; set < 1u << 12; ++set) {
    const auto part = opened->read_set(set);
    REQUIRE(part);
    for (const auto f : *part) REQUIRE(space::set_of(18, f) == set);
    all.insert(all.end(), part->begin(), part->end());
  }
  CHECK(all == fragments());
  CHECK(opened->check_all());
  CHECK(files_in(*plot.directory) == 1);
}

// docs/disk-format.md, "STPLOT": offsets written out.
TEST_CASE("the bytes of a plot file are where the format says") {
  const with_plot plot;
  const auto& raw = plot.raw;
  const byte_view all{raw};
  const auto at = [&](std::size_t i, unsigned size) {
    return number_at(raw, i, size);
  };
  const auto equal = [&](std::size_t i, byte_view part) {
    return std::equal(part.begin(), part.end(),
                      raw.begin() + static_cast<long>(i));
  };
  const auto info = some_info();
  CHECK(equal(0, view("STPLOT\r\n")));
  CHECK(at(8, 2) == 1);
  CHECK(equal(10, bytes{18, 2, 1, 17, 4, 6}));
  CHECK(equal(16, info.plot_id.value));
  CHECK(equal(48, info.network_id.value));
  CHECK(equal(80, info.farmer_key.value));
  CHECK(equal(112, info.payout));
  CHECK(equal(144, info.seed));
  CHECK(at(176, 8) == fragments().size());
  CHECK(at(184, 8) == 4);
  CHECK(at(192, 8) == 4096);
  CHECK(at(200, 8) == 4160);
  CHECK(at(208, 8) == raw.size());
  CHECK(at(216, 8) == 1'700'000'000);
  CHECK(equal(224, sha256({all.subspan(4096)})));
  CHECK(equal(256, bytes(3808)));
  CHECK(equal(4064, sha256({all.first(4064)})));
  CHECK(at(4096, 4) == 0);
  CHECK(4160 + 64 * at(4096 + 16, 4) == raw.size());
  // Group 2, park 129, the second one there.
  const auto group = 4160 + 64 * at(4096 + 8, 4);
  const auto park = group + 128 + at(group, 2);
  const auto body = all.subspan(park + 4, at(group + 2, 2) - 4);
  CHECK(at(park, 4) == (XXH3_64bits(body.data(), body.size()) & 0xffffffff));
  std::vector<std::uint64_t> out;
  REQUIRE(space::decode_park(18, 129, body, out));
  const auto first = std::lower_bound(fragments().begin(), fragments().end(),
                                      std::uint64_t{129} << 28);
  CHECK(std::equal(out.begin(), out.end(), first));
}

TEST_CASE("the same plot is the same file, byte for byte") {
  const with_plot a, b;
  CHECK(a.raw == b.raw);
}

TEST_CASE("a lookup finds the chains, and they become proofs") {
  const with_plot plot;
  const auto opened = plot_file::open(plot.file);
  REQUIRE(opened);
  std::size_t found = 0;
  for (std::uint64_t i = 0; i < 200; ++i) {
    const auto challenge =
        space::space_challenge(opened->info().plot_id, {sha256({be(i)})});
    const auto chains = opened->lookup(challenge);
    REQUIRE(chains);
    found += chains->size();
    if (chains->empty() || i > 20) continue;
    const auto proof =
        space::solve(opened->params(), challenge, chains->front());
    REQUIRE(proof);
    CHECK(space::verify(opened->params(), challenge, *proof)
          == space::quality_blob(2, chains->front()));
  }
  CHECK(found > 100); // 200 in the mean, four standard deviations are 90
  CHECK(found < 300);
}

TEST_CASE("many threads may read one plot file") {
  const with_plot plot;
  const auto opened = plot_file::open(plot.file);
  REQUIRE(opened);
  std::array<std::uint64_t, 4> sums{};
  {
    std::vector<std::jthread> threads;
    for (auto& sum : sums)
      threads.emplace_back([&] {
        for (std::uint64_t set = 0; set < 1u << 12; set += 3) {
          const auto part = opened->read_set(set);
          for (const auto f : *part) sum += f;
        }
      });
  }
  for (const auto sum : sums) CHECK(sum == sums[0]);
}

TEST_CASE("every changed byte of header, index and tables is found") {
  const with_plot plot;
  const auto group1 = 4160 + 64 * number_at(plot.raw, 4100, 4);
  const auto try_range = [&](std::size_t from, std::size_t to) {
    for (auto at = from; at < to; ++at) {
      CAPTURE(at);
      plot.change(at, static_cast<std::uint8_t>(1u << (at % 8)));
      REQUIRE(plot.found_bad());
      plot.change(at, 0);
    }
  };
  try_range(0, 4160);
  try_range(4160, 4160 + 132);
  try_range(group1, group1 + 132);
  CHECK_FALSE(plot.found_bad());
}

TEST_CASE("a changed byte of the data is found and gives no wrong fragment") {
  const with_plot plot;
  const auto step = (plot.raw.size() - 4160) / (slow_build ? 60 : 300);
  const auto opened = plot_file::open(plot.file);
  REQUIRE(opened);
  for (auto at = std::size_t{4160}; at < plot.raw.size(); at += step) {
    CAPTURE(at);
    plot.change(at, static_cast<std::uint8_t>(1 + at % 255));
    REQUIRE(plot.found_bad());
    const auto again = plot_file::open(plot.file);
    REQUIRE(again); // data are not read by open
    const auto near = static_cast<std::uint64_t>((at - 4160) * 4096
                                                 / (plot.raw.size() - 4160));
    for (auto set = near < 30 ? 0 : near - 30; set < near + 30 && set < 4096;
         ++set) {
      const auto part = again->read_set(set);
      if (!part) {
        REQUIRE(part.error() == errc::corrupt);
        continue;
      }
      const auto first =
          std::lower_bound(fragments().begin(), fragments().end(), set << 24);
      REQUIRE(std::equal(part->begin(), part->end(), first));
    }
    plot.change(at, 0);
  }
}

// The checksums of park and header are made right again: only the SHA-256 of
// the data can tell then.
TEST_CASE("a forged park with right checksums fails the file's SHA-256") {
  const with_plot plot;
  auto raw = plot.raw;
  const auto park = std::size_t{4160 + 128};
  const auto size = static_cast<std::size_t>(number_at(raw, 4160, 2));
  raw[park + 6] ^= 1;
  const auto sum = XXH3_64bits(raw.data() + park + 4, size - 4);
  for (unsigned i = 0; i < 4; ++i)
    raw[park + i] = static_cast<std::uint8_t>(sum >> (8 * i));
  write_whole(plot.file, raw);
  const auto opened = plot_file::open(plot.file);
  REQUIRE(opened);
  const auto verdict = opened->check_all();
  REQUIRE_FALSE(verdict);
  CHECK(verdict.error() == errc::corrupt);
}

TEST_CASE("header fields out of their range are refused under a right hash") {
  const with_plot plot;
  for (const std::size_t at : {8, 10, 11, 12, 13, 14, 15, 16, 48, 144, 184, 192,
                               200, 208, 256, 4063}) {
    for (const std::uint8_t value : {0, 2, 17, 32, 255}) {
      auto raw = plot.raw;
      if (raw[at] == value || (at == 12 && value < 2)) continue;
      raw[at] = value;
      const auto digest = sha256({byte_view{raw}.first(4064)});
      std::copy(digest.begin(), digest.end(), raw.begin() + 4064);
      write_whole(plot.file, raw);
      CAPTURE(at);
      CAPTURE(unsigned{value});
      const auto opened = plot_file::open(plot.file);
      REQUIRE_FALSE(opened);
      REQUIRE(opened.error() == errc::corrupt);
    }
  }
}

TEST_CASE("no truncation and no longer file opens") {
  const with_plot plot;
  const auto try_size = [&](std::size_t n) {
    std::filesystem::resize_file(plot.file, n);
    REQUIRE(plot.found_bad());
  };
  try_size(plot.raw.size() + 1);
  try_size(plot.raw.size() + 64);
  for (auto n = plot.raw.size() - 1; n > 4200; n -= n / 37) try_size(n);
  for (std::size_t n = 4200; n > 0; --n) try_size(n - 1);
}

TEST_CASE("an open file that shrinks is an error, not a wrong answer") {
  const with_plot plot;
  const auto opened = plot_file::open(plot.file);
  REQUIRE(opened);
  std::filesystem::resize_file(plot.file, 5'000);
  CHECK(opened->read_set(4095).error() == errc::corrupt);
  CHECK(opened->lookup({}).error() == errc::corrupt);
  CHECK(opened->check_all().error() == errc::corrupt);
}

TEST_CASE("random files are no plot files") {
  const with_plot plot;
  for (std::uint64_t i = 0; i < 300; ++i) {
    auto raw = some_bytes(i, i * 40);
    if (i % 2 == 0 && raw.size() > 8)
      std::copy_n(plot.raw.begin(), 8, raw.begin());
    write_whole(plot.file, raw);
    REQUIRE(plot_file::open(plot.file).error() == errc::corrupt);
  }
  CHECK(plot_file::open(plot.directory / "none").error() == errc::not_found);
}

TEST_CASE("an existing file is never replaced") {
  const with_plot plot;
  const auto other = some_info(2);
  CHECK(write_plot(plot.file, other, {}).error() == errc::duplicate);
  CHECK(read_whole(plot.file) == plot.raw);
  CHECK(files_in(*plot.directory) == 1);
}

TEST_CASE("a left-over temporary file gives way, that of a writer does not") {
  const temporary_directory directory;
  const auto file = directory / "b.plot";
  const auto left_over = temporary_name(file);
  write_whole(left_over, some_bytes(1, 100'000));
  {
    const auto writer = open_file(left_over, O_RDWR);
    REQUIRE(writer);
    REQUIRE(::flock(writer->fd(), LOCK_EX) == 0);
    CHECK(write_plot(file, some_info(), fragments()).error() == errc::busy);
    CHECK(std::filesystem::exists(left_over));
  }
  CHECK(write_plot(file, some_info(), fragments()));
  CHECK(plot_file::open(file)->check_all());
  CHECK(files_in(*directory) == 1);
}

TEST_CASE("a cancelled or refused write leaves no file") {
  const temporary_directory directory;
  const std::atomic<bool> cancel = true;
  CHECK(write_plot(directory / "c.plot", some_info(), fragments(), &cancel)
            .error()
        == errc::cancelled);
  auto info = some_info();
  info.seed[0] ^= 1;
  CHECK(write_plot(directory / "c.plot", info, fragments()).error()
        == errc::bad_plot_parameters);
  info.k = 17;
  CHECK(write_plot(directory / "c.plot", info, fragments()).error()
        == errc::bad_plot_parameters);
  CHECK(write_plot(directory / "no/c.plot", some_info(), fragments()).error()
        == errc::io_error);
  CHECK(files_in(*directory) == 0);
}

// A limit on the size of files stands for a full disk, in a child process.
TEST_CASE("a write that the system refuses leaves no file and names it") {
  const temporary_directory directory;
  (void)fragments();
  const auto code = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{300'000, 300'000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    const auto file = directory / "d.plot";
    const auto verdict = write_plot(file, some_info(), fragments());
    if (verdict || verdict.error() != errc::io_error) return 2;
    return verdict.error().detail.starts_with(file.string()) ? 0 : 3;
  });
  CHECK(code == 0);
  CHECK(files_in(*directory) == 0);
}

TEST_CASE("a check of the whole file tells how far it is and stops") {
  const with_plot plot;
  const auto opened = plot_file::open(plot.file);
  REQUIRE(opened);
  plot_check_options options;
  std::uint64_t last = 0;
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    CHECK(done > last);
    CHECK(total == plot.raw.size());
    last = done;
  };
  CHECK(opened->check_all(options));
  CHECK(last == plot.raw.size());
  const std::atomic<bool> cancel = true;
  options.cancel = &cancel;
  CHECK(opened->check_all(options).error() == errc::cancelled);
}

TEST_CASE("a plot without fragments is a valid file") {
  const temporary_directory directory;
  const auto file = directory / plot_file_name(some_info()).c_str();
  REQUIRE(write_plot(file, some_info(), {}));
  const auto opened = plot_file::open(file);
  REQUIRE(opened);
  CHECK(opened->check_all());
  CHECK(opened->read_set(7)->empty());
  CHECK(opened->lookup({})->empty());
}

TEST_CASE("a plot file's name tells k and the start of the plot id") {
  auto info = some_info();
  info.plot_id.value = {0x01, 0xab, 0xcd, 0xef, 0x77};
  CHECK(plot_file_name(info) == "p18-01abcdef.plot");
}
