// LMDB or RocksDB under the ledger: the same reads, commits, reorganisation
// and kills through core/disk's environment and through RocksDB with a synced
// log. docs/adr/0015 has the figures. RocksDB is there with -Drocksdb=true.
//
// store_bench [accounts] [rounds]; it needs room in the working directory, and
// a disk that syncs.

#include "bench/store_engine.hpp"
#include "bench/timing.hpp"
#include "core/base/check.hpp"
#include "core/crypto/hash.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>

using namespace spacetime;
using namespace spacetime::bench;
using std::filesystem::path;

namespace {
constexpr std::size_t account_size = 48, undo_size_of_account = 128;
constexpr std::size_t reorg_blocks = 100, reorg_accounts = 200; // in a block
constexpr std::size_t kills = 20, killed_commit = 1'000;

class temporary_directory {
public:
  temporary_directory() {
    std::string name = "store-bench-XXXXXX"; // of the disk we stand on
    check(::mkdtemp(name.data()) != nullptr, "mkdtemp works");
    where = name;
  }
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(where, ignored);
  }
  path where;
};

template <class T>
bytes copy_of(const T& raw) {
  return {raw.begin(), raw.end()};
}

bytes account_key(std::uint64_t i) {
  return copy_of(hash("bench/account", {be(i)}));
}
bytes undo_key(std::uint64_t i) {
  return copy_of(hash("bench/block", {be(i)}));
}
/// The account `i` as block `n` leaves it.
bytes account_value(std::uint64_t i, std::uint64_t n) {
  return std::move(writer{}.put(n).put(i).put(byte_view{bytes32{}})).take();
}
const bytes tip_key = copy_of(view("tip"));

void sort(std::vector<change>& changes) {
  std::sort(changes.begin(), changes.end(),
            [](const change& a, const change& b) {
              return std::tie(a.table, a.key) < std::tie(b.table, b.key);
            });
}

/// Block `n`: `count` accounts at random, in order as a delta has them, an undo
/// record, the tip.
std::vector<change> block(std::uint64_t n, std::size_t count,
                          std::uint64_t accounts) {
  std::mt19937_64 random{n};
  std::set<std::uint64_t> chosen;
  while (chosen.size() < count) chosen.insert(random() % accounts);
  std::vector<change> out;
  for (const auto i : chosen)
    out.push_back({table_id::accounts, account_key(i), account_value(i, n)});
  out.push_back(
      {table_id::undo, undo_key(n),
       bytes(count * undo_size_of_account, static_cast<std::uint8_t>(n))});
  out.push_back({table_id::meta, tip_key, copy_of(be(n))});
  sort(out);
  return out;
}

