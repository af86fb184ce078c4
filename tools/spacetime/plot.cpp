#include "actors/signals.hpp"
#include "core/base/hex.hpp"
#include "core/crypto/bech32m.hpp"
#include "core/crypto/random.hpp"
#include "core/space/quality.hpp"
#include "core/space/solve.hpp"
#include "tools/spacetime/plotting.hpp"
#include "tools/spacetime/progress.hpp"
#include "tools/spacetime/setup.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace spacetime::cli {
namespace {
using nlohmann::ordered_json;

struct plot_flags {
  std::vector<std::filesystem::path> dirs, files;
  std::uint64_t count = 1, first = 0, samples = 30;
  std::optional<std::uint64_t> first_given;
  unsigned threads = 0, k = 0;
  std::string payout;
};

/// The directories that were named, else those of the configuration.
result<std::vector<std::filesystem::path>> dirs_of(const common_flags& flags,
                                                   const plot_flags& chosen) {
  if (!chosen.dirs.empty()) return chosen.dirs;
  auto home = home_of(flags);
  if (!home) return fail(home.error());
  auto settings = load_settings(*home, {});
  if (!settings) return fail(settings.error());
  return plot_dirs_of(*home, *settings);
}

/// Index after the last plot of this farmer that lies in the directories.
std::uint64_t next_index(const plot_job& job) {
  std::set<std::string> names;
  for (const auto& file : plot_files_in(job.dirs))
    names.insert(file.filename().string());
  std::uint64_t i = 0;
  while (names.contains(disk::plot_file_name(plot_info_of(job, i)))) ++i;
  return i;
}

int create(const common_flags& flags, const plot_flags& chosen) {
  block_signals();
  auto home = home_of(flags);
  if (!home) return report(home.error());
  auto spec = spec_of(*home);
  if (!spec) return report(spec.error());
  if (spec->genesis.k == 0)
    return report({errc::bad_config, home->network + " has no plots"});
  const auto k = static_cast<std::uint8_t>(
      chosen.k != 0 ? chosen.k : unsigned{spec->genesis.k});
  if (auto ok = space::check({{}, k, spec->genesis.strength, false}); !ok)
    return report({errc::bad_config, "--k: even, from 18 to 30"});
  bytes32 payout{};
  if (!chosen.payout.empty()) {
    auto account = decode_address(spec->genesis.hrp, chosen.payout);
    if (!account)
      return report({errc::bad_config, "--payout: " + account.error().detail});
    payout = account->value;
  }
  auto dirs = dirs_of(flags, chosen);
  if (!dirs) return report(dirs.error());
  // Nothing was made before all of this was right.
  if (auto ok = config::create(*home); !ok) return report(ok.error());
  auto keys = load_keys(*home, *spec);
  if (!keys) return report(keys.error());
  plot_job job{*spec,        keys->farmer,  k, payout, *dirs, 0,
               chosen.count, chosen.threads};
  job.first = chosen.first_given.value_or(next_index(job));
  if (keys->made)
    fmt::print(stderr,
               "keys      new: {}/wallet.key and farmer.key (0600) - back them "
               "up, nobody can restore them\n",
               home->keys_dir.string());
  if (job.k != spec->genesis.k)
    fmt::print(stderr, "warning: {} farms k={} alone; these plots never win\n",
               home->network, spec->genesis.k);
  if (!flags.quiet)
    fmt::print(
        stderr, "{} k={}, {} plots from index {}, about {} each\n",
        home->network, job.k, job.count, job.first,
        human_bytes((std::uint64_t{1} << job.k) * (job.k * 100u + 154) / 800));
  auto made = make_plots(job, flags);
  if (!made) return report(made.error());
  if (made->interrupted)
    fmt::print(stderr, "interrupted: nothing was left half-written\n");
  if (flags.json)
    fmt::print("{}\n", ordered_json{{"schema", 1},
                                    {"created", made->created},
                                    {"existing", made->existing},
                                    {"interrupted", made->interrupted}}
                           .dump());
  else
    fmt::print("done: {} created, {} there before\n", made->created,
               made->existing);
  return made->interrupted ? failed : done;
}

/// What a check of one plot found.
struct check_row {
  std::filesystem::path file;
  unsigned k = 0;
  std::uint64_t size = 0, proofs = 0, lookups = 0;
  double p50_ms = 0, p99_ms = 0;
  std::optional<error> bad;
};

/// Looks `samples` random challenges up; each chain's proof is made once in
/// ten, verified always.
status sample(const disk::plot_file& plot, std::uint64_t samples,
              check_row& row) {
  using clock = std::chrono::steady_clock;
  std::vector<double> times;
  for (std::uint64_t i = 0; i < samples; ++i) {
    const challenge c{random_bytes32()};
    const auto asked = space::space_challenge(plot.info().plot_id, c);
    const auto start = clock::now();
    auto chains = plot.lookup(asked);
    if (!chains) return fail(chains.error());
    times.push_back(
        std::chrono::duration<double, std::milli>(clock::now() - start)
            .count());
    ++row.lookups;
    row.proofs += chains->size();
    if (chains->empty() || i % 10 != 0) continue;
    if (auto proof = space::solve(plot.params(), asked, chains->front());
        !proof)
      return fail(proof.error());
  }
  if (times.empty()) return {};
  std::sort(times.begin(), times.end());
  row.p50_ms = times[times.size() / 2];
  row.p99_ms = times[times.size() * 99 / 100];
  return {};
}

check_row check_file(const std::filesystem::path& file, std::uint64_t samples) {
  check_row row;
  row.file = file;
  auto plot = disk::plot_file::open(file);
  if (!plot) {
    row.bad = plot.error();
    return row;
  }
  row.k = plot->info().k;
  row.size = plot->info().file_size;
  if (auto ok = plot->check_all(); !ok)
    row.bad = ok.error();
  else if (auto sampled = sample(*plot, samples, row); !sampled)
    row.bad = sampled.error();
  return row;
}

void print(const check_row& r) {
  if (r.bad)
    fmt::print("{}  k{}  BAD {}\n", r.file.string(), r.k, to_string(*r.bad));
  else
    fmt::print("{}  k{}  {}  {}/{} proofs/expected  {:.1f}/{:.1f} ms p50/p99"
               "  ok\n",
               r.file.string(), r.k, human_bytes(r.size), r.proofs, r.lookups,
               r.p50_ms, r.p99_ms);
}

ordered_json to_json(const check_row& r) {
  return {{"file", r.file.string()},
          {"k", r.k},
          {"size", r.size},
          {"proofs", r.proofs},
          {"expected", r.lookups},
          {"lookup_p50_ms", r.p50_ms},
          {"lookup_p99_ms", r.p99_ms},
          {"ok", !r.bad},
          {"problem", r.bad ? to_string(*r.bad) : ""}};
}

result<std::vector<std::filesystem::path>> files_of(const common_flags& flags,
                                                    const plot_flags& chosen) {
  if (!chosen.files.empty()) return chosen.files;
  auto dirs = dirs_of(flags, chosen);
  if (!dirs) return fail(dirs.error());
  return plot_files_in(*dirs);
}

int check(const common_flags& flags, const plot_flags& chosen) {
  auto files = files_of(flags, chosen);
  if (!files) return report(files.error());
  progress_line line{!flags.quiet, is_fancy(flags, 2)};
  auto rows = ordered_json::array();
  std::uint64_t bad = 0, proofs = 0;
  for (std::size_t i = 0; i < files->size(); ++i) {
    line.draw("checking", i, files->size());
    const auto row = check_file((*files)[i], chosen.samples);
    bad += row.bad.has_value();
    proofs += row.proofs;
    line.clear();
    if (flags.json)
      rows.push_back(to_json(row));
    else
      print(row);
  }
  const auto good = files->size() - bad;
  if (flags.json)
    fmt::print(
        "{}\n",
        ordered_json{{"schema", 1}, {"ok", good}, {"bad", bad}, {"plots", rows}}
            .dump());
  else
    fmt::print("{} ok, {} bad; {} proofs\n", good, bad, proofs);
  return bad == 0 ? done : failed;
}

ordered_json to_json(const disk::plot_info& i) {
  return {{"k", i.k},
          {"strength", i.strength},
          {"testnet", i.testnet},
          {"plot_id", "0x" + to_hex(i.plot_id.value)},
          {"network_id", "0x" + to_hex(i.network_id.value)},
          {"farmer_key", "0x" + to_hex(i.farmer_key.value)},
          {"payout", "0x" + to_hex(i.payout)},
          {"seed", "0x" + to_hex(i.seed)},
          {"entries", i.entries},
          {"size", i.file_size},
          {"created", utc({i.created_unix * 1000})}};
}

int inspect(const common_flags& flags, const plot_flags& chosen) {
  for (const auto& file : chosen.files) {
    auto plot = disk::plot_file::open(file);
    if (!plot) return report(plot.error());
    auto facts = to_json(plot->info());
    if (flags.json) {
      facts["schema"] = 1;
      facts["file"] = file.string();
      fmt::print("{}\n", facts.dump());
      continue;
    }
    fmt::print("{}\n", file.string());
    for (const auto& [key, value] : facts.items())
      fmt::print("  {:<12}{}\n", key,
                 value.is_string() ? value.get<std::string>() : value.dump());
  }
  return done;
}

int list(const common_flags& flags, const plot_flags& chosen) {
  auto home = home_of(flags);
  if (!home) return report(home.error());
  auto spec = spec_of(*home);
  if (!spec) return report(spec.error());
  auto files = files_of(flags, chosen);
  if (!files) return report(files.error());
  auto rows = ordered_json::array();
  std::uint64_t bytes = 0, farming = 0;
  for (const auto& file : *files) {
    auto plot = disk::plot_file::open(file);
    std::string state = "farms";
    if (!plot)
      state = "BAD " + to_string(plot.error());
    else if (plot->info().network_id != spec->network())
      state = "of another network";
    else if (plot->info().k != spec->genesis.k)
      state =
          fmt::format("does not farm: the network's k is {}", spec->genesis.k);
    farming += state == "farms";
    const auto size = plot ? plot->info().file_size : 0;
    bytes += size;
    if (flags.json)
      rows.push_back(
          {{"file", file.string()}, {"size", size}, {"state", state}});
    else
      fmt::print("{}  {}  {}\n", file.string(), human_bytes(size), state);
  }
  if (flags.json)
    fmt::print("{}\n", ordered_json{{"schema", 1},
                                    {"farming", farming},
                                    {"bytes", bytes},
                                    {"plots", rows}}
                           .dump());
  else
    fmt::print("{} plots, {}, {} farm on {}\n", files->size(),
               human_bytes(bytes), farming, home->network);
  return done;
}

using verb_function = int (*)(const common_flags&, const plot_flags&);

CLI::App* add_verb(CLI::App& group, invocation& out, const char* name,
                   const char* text, std::shared_ptr<plot_flags> chosen,
                   verb_function f) {
  auto* verb = group.add_subcommand(name, text);
  add_common(*verb, out.common);
  verb->callback([&out, chosen, f] {
    out.run = [&out, chosen, f] { return f(out.common, *chosen); };
  });
  return verb;
}
} // namespace

