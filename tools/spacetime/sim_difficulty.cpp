#include "actors/rpc/json_values.hpp"
#include "core/disk/file.hpp"
#include "core/sim/difficulty.hpp"
#include "core/sim/svg.hpp"
#include "tools/spacetime/cli.hpp"

#include <fmt/format.h>

namespace spacetime::cli {
namespace {
using rpc::json;

constexpr const char* examples =
    "Plays the network's rule for the target (the accumulator over eras of\n"
    "core/consensus) beside two rolling averages through changes of space, "
    "and\n"
    "the rule for T through changes of a timelord's speed. The method, and "
    "what\n"
    "it shows: docs/research/difficulty.md. The same seed gives the same "
    "bytes.\n"
    "Examples:\n"
    "  spacetime sim difficulty\n"
    "  spacetime sim difficulty --seed 7 --out charts    a CSV and an SVG each";

struct difficulty_flags {
  std::uint64_t seed = 1;
  std::filesystem::path out;
};

struct results {
  std::vector<std::pair<const sim::space_scenario*, std::vector<sim::rule_run>>>
      space;
  std::vector<std::pair<const sim::speed_scenario*, sim::speed_run>> speed;
};

double hours(std::uint64_t epochs, const rule_set& rules) {
  return static_cast<double>(epochs * rules.tau_ms) / 3'600'000;
}

sim::curve curve_of(const std::string& label, const char* color) {
  return {label, color, {}};
}

sim::chart chart_of(const sim::space_scenario& what,
                    const std::vector<sim::rule_run>& runs,
                    const rule_set& rules) {
  sim::chart out;
  out.title = what.title;
  out.x_label = "hours";
  out.y_label = "expected epochs per block";
  out.logarithmic = true;
  out.goal = static_cast<double>(rules.spacing_numerator)
             / static_cast<double>(rules.spacing_denominator);
  out.mark = hours(sim::change_epoch, rules);
  // The network's own rule last: above the others.
  constexpr const char* colors[] = {"#0b6", "#d70", "#06c"};
  for (auto i = runs.size(); i-- > 0;) {
    auto line = curve_of(std::string{runs[i].rule}, colors[i]);
    for (std::size_t n = 0; n < runs[i].eras.size(); ++n)
      line.points.emplace_back(hours(n * rules.ticks_per_era, rules),
                               static_cast<double>(runs[i].eras[n].spacing)
                                   / 1000);
    out.curves.push_back(std::move(line));
  }
  return out;
}

sim::chart chart_of(const sim::speed_scenario& what, const sim::speed_run& run,
                    const rule_set& rules) {
  sim::chart out;
  out.title = what.title;
  out.x_label = "eras";
  out.y_label = "seconds";
  out.goal = static_cast<double>(rules.tau_ms) / 1000;
  auto real = curve_of("an epoch by a true clock", "#06c");
  auto stamped = curve_of("by time stamps", "#d70");
  for (std::size_t i = 0; i < run.eras.size(); ++i) {
    const auto x = static_cast<double>(i);
    real.points.emplace_back(x,
                             static_cast<double>(run.eras[i].epoch_ms) / 1000);
    stamped.points.emplace_back(x, static_cast<double>(run.eras[i].stamp_ms)
                                       / 1000);
  }
  out.curves = {std::move(stamped), std::move(real)};
  return out;
}

status write(const std::filesystem::path& where, const std::string& text) {
  return disk::write_file_atomically(where, view(text), 0644);
}

status write_files(const results& all, const std::filesystem::path& dir,
                   const rule_set& rules) {
  if (auto ok = disk::make_directories(dir); !ok) return ok;
  const auto both = [&](std::string_view name, const std::string& csv,
                        const sim::chart& chart) -> status {
    const std::string stem{name};
    if (auto ok = write(dir / (stem + ".csv"), csv); !ok) return ok;
    return write(dir / (stem + ".svg"), sim::to_svg(chart));
  };
  for (const auto& [what, runs] : all.space)
    if (auto ok =
            both(what->name, sim::to_csv(runs), chart_of(*what, runs, rules));
        !ok)
      return ok;
  for (const auto& [what, run] : all.speed)
    if (auto ok =
            both(what->name, sim::to_csv(run), chart_of(*what, run, rules));
        !ok)
      return ok;
  return {};
}

json to_json(const results& all, std::uint64_t seed) {
  json space = json::array(), speed = json::array();
  for (const auto& [what, runs] : all.space)
    for (const auto& r : runs)
      space.push_back(
          {{"scenario", what->name},
           {"rule", r.rule},
           {"recovered_epochs", r.recovered ? json(*r.recovered) : json()},
           {"overshoot_permille", what->step ? json(r.overshoot) : json()},
           {"fastest_milli", r.fastest},
           {"slowest_milli", r.slowest},
           {"within_20_percent_permille", r.within},
           {"rate_error_permille", r.rate_error}});
  for (const auto& [what, run] : all.speed)
    for (std::size_t i = 0; i < run.eras.size(); ++i)
      if (i == 0 || run.eras[i].squarings != run.eras[i - 1].squarings)
        speed.push_back({{"scenario", what->name},
                         {"era", i},
                         {"squarings", run.eras[i].squarings},
                         {"epoch_ms", run.eras[i].epoch_ms}});
  return {{"schema", 1}, {"seed", seed}, {"space", space}, {"speed", speed}};
}

std::string milli(std::uint64_t x) {
  return fmt::format("{}.{:02}", x / 1000, x / 10 % 100);
}

std::string percent(std::int64_t permille) {
  return fmt::format("{}{}.{} %", permille < 0 ? "-" : "",
                     std::abs(permille) / 10, std::abs(permille) % 10);
}

void print_table(const results& all, const rule_set& rules) {
  fmt::print("{:<12} {:<13} {:>11} {:>10} {:>8} {:>9} {:>9} {:>11}\n",
             "scenario", "rule", "recovered", "overshoot", "fastest", "slowest",
             "in 20 %", "rate error");
  for (const auto& [what, runs] : all.space)
    for (const auto& r : runs)
      fmt::print(
          "{:<12} {:<13} {:>11} {:>10} {:>8} {:>9} {:>9} {:>11}\n", what->name,
          r.rule,
          !what->step   ? "-"
          : r.recovered ? fmt::format("{:.1f} h", hours(*r.recovered, rules))
                        : "not in time",
          what->step ? percent(static_cast<std::int64_t>(r.overshoot)) : "-",
          milli(r.fastest), milli(r.slowest),
          percent(static_cast<std::int64_t>(r.within)), percent(r.rate_error));
  fmt::print("\n{:<14} {:>5} {:>10} {:>10}\n", "scenario", "era", "T", "epoch");
  for (const auto& [what, run] : all.speed)
    for (std::size_t i = 0; i < run.eras.size(); ++i) {
      const auto& e = run.eras[i];
      if (i > 0 && e.squarings == run.eras[i - 1].squarings
          && e.speed == run.eras[i - 1].speed)
        continue;
      fmt::print("{:<14} {:>5} {:>10} {:>7}.{:01} s\n", what->name, i,
                 e.squarings, e.epoch_ms / 1000, e.epoch_ms / 100 % 10);
    }
  fmt::print("\nspacing in epochs per block, intended {}; recovered: time "
             "until within 20 % to stay\n",
             milli(1000 * rules.spacing_numerator / rules.spacing_denominator));
}

int difficulty(const common_flags& flags, const difficulty_flags& chosen) {
  // The rules that matter; a network that has not started has them too.
  const auto spec = chain_spec::embedded(
      flags.network.empty() ? std::string_view{"mainnet"} : flags.network);
  if (!spec) return report(spec.error(), "known: mainnet, testnet, devnet ...");
  const consensus::protocol rules{*spec};
  results all;
  for (const auto& what : sim::space_scenarios())
    all.space.emplace_back(&what, sim::run(rules, what, chosen.seed));
  for (const auto& what : sim::speed_scenarios())
    all.speed.emplace_back(&what, sim::run(rules, what, chosen.seed));
  if (!chosen.out.empty())
    if (auto ok = write_files(all, chosen.out, rules.fixed()); !ok)
      return report(ok.error());
  if (flags.json)
    fmt::print("{}\n", to_json(all, chosen.seed).dump(2));
  else
    print_table(all, rules.fixed());
  if (!chosen.out.empty() && !flags.quiet)
    fmt::print(stderr, "{} files in {}\n",
               2 * (all.space.size() + all.speed.size()), chosen.out.string());
  return done;
}
} // namespace

void add_sim_difficulty(CLI::App& sim, invocation& out) {
  auto* verb = sim.add_subcommand(
      "difficulty", "How the target and T follow a network that changes");
  const auto chosen = std::make_shared<difficulty_flags>();
  add_common(*verb, out.common);
  verb->add_option("--seed", chosen->seed, "Of the dice (default 1)");
  verb->add_option("--out", chosen->out,
                   "Directory for a CSV and an SVG of each scenario");
  verb->footer(examples);
  verb->callback([&out, chosen] {
    out.run = [&out, chosen] { return difficulty(out.common, *chosen); };
  });
}
} // namespace spacetime::cli
