#include "tools/spacetime/db.hpp"

#include "core/base/hex.hpp"
#include "core/disk/chain_indexes.hpp"
#include "core/disk/chain_loader.hpp"
#include "core/disk/store_check.hpp"
#include "tools/spacetime/format.hpp"
#include "tools/spacetime/interrupt.hpp"
#include "tools/spacetime/snapshot.hpp"

#include <fmt/format.h>

#include <sstream>

namespace spacetime::cli {
result<disk::reader> open_beside(const place& at) {
  auto node = rpc_client::open(at.home);
  if (!node || !node->call("node_getVersion"))
    return open_database(at, disk::verify_when::unclean);
  return disk::store::open_read_only(at.home.chain_dir);
}

namespace {
constexpr const char* examples =
    "Examples:\n"
    "  spacetime db stats                size, growth, indexes\n"
    "  spacetime db verify               every byte against its checksum\n"
    "  spacetime db backup /mnt/usb/b1   beside a running node\n"
    "  spacetime db rollback --to 5000   with the node stopped\n"
    "  spacetime db compact              the same";

constexpr double ms_per_day = 86'400'000;

struct pace {
  double blocks_per_day = 0;
  std::uint64_t growth = 0; ///< bytes per day
};

/// From the last day of the chain, or all of it while it is younger.
result<pace> pace_of(const disk::reader& s, const consensus::block_facts& tip,
                     std::uint64_t bytes) {
  if (tip.height == height{0}) return pace{};
  const auto day = static_cast<std::uint64_t>(ms_per_day);
  const auto then = tip.time.value - std::min(tip.time.value, day);
  auto base = disk::height_at(s, {then});
  if (!base && base.error() != errc::not_found) return fail(base.error());
  // The first block of that time; genesis may be much older.
  auto id = s.id_at({base ? std::min(base->value + 1, tip.height.value) : 1});
  if (!id) return fail(id.error());
  auto first = disk::context_of(s, *id);
  if (!first) return fail(first.error());
  const auto blocks = tip.height.value - first->facts.height.value;
  const auto span =
      static_cast<double>(tip.time.value - first->facts.time.value);
  if (blocks == 0 || span <= 0) return pace{};
  pace out;
  out.blocks_per_day = blocks * ms_per_day / span;
  out.growth =
      static_cast<std::uint64_t>(out.blocks_per_day * static_cast<double>(bytes)
                                 / (tip.height.value + 1.0));
  return out;
}

json index_json(const disk::reader& s) {
  json out = json::object();
  constexpr std::array names{"times", "txs", "history"};
  for (unsigned i = 0; i < names.size(); ++i) {
    auto range = s.indexed(static_cast<disk::chain_index>(i));
    out[names[i]] =
        range ? json{{"from", range->from.value}, {"next", range->next}}
              : json(nullptr);
  }
  return out;
}

result<json> stats_of(const disk::reader& s) {
  auto id = s.tip();
  if (!id) return fail(id.error());
  auto tip = disk::context_of(s, *id);
  if (!tip) return fail(tip.error());
  auto sizes = s.table_sizes();
  if (!sizes) return fail(sizes.error());
  auto free_pages = s.free_page_bytes();
  if (!free_pages) return fail(free_pages.error());
  auto end = s.segment_end();
  auto first = s.first_segment();
  auto segments = s.segment_bytes();
  auto undo = s.undo_from();
  auto room = disk::free_bytes(s.directory());
  if (!end) return fail(end.error());
  if (!first) return fail(first.error());
  if (!segments) return fail(segments.error());
  if (!undo) return fail(undo.error());
  if (!room) return fail(room.error());
  const auto info = s.info();
  const auto total = info.used_bytes + *segments;
  auto rate = pace_of(s, tip->facts, total);
  if (!rate) return fail(rate.error());
  json tables = json::array();
  for (const auto& [name, size] : *sizes)
    tables.push_back(
        {{"name", name}, {"entries", size.entries}, {"bytes", size.bytes}});
  return json{{"height", tip->facts.height.value},
              {"used_bytes", info.used_bytes},
              {"free_page_bytes", *free_pages},
              {"map_bytes", info.map_bytes},
              {"readers", info.readers},
              {"tables", std::move(tables)},
              {"segment_bytes", *segments},
              {"segment_files", end->offset == 0 ? 0 : end->file - *first + 1},
              {"first_segment", *first},
              {"undo_from", undo->value},
              {"indexes", index_json(s)},
              {"total_bytes", total},
              {"blocks_per_day", rate->blocks_per_day},
              {"growth_per_day_bytes", rate->growth},
              {"disk_free_bytes", *room},
              {"days_until_full",
               rate->growth == 0 ? json(nullptr) : json(*room / rate->growth)}};
}

std::string stats_text(const json& v) {
  const auto size = [&](const char* key) {
    return human_bytes(v[key].get<std::uint64_t>());
  };
  auto out = fmt::format("chain     height {}\n"
                         "database  {} of a map of {}, {} of it free pages\n",
                         v["height"].get<std::uint64_t>(), size("used_bytes"),
                         size("map_bytes"), size("free_page_bytes"));
  for (const auto& t : v["tables"])
    out += fmt::format("  {:<12}{:>12} entries  {:>9}\n",
                       t["name"].get<std::string>(),
                       t["entries"].get<std::uint64_t>(),
                       human_bytes(t["bytes"].get<std::uint64_t>()));
  out += fmt::format("segments  {} in {} files", size("segment_bytes"),
                     v["segment_files"].get<std::uint64_t>());
  if (const auto first = v["first_segment"].get<std::uint64_t>(); first > 0)
    out += fmt::format("; those before number {} are pruned", first);
  out += "\nindexes  ";
  for (const auto& [name, range] : v["indexes"].items())
    out += range.is_null() ? fmt::format(" {} off", name)
                           : fmt::format(" {} from height {}", name,
                                         range["from"].get<std::uint64_t>());
  out +=
      fmt::format("\ngrowth    {} a day at {:.0f} blocks a day; {} free",
                  size("growth_per_day_bytes"),
                  v["blocks_per_day"].get<double>(), size("disk_free_bytes"));
  if (!v["days_until_full"].is_null())
    out += fmt::format(", enough for {} days",
                       v["days_until_full"].get<std::uint64_t>());
  return out + "\n";
}

int stats(const common_flags& flags) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  auto store = open_beside(*at);
  if (!store) return report(store.error());
  auto found = stats_of(*store);
  if (!found) return report(found.error());
  return print(flags, std::move(*found), stats_text);
}

json check_json(const disk::check_summary& c, const json& damages) {
  return {{"ok", damages.empty()},
          {"height", c.tip.value},
          {"blocks", c.blocks},
          {"block_bytes", c.bytes},
          {"pruned_blocks", c.pruned},
          {"undo_records", c.undo_records},
          {"index_entries", c.index_entries},
          {"accounts", c.accounts},
          {"state_root", rpc::hex(c.state_root)},
          {"damages", damages}};
}

std::string check_text(const json& v) {
  if (!v["ok"].get<bool>()) return "";
  auto out = fmt::format(
      "ok        {} blocks, {}; {} undo records; {} index entries; {} "
      "accounts\nstate     {}\n",
      v["blocks"].get<std::uint64_t>(),
      human_bytes(v["block_bytes"].get<std::uint64_t>()),
      v["undo_records"].get<std::uint64_t>(),
      v["index_entries"].get<std::uint64_t>(),
      v["accounts"].get<std::uint64_t>(), v["state_root"].get<std::string>());
  if (const auto n = v["pruned_blocks"].get<std::uint64_t>(); n > 0)
    out += fmt::format("not kept  the bodies of {} blocks, which were pruned\n",
                       n);
  return out;
}

constexpr const char* mending =
    "restore a backup, or, if only blocks are damaged, go below them with: "
    "spacetime db rollback --to HEIGHT";

/// The pages come first: behind a damaged one LMDB may crash.
int report_pages(const common_flags& flags, const error& e) {
  if (e != errc::corrupt) return report(e);
  json damages = json::array();
  std::istringstream lines{e.detail};
  for (std::string line; std::getline(lines, line);) {
    if (!flags.json) fmt::print("BAD       {}\n", line);
    damages.push_back(line);
  }
  if (flags.json) (void)print(flags, check_json({}, damages), check_text);
  return report({errc::corrupt, damages.empty()
                                    ? std::string{}
                                    : damages[0].get<std::string>()},
                mending);
}

int verify(const common_flags& flags) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  auto store = open_database(*at, disk::verify_when::always);
  if (!store) return report_pages(flags, store.error());
  cancel_on_signals();
  progress_line line{!flags.quiet && !flags.json, is_fancy(flags, 2)};
  json damages = json::array();
  disk::check_options options;
  options.cancelled = [] { return interrupted.load(); };
  options.progress = [&](std::uint64_t n, std::uint64_t total) {
    line.draw(fmt::format("block {}/{}", n, total), n, total);
  };
  options.damage = [&](const error& e) {
    line.clear();
    const auto text = e.detail.empty() ? to_string(e) : e.detail;
    if (!flags.json) fmt::print("BAD       {}\n", text);
    damages.push_back(text);
  };
  const consensus::protocol rules{at->spec};
  auto found = disk::check_store(rules, *store, options);
  line.clear();
  if (!found) return report(found.error());
  const auto n = damages.size();
  (void)print(flags, check_json(*found, damages), check_text);
  if (n == 0) return done;
  return report({errc::corrupt, at->home.chain_dir.string() + ": "
                                    + std::to_string(n) + " damages"},
                mending);
}
} // namespace

