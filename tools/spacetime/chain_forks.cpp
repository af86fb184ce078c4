// chain forks, reorgs, invalidate, reconsider.

#include "actors/rpc/chain_queries.hpp"
#include "tools/spacetime/format.hpp"
#include "tools/spacetime/node_query.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace spacetime::cli {
namespace {
constexpr const char* examples =
    "Examples:\n"
    "  spacetime chain forks             every tip beside the best chain\n"
    "  spacetime chain invalidate 4f1d0c93...   leave that block's chain\n"
    "  spacetime chain reconsider 4f1d0c93...   and allow it again";
// A node that undoes thousands of blocks takes its time.
constexpr std::chrono::seconds order_limit{15};

struct fork_flags {
  std::uint32_t limit = rpc::default_forks;
  std::string block;
  bool yes = false;
};

std::string text(const json& in, const char* key) {
  const auto at = in.find(key);
  if (at == in.end() || at->is_null()) return {};
  return at->is_string() ? at->get<std::string>() : at->dump();
}

std::uint64_t number(const json& in, const char* key) {
  const auto at = in.find(key);
  return at != in.end() && at->is_number_unsigned() ? at->get<std::uint64_t>()
                                                    : 0;
}

int print(const common_flags& flags, const json& value,
          const std::string& as_text) {
  if (!flags.json) {
    fmt::print("{}", as_text);
    return done;
  }
  json out = {{"schema", 1}};
  for (const auto& [key, x] : value.items()) out[key] = x;
  fmt::print("{}\n", out.dump(2));
  return done;
}

std::string status_of(const json& fork) {
  auto out = text(fork, "status");
  if (const auto code = text(fork, "code"); !code.empty()) out += ": " + code;
  const auto cause = text(fork, "cause");
  return cause.empty() ? out : out + " at " + cause;
}

std::string forks_text(const json& answer) {
  const auto& all = answer.at("forks");
  if (all.empty()) return "no forks: no block lies beside the best chain\n";
  std::string out = fmt::format("{:>10}{:>8}{:>9}  {:66}  {}\n", "height",
                                "length", "fork at", "tip", "status");
  for (const auto& f : all)
    out += fmt::format("{:>10}{:>8}{:>9}  {:66}  {}\n", number(f, "height"),
                       number(f, "length"), number(f, "fork_height"),
                       text(f, "id"), status_of(f));
  return out;
}

std::string reorgs_text(const json& answer) {
  const auto& all = answer.at("reorgs");
  if (all.empty()) return "no reorganisations since the node's start\n";
  std::string out;
  for (const auto& r : all)
    out += fmt::format("{}  depth {}, {} blocks joined, fork at height {}, {}: "
                       "tip {} -> {}\n",
                       utc({number(r, "time")}), number(r, "depth"),
                       number(r, "connected"), number(r, "fork_height"),
                       text(r, "reason"), short_id(r.at("old_tip")),
                       short_id(r.at("new_tip")));
  return out;
}

int forks(const common_flags& flags, const fork_flags& chosen) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  auto found = ask_or_read(*at, "chain_getForks", json::array({chosen.limit}),
                           [&](const place&, const disk::reader& s) {
                             return rpc::forks_answer(s, chosen.limit);
                           });
  if (!found) return report(found.error());
  if (found->from_database && !flags.quiet)
    fmt::print(stderr, "no node is running; read from the database\n");
  return print(flags, found->value, forks_text(found->value));
}

int reorgs(const common_flags& flags) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  const auto node = rpc_client::open(at->home);
  const auto said =
      node ? node->call("chain_getReorgs") : result<json>{fail(node.error())};
  if (!said)
    return report(said.error(),
                  said.error() == errc::unavailable
                      ? "a node keeps its reorganisations in memory; its log "
                        "has those of earlier runs"
                      : "");
  return print(flags, *said, reorgs_text(*said));
}

