#include "tools/spacetime/chain_proof.hpp"

#include "actors/rpc/proof_queries.hpp"
#include "core/base/hex.hpp"
#include "core/crypto/bech32m.hpp"
#include "tools/spacetime/node_query.hpp"

#include <fmt/format.h>

namespace spacetime::cli {
namespace {
constexpr const char* examples =
    "With an address: its account, or that there is none, at the tip. With\n"
    "--block alone: that block's place in the chain. With --tx: a "
    "transaction.\n"
    "Examples:\n"
    "  spacetime chain proof rst1q... --out account.proof\n"
    "  spacetime chain proof --block 17            under the tip's header\n"
    "  spacetime chain proof --block 17 --under 90\n"
    "  spacetime chain proof --block 17 --tx 0     or --tx its id\n"
    "Check it anywhere, without a node:\n"
    "  spacetime verify proof --block ID account.proof";

struct proof_flags {
  std::string account, block, under, tx, out;
};

result<account_id> account_named(const place& at, const std::string& text) {
  if (!text.starts_with("0x")) return decode_address(at.spec.genesis.hrp, text);
  auto raw = from_hex<32>(text);
  if (!raw) return fail(raw.error());
  return account_id{*raw};
}

/// What to ask for, or why the flags make no sense.
std::optional<error> problem_of(const proof_flags& f) {
  const auto bad = [](const char* why) {
    return error{errc::bad_encoding, why};
  };
  if (f.account.empty() == f.block.empty())
    return bad("expected either an address or --block");
  if (f.block.empty() && !(f.under.empty() && f.tx.empty()))
    return bad("--under and --tx belong to --block");
  if (!f.under.empty() && !f.tx.empty())
    return bad("--under and --tx exclude each other");
  return std::nullopt;
}

/// From the database, also beside a node: it has all accounts.
result<answer> proof_of_account(const place& at, const proof_flags& f) {
  const auto id = account_named(at, f.account);
  if (!id) return fail(id.error());
  auto store = open_database(at, disk::verify_when::unclean);
  if (!store) return fail(store.error());
  auto made = rpc::account_proof_answer(at.spec, *store, *id);
  if (!made) return fail(made.error());
  return answer{std::move(*made), false};
}

result<answer> proof_of_tx(const place& at, const proof_flags& f) {
  return ask_or_read(at, "chain_getTxProof", json::array({f.block, f.tx}),
                     [&](const place& p, const disk::reader& s) {
                       return rpc::tx_proof_answer(p.spec, s, f.block, f.tx);
                     });
}

result<answer> proof_of_block(const place& at, const proof_flags& f) {
  auto params = json::array({f.block});
  if (!f.under.empty()) params.push_back(f.under);
  return ask_or_read(at, "chain_getHistoryProof", params,
                     [&](const place& p, const disk::reader& s) {
                       return rpc::history_proof_answer(p.spec, s, f.block,
                                                        f.under);
                     });
}

std::string plain(const json& x) {
  return x.is_string() ? x.get<std::string>() : x.dump();
}

std::string as_text(const json& p) {
  std::string out;
  for (const auto& [name, value] : p.items())
    if (name == "tx")
      out += fmt::format("{:16}{}\n", "txid", plain(value["txid"]));
    else
      out += fmt::format("{:16}{}\n", name, plain(value));
  return out;
}

/// The proof's bytes into a file.
int write(const common_flags& flags, const std::string& file, const json& p) {
  const auto raw = from_hex(p["proof"].get<std::string>());
  if (!raw) return report(raw.error());
  if (auto ok = disk::write_file_atomically(file, *raw, 0644); !ok)
    return report(ok.error());
  if (!flags.quiet && !flags.json)
    fmt::print("wrote {} bytes to {}; check them with\n  spacetime verify "
               "proof --block {} {}\n",
               raw->size(), file, plain(p["block"]), file);
  return done;
}

int proof(const common_flags& flags, const proof_flags& chosen) {
  if (auto bad = problem_of(chosen))
    return report(*bad, "see: spacetime chain proof --help");
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  const auto found = !chosen.account.empty() ? proof_of_account(*at, chosen)
                     : !chosen.tx.empty()    ? proof_of_tx(*at, chosen)
                                             : proof_of_block(*at, chosen);
  if (!found) return report(found.error());
  if (found->from_database && !flags.quiet)
    fmt::print(stderr, "no node is running; read from the database\n");
  if (!chosen.out.empty())
    if (const auto code = write(flags, chosen.out, found->value); code != done)
      return code;
  if (flags.json) {
    json out = {{"schema", 1}};
    for (const auto& [key, x] : found->value.items()) out[key] = x;
    fmt::print("{}\n", out.dump(2));
  } else if (chosen.out.empty()) {
    fmt::print("{}", as_text(found->value));
  }
  return done;
}
} // namespace

void add_chain_proof(CLI::App& group, invocation& out) {
  auto* verb = group.add_subcommand(
      "proof", "Prove an account, a block or a transaction under a header");
  const auto chosen = std::make_shared<proof_flags>();
  add_common(*verb, out.common);
  verb->add_option("account", chosen->account,
                   "An address, or an account id as 0x hex");
  verb->add_option("--block", chosen->block, "A height, or a block id");
  verb->add_option("--under", chosen->under,
                   "The later block whose header proves it; the tip");
  verb->add_option("--tx", chosen->tx,
                   "A transaction of that block: its index, or its id");
  verb->add_option("--out", chosen->out, "Write the proof's bytes to a file");
  verb->footer(examples);
  verb->callback([&out, chosen] {
    out.run = [&out, chosen] { return proof(out.common, *chosen); };
  });
}
} // namespace spacetime::cli