void add_db(CLI::App& app, invocation& out) {
  auto* group = app.add_subcommand("db", "The database: size, health, copies");
  group->require_subcommand(1);
  group->footer(examples);
  const auto add = [&](const char* name, const char* text,
                       std::function<int()> run) {
    auto* verb = group->add_subcommand(name, text);
    add_common(*verb, out.common);
    verb->footer(examples);
    verb->callback([&out, run] { out.run = run; });
    return verb;
  };
  add("stats", "Size of each table, growth, indexes",
      [&out] { return stats(out.common); });
  add("verify", "Read everything: checksums, blocks, indexes, state root",
      [&out] { return verify(out.common); });
  const auto directory = std::make_shared<std::string>();
  add("backup", "A verified copy, also beside a running node",
      [&out, directory] { return db_backup(out.common, *directory); })
      ->add_option("directory", *directory, "A new or empty directory")
      ->required();
  const auto back = std::make_shared<rollback_flags>();
  auto* verb =
      add("rollback", "Go back to an earlier block; the node is stopped",
          [&out, back] { return db_rollback(out.common, *back); });
  verb->add_option("--to", back->to, "Height of the new tip")->required();
  verb->add_flag("--yes", back->yes, "Do not ask");
  add("compact", "Give free pages back to the disk; the node is stopped",
      [&out] { return db_compact(out.common); });
  add_db_snapshot(*group, out);
}
} // namespace spacetime::cli
