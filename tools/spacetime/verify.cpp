#include "core/base/hex.hpp"
#include "tools/spacetime/cli.hpp"
#include "tools/spacetime/proof_check.hpp"

#include <fmt/format.h>

#include <cctype>
#include <fstream>
#include <iostream>
#include <iterator>

namespace spacetime::cli {
namespace {
constexpr std::size_t input_limit = 4u << 20;

constexpr const char* examples =
    "The fields come as JSON (text, a file, or - for stdin), as flags, or "
    "both;\n"
    "a flag wins. Exit 0: valid; 1: not, naming rule and code; 2: bad input.\n"
    "Examples:\n"
    "  spacetime verify proof --space proof.json\n"
    "  spacetime verify proof --space --plot-id HEX --k 18 --strength 2 \\\n"
    "      --challenge HEX --proof HEX\n"
    "  spacetime verify proof --space --network devnet --farmer HEX \\\n"
    "      --seed HEX --epoch-challenge HEX --target HEX --proof HEX\n"
    "  spacetime verify proof --block ID account.proof\n"
    "  echo '{\"seed\": \"..\", \"bits\": 512, \"T\": 15000, \"proof\": "
    "\"..\"}' |\n"
    "      spacetime verify proof --time -\n";

struct field_flag {
  const char *flag, *key, *text;
};

constexpr field_flag field_flags[] = {
    {"--proof", "proof", "The proof, hex"},
    {"--plot-id", "plot_id", "Space: id of the plot, hex"},
    {"--k", "k", "Space: size of the plot"},
    {"--strength", "strength", "Space: strength of the plot"},
    {"--test-plots", "test_plots", "Space: 1 for networks with test plots"},
    {"--challenge", "challenge", "Space: the plot's own challenge, hex"},
    {"--epoch-challenge", "epoch_challenge", "Space: the epoch's, hex"},
    {"--epoch", "epoch", "Space: number of the epoch, for the filter"},
    {"--target", "target", "Space: what the score must be below, hex"},
    {"--farmer", "farmer", "Space: the farmer's public key, hex"},
    {"--payout", "payout", "Space: the plot's payout, hex; default zero"},
    {"--seed", "seed", "Space: seed of the plot; time: of the era; hex"},
    {"--bits", "bits", "Time: size of the discriminant"},
    {"--squarings", "T", "Time: number of squarings"},
    {"--x", "x", "Time: where it starts, hex; default the generator"},
    {"--block", "trusted_block",
     "Chain: id of the block whose header it must hold"},
};

struct proof_flags {
  bool space = false, time = false;
  std::string input;
  std::array<std::string, std::size(field_flags)> fields;
};

std::string read_all(std::istream& in) {
  std::string out(input_limit + 1, '\0');
  in.read(out.data(), static_cast<std::streamsize>(out.size()));
  out.resize(static_cast<std::size_t>(in.gcount()));
  return out;
}

/// JSON as it is; a chain proof alone, as bytes or hex, as its field.
std::string as_json(std::string text) {
  if (text.starts_with("STPF")) text = to_hex(view(text));
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
    text.pop_back();
  json alone = {{"proof", text}};
  return looks_like_chain(alone) ? alone.dump() : text;
}

result<std::string> input_text(const std::string& from) {
  if (from.empty()) return std::string{"{}"};
  if (from.find('{') != std::string::npos) return from;
  if (looks_like_chain({{"proof", from}})) return as_json(from);
  if (from == "-") return as_json(read_all(std::cin));
  std::ifstream file{from, std::ios::binary};
  if (!file) return fail(errc::bad_encoding, "cannot read " + from);
  return as_json(read_all(file));
}

result<json> fields_of(const common_flags& common, const proof_flags& chosen) {
  auto text = input_text(chosen.input);
  if (!text) return fail(text.error());
  if (text->size() > input_limit)
    return fail(errc::bad_encoding, "the input exceeds 4 MiB");
  auto in = json::parse(*text, nullptr, false);
  if (!in.is_object())
    return fail(errc::bad_encoding, "the input is not a JSON object");
  for (std::size_t i = 0; i < chosen.fields.size(); ++i)
    if (!chosen.fields[i].empty()) in[field_flags[i].key] = chosen.fields[i];
  if (!common.network.empty()) in["network"] = common.network;
  return in;
}

void print(const proof_verdict& v, const common_flags& common,
           std::string_view kind) {
  if (common.json) {
    fmt::print("{}\n", to_json(v, kind).dump(2));
    return;
  }
  if (v.refused) {
    fmt::print("not valid: {} {}: {}{}\n", v.rule, name_of(v.refused->code),
               describe(v.refused->code),
               v.refused->detail.empty() ? "" : " (" + v.refused->detail + ")");
    return;
  }
  fmt::print("valid\n");
  if (v.facts.contains("proven")) {
    fmt::print("proven      {}\nblock       {}, height {}\n",
               v.facts["proven"].get<std::string>(),
               v.facts["block"].get<std::string>(),
               v.facts["height"].get<std::uint32_t>());
    for (const auto& x : v.facts["not_proven"])
      fmt::print("not proven  {}\n", x.get<std::string>());
  }
  for (const char* key : {"quality", "score"})
    if (v.facts.contains(key))
      fmt::print("{} {}\n", key, v.facts[key].get<std::string>());
}

int proof(const common_flags& common, const proof_flags& chosen) {
  if (chosen.space && chosen.time)
    return report({errc::bad_encoding, "--space or --time, not both"});
  const auto in = fields_of(common, chosen);
  if (!in) return report(in.error());
  if (!chosen.space && !chosen.time && looks_like_chain(*in)) {
    const auto v = check_chain_proof(*in);
    if (!v) return report(v.error(), "see: spacetime verify proof --help");
    print(*v, common, "chain");
    return v->refused ? failed : done;
  }
  const bool time = chosen.time || (!chosen.space && looks_like_time(*in));
  const auto v = time ? check_time_proof(*in) : check_space_proof(*in);
  if (!v) return report(v.error(), "see: spacetime verify proof --help");
  print(*v, common, time ? "time" : "space");
  return v->refused ? failed : done;
}
} // namespace

void add_verify(CLI::App& app, invocation& out) {
  auto* group = app.add_subcommand("verify", "Check proofs, offline");
  group->require_subcommand(1);
  group->footer(examples);
  auto* verb = group->add_subcommand(
      "proof",
      "Whether a proof of space, of time, or of what a chain holds, is valid");
  const auto chosen = std::make_shared<proof_flags>();
  add_common(*verb, out.common);
  verb->add_flag("--space", chosen->space, "A proof of space");
  verb->add_flag("--time", chosen->time, "A proof of time");
  for (std::size_t i = 0; i < std::size(field_flags); ++i)
    verb->add_option(field_flags[i].flag, chosen->fields[i],
                     field_flags[i].text);
  verb->add_option("input", chosen->input,
                   "JSON text, a chain proof's hex, a file, or -");
  verb->footer(examples);
  verb->callback([&out, chosen] {
    out.run = [&out, chosen] { return proof(out.common, *chosen); };
  });
}
} // namespace spacetime::cli
