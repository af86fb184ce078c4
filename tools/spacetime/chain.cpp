#include "actors/rpc/chain_queries.hpp"
#include "core/base/hex.hpp"
#include "core/disk/chain_verifier.hpp"
#include "tools/spacetime/chain_proof.hpp"
#include "tools/spacetime/format.hpp"
#include "tools/spacetime/interrupt.hpp"
#include "tools/spacetime/node_query.hpp"
#include "tools/spacetime/progress.hpp"

#include <fmt/format.h>

#include <thread>

namespace spacetime::cli {
namespace {
constexpr const char* examples =
    "Examples:\n"
    "  spacetime chain tip\n"
    "  spacetime chain block 5760 --json\n"
    "  spacetime chain header 7ac391f0...\n"
    "  spacetime chain tx 9c1f...\n"
    "  spacetime chain spec show > chain-spec.toml\n"
    "  spacetime chain proof rst1q...    see: chain proof --help\n"
    "  spacetime chain verify            every rule of every block, offline\n"
    "  spacetime chain mine 20 --network regtest    20 blocks, at once";

struct chain_flags {
  std::string block, show;
  unsigned threads = 0;
};

template <class F>
int show(const common_flags& flags, const std::string& method,
         const json& params, const database_query& query, F as_text) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  auto found = ask_or_read(*at, method, params, query);
  if (!found) return report(found.error());
  if (found->from_database && !flags.quiet)
    fmt::print(stderr, "no node is running; read from the database\n");
  return print(flags, std::move(found->value), as_text);
}

int tip(const common_flags& flags) {
  return show(
      flags, "chain_getTip", json::array(),
      [](const place&, const disk::reader& s) { return rpc::tip_answer(s); },
      [](const json& t) { return tip_text(t, now().value); });
}

using block_query = result<json> (*)(const chain_spec&, const disk::reader&,
                                     const block_id&);

int one_block(const common_flags& flags, const std::string& method,
              const std::string& which, block_query query) {
  return show(
      flags, method, json::array({which}),
      [&](const place& at, const disk::reader& s) -> result<json> {
        auto id = rpc::find_block(s, which);
        if (!id) return fail(id.error());
        return query(at.spec, s, *id);
      },
      block_text);
}

result<std::string> spec_file(const place& at) {
  auto own = disk::read_file(at.home.chain_spec, 1u << 20);
  if (own) return std::string(own->begin(), own->end());
  if (own.error() != errc::not_found) return fail(own.error());
  return std::string{chain_spec::embedded_text(at.home.network)};
}

int spec(const common_flags& flags, const chain_flags& chosen) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  if (flags.json || chosen.show.empty())
    return print(flags, rpc::to_json(at->spec), spec_text);
  auto text = spec_file(*at);
  if (!text) return report(text.error());
  fmt::print("{}", *text);
  return done;
}

json summary_of(const disk::verify_summary& v, double seconds) {
  return {{"blocks", v.blocks},
          {"txs", v.txs},
          {"time_proofs", v.time_proofs},
          {"headers_only", v.headers_only},
          {"seconds", seconds},
          {"blocks_per_second",
           seconds > 0 ? static_cast<double>(v.blocks) / seconds : 0.0},
          {"tip", rpc::hex(v.tip.value)},
          {"state_root", rpc::hex(v.state_root)},
          {"trusted_below", v.trusted_below.value}};
}

std::string summary_text(const json& v) {
  std::string out;
  if (const auto n = v["headers_only"].get<std::uint64_t>(); n > 0)
    out = fmt::format(
        "snapshot at height {0}: blocks 1 to {0} by their headers alone; their "
        "transactions\n         are not stored. The state there has the root "
        "that header {0} proves\n",
        n);
  out += fmt::format(
      "ok       {} blocks, {} transactions, {} proofs of time in {} ({:.1f} "
      "blocks/s)\ntip      {}\nstate    {}\n",
      v["blocks"].get<std::uint64_t>(), v["txs"].get<std::uint64_t>(),
      v["time_proofs"].get<std::uint64_t>(),
      human_seconds(v["seconds"].get<double>()),
      v["blocks_per_second"].get<double>(), v["tip"].get<std::string>(),
      v["state_root"].get<std::string>());
  if (const auto h = v["trusted_below"].get<std::uint64_t>(); h > 0)
    out += fmt::format("pruned   blocks up to height {} are taken as they are: "
                       "their bodies are not kept\n",
                       h);
  return out;
}

