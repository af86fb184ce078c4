#include "actors/rpc/history_queries.hpp"
#include "core/base/hex.hpp"
#include "tools/spacetime/format.hpp"
#include "tools/spacetime/node_query.hpp"

#include <fmt/format.h>

namespace spacetime::cli {
namespace {
constexpr const char* examples =
    "Asks the node, whose mempool knows waiting ones, or reads the database.\n"
    "Examples:\n"
    "  spacetime chain tx 9c1f...        where it stands, and its fields\n"
    "  spacetime chain tx 9c1f... --json";

int tx(const common_flags& flags, const std::string& text) {
  const auto id = from_hex<32>(text);
  if (!id)
    return report({errc::bad_encoding, "a transaction's id has 64 hex digits, "
                                       "not `"
                                           + text + "`"});
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  auto found = ask_or_read(*at, "tx_get", json::array({to_hex(*id)}),
                           [&](const place& p, const disk::reader& s) {
                             return rpc::tx_answer(p.spec, s, {*id});
                           });
  if (!found) return report(found.error());
  if (found->from_database && !flags.quiet)
    fmt::print(stderr, "no node is running; read from the database\n");
  return print(flags, std::move(found->value), tx_text);
}
} // namespace

void add_chain_tx(CLI::App& group, invocation& out) {
  auto* verb = group.add_subcommand("tx", "A transaction, by its id");
  const auto which = std::make_shared<std::string>();
  add_common(*verb, out.common);
  verb->add_option("txid", *which, "64 hex digits")->required();
  verb->footer(examples);
  verb->callback([&out, which] {
    out.run = [&out, which] { return tx(out.common, *which); };
  });
}
} // namespace spacetime::cli