void add_plot(CLI::App& app, invocation& out) {
  auto* group = app.add_subcommand("plot", "Make, check and look at plots");
  group->require_subcommand(1);
  auto chosen = std::make_shared<plot_flags>();
  const auto dir = [&](CLI::App* verb) {
    verb->add_option("--dir", chosen->dirs,
                     "Directory of plots; repeat it for several (default: "
                     "farm.plot_dirs)");
  };
  auto* make = add_verb(*group, out, "create", "Make plots", chosen, create);
  dir(make);
  make->add_option("--count", chosen->count, "How many (default 1)")
      ->check(CLI::Range(1, 1'000'000));
  make->add_option("--first", chosen->first_given,
                   "Index of the first (default: after those that are there)");
  make->add_option("--threads", chosen->threads, "Default: one per core")
      ->check(CLI::Range(1, 64));
  make->add_option("--k", chosen->k,
                   "Another size, for measuring: it does not farm")
      ->check(CLI::Range(18, 30));
  make->add_option("--payout", chosen->payout,
                   "The only address these plots can ever pay");
  make->footer("Examples:\n  spacetime plot create --count 16\n"
               "  spacetime plot create --count 64 --dir /mnt/a --dir /mnt/b");
  auto* test = add_verb(*group, out, "check",
                        "Read plots whole and try lookups", chosen, check);
  dir(test);
  test->add_option("files", chosen->files, "Plot files (default: all)");
  test->add_option("--samples", chosen->samples,
                   "Challenges to look up in each plot (default 30)");
  test->footer("Example:\n  spacetime plot check --dir /mnt/a --samples 100");
  auto* show = add_verb(*group, out, "inspect", "Print a plot's header", chosen,
                        inspect);
  show->add_option("files", chosen->files, "Plot files")->required();
  show->footer("Example:\n  spacetime plot inspect p18-0a91c2d4.plot");
  auto* all = add_verb(*group, out, "list", "List plots and whether they farm",
                       chosen, list);
  dir(all);
  all->footer("Example:\n  spacetime plot list --json");
}
} // namespace spacetime::cli
