#include "tools/spacetime/snapshot.hpp"

#include "core/disk/snapshot.hpp"
#include "tools/spacetime/interrupt.hpp"
#include "tools/spacetime/node_query.hpp"
#include "tools/spacetime/progress.hpp"

#include <fmt/format.h>

#include <thread>

namespace spacetime::cli {
namespace {
constexpr const char* examples =
    "A snapshot holds every header and the accounts at one height. Who "
    "imports\n"
    "it verifies the headers, and the accounts against them: it needs no "
    "trust.\n"
    "Examples:\n"
    "  spacetime db snapshot export chain.snapshot\n"
    "  spacetime db snapshot export old.snapshot --height 5000\n"
    "  spacetime db snapshot import chain.snapshot --home /data/new";

struct snapshot_flags {
  std::string file;
  std::optional<std::uint32_t> height;
  unsigned threads = 0;
};

using clock = std::chrono::steady_clock;

disk::snapshot_options options_of(const snapshot_flags& chosen,
                                  progress_line& line) {
  disk::snapshot_options out;
  out.threads = chosen.threads != 0
                    ? chosen.threads
                    : std::max(1u, std::thread::hardware_concurrency());
  cancel_on_signals();
  out.cancel = &interrupted;
  out.progress = [&line](std::string_view what, std::uint64_t done,
                         std::uint64_t total) {
    line.draw(fmt::format("{} {}/{}", what, done, total), done, total);
  };
  return out;
}

int print(const common_flags& flags, const snapshot_flags& chosen,
          const char* action, const disk::snapshot_summary& s, double seconds) {
  const json out = {{"schema", 1},
                    {"file", chosen.file},
                    {"bytes", s.bytes},
                    {"height", s.at.value},
                    {"block", rpc::hex(s.id.value)},
                    {"state_root", rpc::hex(s.state_root)},
                    {"weight", s.weight.str()},
                    {"accounts", s.accounts},
                    {"seconds", seconds}};
  if (flags.json) {
    fmt::print("{}\n", out.dump(2));
    return done;
  }
  if (flags.quiet) return done;
  fmt::print("{} {} ({}) in {}\nblock    {}, height {}\nstate    {}, {} "
             "accounts\n",
             action, chosen.file, human_bytes(s.bytes), human_seconds(seconds),
             rpc::hex(s.id.value), s.at.value, rpc::hex(s.state_root),
             s.accounts);
  return done;
}

int failed_with(const error& why, const snapshot_flags& chosen) {
  if (why == errc::cancelled)
    return report({errc::cancelled, chosen.file
                                        + ": cancelled; nothing is "
                                          "left of it"});
  return report(why);
}

int run_export(const common_flags& flags, const snapshot_flags& chosen) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  auto store = open_database(*at, disk::verify_when::unclean);
  if (!store) return report(store.error());
  const auto start = clock::now();
  progress_line line{!flags.quiet && !flags.json, is_fancy(flags, 2)};
  std::optional<height> height_wanted;
  if (chosen.height) height_wanted = height{*chosen.height};
  const auto made =
      disk::export_snapshot(consensus::protocol{at->spec}, *store, chosen.file,
                            height_wanted, options_of(chosen, line));
  line.clear();
  if (!made) return failed_with(made.error(), chosen);
  const std::chrono::duration<double> took = clock::now() - start;
  return print(flags, chosen, "exported", *made, took.count());
}

int run_import(const common_flags& flags, const snapshot_flags& chosen) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  const auto start = clock::now();
  progress_line line{!flags.quiet && !flags.json, is_fancy(flags, 2)};
  const auto made =
      disk::import_snapshot(consensus::protocol{at->spec}, chosen.file,
                            at->home.chain_dir, options_of(chosen, line));
  line.clear();
  if (!made) return failed_with(made.error(), chosen);
  const std::chrono::duration<double> took = clock::now() - start;
  return print(flags, chosen, "imported", *made, took.count());
}
} // namespace

void add_db_snapshot(CLI::App& group, invocation& out) {
  auto* verbs = group.add_subcommand(
      "snapshot", "The state of a chain in one file, to start a node from");
  verbs->require_subcommand(1);
  verbs->footer(examples);
  const auto chosen = std::make_shared<snapshot_flags>();
  const auto add = [&](const char* name, const char* text,
                       int (*run)(const common_flags&, const snapshot_flags&)) {
    auto* verb = verbs->add_subcommand(name, text);
    add_common(*verb, out.common);
    verb->add_option("file", chosen->file, "The snapshot")->required();
    verb->footer(examples);
    verb->callback([&out, chosen, run] {
      out.run = [&out, chosen, run] { return run(out.common, *chosen); };
    });
    return verb;
  };
  add("export", "Write one, without a node or beside it", run_export)
      ->add_option("--height", chosen->height,
                   "Of the state; default: the tip's");
  add("import", "Make the chain of a new home from one", run_import)
      ->add_option("--threads", chosen->threads, "Default: all cores");
}
} // namespace spacetime::cli