int verify(const common_flags& flags, const chain_flags& chosen) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  auto store = open_database(*at, disk::verify_when::always);
  if (!store) return report(store.error());
  const consensus::protocol rules{at->spec};
  using clock = std::chrono::steady_clock;
  const auto start = clock::now();
  progress_line line{!flags.quiet && !flags.json, is_fancy(flags, 2)};
  disk::verify_options options;
  options.threads = chosen.threads != 0 ? chosen.threads
                                        : std::thread::hardware_concurrency();
  options.cancel = &cancel_on_signals();
  std::uint64_t height = 0;
  options.progress = [&](std::uint64_t n, std::uint64_t total) {
    height = n;
    const std::chrono::duration<double> took = clock::now() - start;
    line.draw(
        fmt::format("block {}/{}", n, total), n, total,
        fmt::format("{:.1f} blocks/s", static_cast<double>(n) / took.count()));
  };
  auto done_all = disk::verify_chain(rules, *store, options);
  line.clear();
  if (!done_all && done_all.error() == errc::cancelled)
    return report(
        {errc::cancelled, "cancelled after block " + std::to_string(height)});
  if (!done_all)
    return report({done_all.error().code, at->home.chain_dir.string() + ": "
                                              + done_all.error().detail});
  const std::chrono::duration<double> took = clock::now() - start;
  return print(flags, summary_of(*done_all, took.count()), summary_text);
}

/// A verb that names one block.
void add_block_verb(CLI::App& group, invocation& out, const char* name,
                    const char* text, const char* method, block_query query) {
  auto* verb = group.add_subcommand(name, text);
  const auto which = std::make_shared<std::string>();
  add_common(*verb, out.common);
  verb->add_option("block", *which, "A height, or an id of 64 hex digits")
      ->required();
  verb->footer(examples);
  verb->callback([&out, which, method, query] {
    out.run = [&out, which, method, query] {
      return one_block(out.common, method, *which, query);
    };
  });
}
} // namespace

void add_chain(CLI::App& app, invocation& out) {
  auto* group = app.add_subcommand("chain", "Blocks, rules, verification");
  group->require_subcommand(1);
  group->footer(examples);
  const auto chosen = std::make_shared<chain_flags>();
  const auto add = [&](const char* name, const char* text,
                       std::function<int()> run) {
    auto* verb = group->add_subcommand(name, text);
    add_common(*verb, out.common);
    verb->footer(examples);
    verb->callback([&out, run] { out.run = run; });
    return verb;
  };
  add("tip", "The newest block", [&out] { return tip(out.common); });
  add_block_verb(*group, out, "block", "A block with its transactions",
                 "chain_getBlock", rpc::block_answer);
  add_block_verb(*group, out, "header", "A block's header", "chain_getHeader",
                 rpc::header_answer);
  add_chain_tx(*group, out);
  add_chain_proof(*group, out);
  add("spec", "The network's ids, genesis and rules",
      [&out, chosen] { return spec(out.common, *chosen); })
      ->add_option("show", chosen->show, "show: the file itself")
      ->check(CLI::IsMember({"show"}));
  add("verify", "Check every block again, without a node or beside it",
      [&out, chosen] { return verify(out.common, *chosen); })
      ->add_option("--threads", chosen->threads, "Default: all cores");
  add_mine(*group, out);
  add_chain_forks(*group, out);
}
} // namespace spacetime::cli
