// The verbs of `db` that write something.

#include "core/base/hex.hpp"
#include "core/disk/backup.hpp"
#include "core/disk/chain_loader.hpp"
#include "core/disk/chain_rollback.hpp"
#include "tools/spacetime/db.hpp"
#include "tools/spacetime/interrupt.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

namespace spacetime::cli {
namespace {
bool is_interrupted() {
  return interrupted;
}

/// Draws bytes.
disk::copy_options drawing(progress_line& line, const char* label) {
  return {[&line, label](std::uint64_t n, std::uint64_t total) {
            line.draw(fmt::format("{} {} of {}", label, human_bytes(n),
                                  human_bytes(total)),
                      n, total);
          },
          is_interrupted};
}

int not_running(const error& e) {
  return report(e, e == errc::already_running ? "stop the node first" : "");
}

/// Asks on the terminal; nobody there means no.
bool agrees(const std::string& question) {
  if (::isatty(0) != 1) return false;
  fmt::print(stderr, "{} [y/N] ", question);
  std::string line;
  std::getline(std::cin, line);
  return line == "y" || line == "yes";
}

json backup_json(const std::string& directory,
                 const std::vector<disk::copied_file>& files, height tip) {
  std::uint64_t bytes = 0;
  json list = json::array();
  for (const auto& f : files) {
    bytes += f.bytes;
    list.push_back(
        {{"name", f.name}, {"bytes", f.bytes}, {"sha256", to_hex(f.sha256)}});
  }
  return {{"directory", directory},
          {"height", tip.value},
          {"bytes", bytes},
          {"files", std::move(list)}};
}

std::string backup_text(const json& v) {
  const auto where = v["directory"].get<std::string>();
  return fmt::format(
      "ok        {} in {} files, height {}, verified\nhashes    {}/{}\n"
      "restore   stop the node, put the directory in place of chain/\n",
      human_bytes(v["bytes"].get<std::uint64_t>()), v["files"].size(),
      v["height"].get<std::uint64_t>(), where, disk::hash_list);
}

/// Reads the copy as a node would. Its tip's height.
result<height> height_of_copy(const disk::path& directory) {
  constexpr std::chrono::minutes limit{60};
  if (auto ok = disk::verify_in_child(directory, limit); !ok)
    return fail(ok.error());
  auto copy = disk::store::open_read_only(directory);
  if (!copy) return fail(copy.error());
  auto tip = copy->tip();
  if (!tip) return fail(tip.error());
  if (auto body = copy->block(*tip); !body) return fail(body.error());
  auto context = disk::context_of(*copy, *tip);
  if (!context) return fail(context.error());
  return context->facts.height;
}
} // namespace

int db_backup(const common_flags& flags, const std::string& directory) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  auto store = open_beside(*at);
  if (!store) return report(store.error());
  cancel_on_signals();
  progress_line line{!flags.quiet && !flags.json, is_fancy(flags, 2)};
  const auto where = std::filesystem::absolute(directory);
  auto files = disk::back_up(*store, where, drawing(line, "copied"));
  line.clear();
  if (!files) return report(files.error());
  auto same = disk::check_hashes(where, drawing(line, "verified"));
  line.clear();
  if (!same) return report(same.error(), "the copy is of no use");
  auto tip = height_of_copy(where);
  std::error_code ignored; // made by looking
  std::filesystem::remove(where / "lock.mdb", ignored);
  if (!tip) return report(tip.error(), "the copy is of no use");
  return print(flags, backup_json(where.string(), *files, *tip), backup_text);
}

int db_rollback(const common_flags& flags, const rollback_flags& chosen) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  if (!std::filesystem::exists(at->home.chain_dir / "data.mdb"))
    return report({errc::unavailable,
                   "there is no chain in " + at->home.chain_dir.string()});
  disk::store_options options;
  options.check_tip = false; // it may be what is damaged
  auto store = disk::store::open(at->home.chain_dir, at->spec.network(),
                                 std::move(options));
  if (!store) return not_running(store.error());
  const consensus::protocol rules{at->spec};
  const height to{chosen.to};
  auto possible = disk::check_rollback(rules, *store, to);
  if (!possible) {
    (void)store->close();
    return report(possible.error());
  }
  if (!chosen.yes
      && !agrees(
          fmt::format("forget all blocks above height {}?", chosen.to))) {
    (void)store->close();
    return report({errc::cancelled, "nothing was changed"},
                  "--yes goes ahead without a question");
  }
  cancel_on_signals();
  progress_line line{!flags.quiet && !flags.json, is_fancy(flags, 2)};
  auto back = disk::roll_back(rules, *store,
                              {to,
                               [&](std::uint64_t n, std::uint64_t total) {
                                 line.draw(fmt::format("block {}/{}", n, total),
                                           n, total);
                               },
                               is_interrupted});
  line.clear();
  auto closed = store->close();
  if (!back) return report(back.error());
  if (!closed) return report(closed.error());
  return print(
      flags,
      {{"from", back->from.value},
       {"height", back->to.value},
       {"tip", rpc::hex(back->tip.value)},
       {"state_root", rpc::hex(back->state_root)},
       {"forgotten", back->forgotten},
       {"indexes_dropped", back->indexes_dropped}},
      [](const json& v) {
        auto out = fmt::format(
            "ok        from height {} to {}, {} blocks forgotten\ntip       "
            "{}\nstate     {}\n",
            v["from"].get<std::uint64_t>(), v["height"].get<std::uint64_t>(),
            v["forgotten"].get<std::uint64_t>(), v["tip"].get<std::string>(),
            v["state_root"].get<std::string>());
        if (v["indexes_dropped"].get<bool>())
          out += "indexes   dropped, as a block above was damaged; the node "
                 "builds them again at its start\n";
        return out;
      });
}

int db_compact(const common_flags& flags) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  const auto& chain = at->home.chain_dir;
  if (!std::filesystem::exists(chain / "data.mdb"))
    return report(
        {errc::unavailable, "there is no chain in " + chain.string()});
  auto lock = disk::directory_lock::take(chain / "writer.lock");
  if (!lock) return not_running(lock.error());
  constexpr std::chrono::minutes limit{60};
  if (auto sound = disk::verify_in_child(chain, limit); !sound)
    return report(sound.error(), "nothing was changed");
  std::error_code ignored;
  const auto before = std::filesystem::file_size(chain / "data.mdb", ignored);
  cancel_on_signals();
  progress_line line{!flags.quiet && !flags.json, is_fancy(flags, 2)};
  auto done_all = disk::compact(chain, drawing(line, "copied"));
  line.clear();
  if (!done_all) return report(done_all.error());
  const auto after = std::filesystem::file_size(chain / "data.mdb", ignored);
  return print(flags, {{"before_bytes", before}, {"after_bytes", after}},
               [](const json& v) {
                 return fmt::format(
                     "ok        from {} to {}\n",
                     human_bytes(v["before_bytes"].get<std::uint64_t>()),
                     human_bytes(v["after_bytes"].get<std::uint64_t>()));
               });
}
} // namespace spacetime::cli