/// What an order will do, for the person who is asked.
std::string consequence(const json& block, const json& tip, bool invalidates) {
  const auto place = fmt::format("block {} at height {}", text(block, "id"),
                                 number(block, "height"));
  if (!invalidates)
    return place + " and all around it may be followed again, max_reorg aside";
  if (block.value("on_best_chain", false))
    return fmt::format(
        "{} and {} above it leave the chain, and stay off until `spacetime "
        "chain reconsider` allows them again",
        place, number(tip, "height") - number(block, "height"));
  return place + ", which is on a side branch, will not be followed";
}

/// Whether a person says yes. Errors: those of the node; `bad_config` if there
/// is nobody to ask.
result<bool> confirm(const rpc_client& node, const common_flags& flags,
                     const fork_flags& chosen, bool invalidates) {
  const auto block = node.call("chain_getHeader", json::array({chosen.block}));
  if (!block) return fail(block.error());
  const auto tip = node.call("chain_getTip");
  if (!tip) return fail(tip.error());
  if (flags.json || ::isatty(0) != 1)
    return fail(errc::bad_config,
                "nothing has changed: there is no terminal to confirm on; "
                "--yes does it without asking");
  fmt::print(stderr, "{}\ndo it? [y/N] ",
             consequence(*block, *tip, invalidates));
  const int c = std::getchar();
  return c == 'y' || c == 'Y';
}

std::string order_text(const json& a, bool invalidates) {
  return fmt::format(
      "{} {}\n{} {}, height {}\n", invalidates ? "invalidated" : "reconsidered",
      text(a, "block"),
      a.value("moved", false) ? "the tip is now" : "the tip is still",
      text(a, "tip"), number(a, "height"));
}

int order(const common_flags& flags, const fork_flags& chosen,
          bool invalidates) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  const auto node = rpc_client::open(at->home);
  if (!node) return report(node.error(), "start one: spacetime up");
  if (!chosen.yes) {
    const auto agreed = confirm(*node, flags, chosen, invalidates);
    if (!agreed) return report(agreed.error());
    if (!*agreed) {
      fmt::print(stderr, "nothing has changed\n");
      return failed;
    }
  }
  const auto said = node->call(invalidates ? "debug_invalidateBlock"
                                           : "debug_reconsiderBlock",
                               json::array({chosen.block}), order_limit);
  if (!said)
    return report(said.error(), said.error() == errc::timed_out
                                    ? "the node goes on with it; spacetime "
                                      "chain tip shows when it is done"
                                    : "");
  return print(flags, *said, order_text(*said, invalidates));
}
} // namespace

void add_chain_forks(CLI::App& group, invocation& out) {
  const auto chosen = std::make_shared<fork_flags>();
  const auto add = [&](const char* name, const char* about,
                       std::function<int()> run) {
    auto* verb = group.add_subcommand(name, about);
    add_common(*verb, out.common);
    verb->footer(examples);
    verb->callback([&out, run] { out.run = run; });
    return verb;
  };
  add("forks", "Tips beside the best chain, and why they are not followed",
      [&out, chosen] { return forks(out.common, *chosen); })
      ->add_option("--limit", chosen->limit, "Default 100")
      ->check(CLI::Range(1u, rpc::most_forks));
  add("reorgs", "The last reorganisations of the running node",
      [&out] { return reorgs(out.common); });
  const auto add_order = [&](const char* name, const char* about,
                             bool invalidates) {
    auto* verb = add(name, about, [&out, chosen, invalidates] {
      return order(out.common, *chosen, invalidates);
    });
    verb->add_option("block", chosen->block,
                     "An id of 64 hex digits, or a height of the best chain")
        ->required();
    verb->add_flag("--yes", chosen->yes, "Do not ask");
  };
  add_order("invalidate", "Leave a block's chain, whatever its weight", true);
  add_order("reconsider", "Allow an invalidated or refused block again", false);
}
} // namespace spacetime::cli