void fill(engine& e, std::uint64_t accounts) {
  // In random order, so that pages are as full as a grown state's.
  std::vector<change> all;
  for (std::uint64_t i = 0; i < accounts; ++i) {
    all.push_back({table_id::accounts, account_key(i), account_value(i, 0)});
    if (all.size() < 100'000 && i + 1 < accounts) continue;
    e.commit(all);
    all.clear();
  }
}

/// Bytes that this process, its background threads too, has written to files.
double written() {
  std::ifstream in{"/proc/self/io"};
  std::string name;
  double value = 0;
  while (in >> name >> value)
    if (name == "wchar:") return value;
  return 0;
}

double size_of(const path& directory) {
  double out = 0;
  for (const auto& f : std::filesystem::recursive_directory_iterator(directory))
    if (f.is_regular_file()) out += static_cast<double>(f.file_size());
  return out;
}

/// The files leave the page cache, as far as the kernel lets them.
void forget(const path& directory) {
  for (const auto& f :
       std::filesystem::recursive_directory_iterator(directory)) {
    const int fd = ::open(f.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    ::fsync(fd);
    ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    ::close(fd);
  }
}

/// Figures by name, in the order of the table.
using figures = std::vector<std::pair<std::string, double>>;

void get_random(engine& e, std::uint64_t accounts, std::size_t n,
                std::uint64_t seed) {
  std::mt19937_64 random{seed};
  for (std::size_t i = 0; i < n; ++i)
    check(
        e.get(table_id::accounts, account_key(random() % accounts)).has_value(),
        "every account is there");
}

void commits(engine& e, std::uint64_t accounts, std::uint64_t& n,
             figures& out) {
  for (const auto& [count, times] :
       {std::pair{100u, 40u}, std::pair{1'000u, 20u}, std::pair{10'000u, 5u}}) {
    std::vector<double> all;
    const auto before = written();
    for (unsigned i = 0; i < times; ++i) {
      const auto b = block(++n, count, accounts);
      all.push_back(wall_ms([&] { e.commit(b); }));
    }
    const auto what = "commit of " + std::to_string(count) + " accounts";
    out.emplace_back(what + ", ms", median(all));
    out.emplace_back(what + ", slowest, ms",
                     *std::max_element(all.begin(), all.end()));
    out.emplace_back(what + ", written, kB",
                     (written() - before) / times / 1e3);
  }
}

using blocks = std::vector<std::vector<change>>;

/// As core does it: undo records and accounts are read, both branches are added
/// up, and one commit takes the old state to the new one.
void reorganise(engine& e, const blocks& left, const blocks& joined) {
  std::map<std::pair<table_id, bytes>, std::optional<bytes>> sum;
  for (const auto* branch : {&left, &joined})
    for (const auto& b : *branch)
      for (const auto& c : b) {
        if (c.table != table_id::undo || branch == &left)
          check(e.get(c.table, c.key).has_value(), "what changes is there");
        sum[{c.table, c.key}] = c.value;
        if (c.table == table_id::undo && branch == &left)
          sum[{c.table, c.key}] = std::nullopt;
      }
  std::vector<change> all;
  all.reserve(sum.size());
  for (auto& [at, value] : sum)
    all.push_back({at.first, at.second, std::move(value)});
  e.commit(all);
}

double reorganisation(engine& e, std::uint64_t accounts, std::uint64_t& n) {
  blocks left, joined;
  for (std::size_t i = 0; i < reorg_blocks; ++i) {
    left.push_back(block(++n, reorg_accounts, accounts));
    e.commit(left.back());
  }
  std::reverse(left.begin(), left.end());
  for (std::size_t i = 0; i < reorg_blocks; ++i)
    joined.push_back(block(++n, reorg_accounts, accounts));
  return wall_ms([&] { reorganise(e, left, joined); });
}

figures measure(const engine_kind& kind, std::uint64_t accounts) {
  figures out;
  temporary_directory dir;
  std::uint64_t n = 0;
  auto e = kind.open(dir.where);
  fill(*e, accounts);
  e->close();
  e.reset();
  out.emplace_back("size when filled, bytes of an account",
                   size_of(dir.where) / static_cast<double>(accounts));
  e = kind.open(dir.where);
  get_random(*e, accounts, 100'000, 1);
  out.emplace_back("get, warm, us of processor time",
                   cpu_ms([&] { get_random(*e, accounts, 100'000, 2); })
                       / 100.0);
  commits(*e, accounts, n, out);
  out.emplace_back("reorganisation of 100 blocks, ms",
                   reorganisation(*e, accounts, n));
  e->close();
  e.reset();
  out.emplace_back("size after all that, bytes of an account",
                   size_of(dir.where) / static_cast<double>(accounts));
  forget(dir.where);
  out.emplace_back("open after a clean stop, ms",
                   wall_ms([&] { e = kind.open(dir.where); }));
  out.emplace_back("get, cold, us",
                   wall_ms([&] { get_random(*e, accounts, 2'000, 3); }) / 2.0);
  e->close();
  return out;
}

/// Commits blocks for ever and says so, a byte each.
[[noreturn]] void write_for_ever(const engine_kind& kind, const path& where,
                                 std::uint64_t n, std::uint64_t accounts,
                                 int acknowledge) {
  auto e = kind.open(where);
  for (;;) {
    e->commit(block(++n, killed_commit, accounts));
    if (::write(acknowledge, "x", 1) != 1) ::_exit(1);
  }
}

/// Acknowledged blocks of a writer that was killed in the middle of one.
std::uint64_t killed(const engine_kind& kind, const path& where,
                     std::uint64_t n, std::uint64_t accounts,
                     std::mt19937_64& random) {
  std::array<int, 2> ends{};
  check(::pipe(ends.data()) == 0, "pipe works");
  const auto child = ::fork();
  check(child >= 0, "fork works");
  if (child == 0) {
    ::close(ends[0]);
    write_for_ever(kind, where, n, accounts, ends[1]);
  }
  ::close(ends[1]);
  std::uint64_t heard = 0;
  char one = 0;
  const auto wanted = 1 + random() % 8;
  while (heard < wanted && ::read(ends[0], &one, 1) == 1) ++heard;
  const timespec moment{0, static_cast<long>(random() % 40'000'000)};
  ::nanosleep(&moment, nullptr);
  ::kill(child, SIGKILL);
  while (::read(ends[0], &one, 1) == 1) ++heard;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return n + heard;
}

/// The tip is at least what was acknowledged, and its block is whole.
std::uint64_t check_recovered(engine& e, std::uint64_t acknowledged,
                              std::uint64_t accounts) {
  const auto raw = e.get(table_id::meta, tip_key);
  check(raw.has_value(), "there is a tip");
  const auto tip = reader{*raw}.take<std::uint64_t>();
  check(tip == acknowledged || tip == acknowledged + 1,
        "what was acknowledged is there, and no more than one block besides");
  std::set<bytes> newer; // accounts that a later block has changed
  for (auto n = tip; n + 3 > tip && n > 0; --n)
    for (const auto& c : block(n, killed_commit, accounts))
      if (c.table != table_id::meta && newer.insert(c.key).second)
        check(e.get(c.table, c.key) == c.value, "the block is whole");
  return tip;
}

figures measure_recovery(const engine_kind& kind, std::uint64_t accounts) {
  temporary_directory dir;
  {
    auto e = kind.open(dir.where);
    fill(*e, accounts);
    e->commit(block(1, killed_commit, accounts));
    e->close();
  }
  std::mt19937_64 random{9};
  std::uint64_t n = 1;
  std::vector<double> check_first, open;
  for (std::size_t i = 0; i < kills; ++i) {
    n = killed(kind, dir.where, n, accounts, random);
    check_first.push_back(wall_ms([&] {
      if (kind.recover) kind.recover(dir.where);
    }));
    std::unique_ptr<engine> e;
    open.push_back(wall_ms([&] { e = kind.open(dir.where); }));
    n = check_recovered(*e, n, accounts);
  }
  return {{"check of the file after kill -9, ms", median(check_first)},
          {"open after kill -9, ms", median(open)},
          {"open after kill -9, slowest, ms",
           *std::max_element(open.begin(), open.end())}};
}

/// In a process of its own, so that /proc/self/io is one engine's.
figures in_child(const std::function<figures()>& work) {
  std::array<int, 2> ends{};
  check(::pipe(ends.data()) == 0, "pipe works");
  const auto child = ::fork();
  check(child >= 0, "fork works");
  if (child == 0) {
    ::close(ends[0]);
    auto* out = ::fdopen(ends[1], "w");
    for (const auto& [name, value] : work())
      std::fprintf(out, "%s\t%.17g\n", name.c_str(), value);
    std::fclose(out);
    ::_exit(0);
  }
  ::close(ends[1]);
  auto* in = ::fdopen(ends[0], "r");
  figures out;
  std::array<char, 256> name{};
  double value = 0;
  while (std::fscanf(in, "%255[^\t]\t%lf\n", name.data(), &value) == 2)
    out.emplace_back(name.data(), value);
  std::fclose(in);
  int how = 0;
  ::waitpid(child, &how, 0);
  check(WIFEXITED(how) && WEXITSTATUS(how) == 0, "the child is done");
  return out;
}

std::size_t argument(int argc, char** argv, int at, std::size_t otherwise) {
  if (argc <= at) return otherwise;
  const auto n = std::strtoull(argv[at], nullptr, 10);
  if (n > 0) return n;
  std::fprintf(stderr, "store_bench [accounts] [rounds]\n");
  std::exit(2);
}
} // namespace

int main(int argc, char** argv) {
  const auto accounts = argument(argc, argv, 1, 1'000'000);
  const auto rounds = argument(argc, argv, 2, 3);
  std::vector<const engine_kind*> kinds{&lmdb_engine};
#ifdef SPACETIME_ROCKSDB
  kinds.push_back(&rocksdb_engine);
#endif
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::vector<double>>> all;
  for (std::size_t round = 0; round < rounds; ++round)
    for (std::size_t k = 0; k < kinds.size(); ++k) {
      std::fprintf(stderr, "round %zu of %zu: %s\n", round + 1, rounds,
                   kinds[k]->name);
      for (const auto& part :
           {in_child([&] { return measure(*kinds[k], accounts); }),
            in_child([&] { return measure_recovery(*kinds[k], accounts); })})
        for (const auto& [name, value] : part) {
          auto& row = all[name];
          if (row.empty()) order.push_back(name);
          row.resize(kinds.size());
          row[k].push_back(value);
        }
    }
  std::printf("%zu accounts, medians of %zu rounds; nothing that was "
              "acknowledged was lost\n%-46s",
              accounts, rounds, "");
  for (const auto* k : kinds) std::printf(" %10s", k->name);
  std::printf("%s\n", kinds.size() > 1 ? "    ratio" : "");
  for (const auto& name : order) {
    std::printf("%-46s", name.c_str());
    for (const auto& values : all[name]) std::printf(" %10.2f", median(values));
    if (kinds.size() > 1)
      std::printf(" %8.2f", median(all[name][1]) / median(all[name][0]));
    std::printf("\n");
  }
}
