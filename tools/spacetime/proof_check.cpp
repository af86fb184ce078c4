#include "tools/spacetime/proof_check.hpp"

#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/codec/proofs.hpp"
#include "core/space/quality.hpp"
#include "core/space/verify.hpp"
#include "core/time/form_codec.hpp"
#include "core/time/verifier.hpp"

#include <charconv>

namespace spacetime::cli {
namespace {
tl::unexpected<error> bad_field(const std::string& name,
                                const std::string& why) {
  return fail(errc::bad_encoding, "`" + name + "`: " + why);
}

/// Reads named fields; remembers the first that does not fit.
class fields {
public:
  explicit fields(const json& in) : in_(in) {}

  [[nodiscard]] bool has(const std::string& name) const {
    return in_.contains(name) && !in_[name].is_null();
  }

  bytes hex(const std::string& name) {
    if (!has(name)) return note(name, "missing"), bytes{};
    if (!in_[name].is_string()) return note(name, "expected hex"), bytes{};
    auto raw = from_hex(in_[name].get_ref<const std::string&>());
    if (!raw) return note(name, "not hex"), bytes{};
    return std::move(*raw);
  }

  bytes32 hash(const std::string& name) {
    bytes32 out{};
    const auto raw = hex(name);
    if (raw.size() == out.size())
      std::copy(raw.begin(), raw.end(), out.begin());
    else
      note(name, "expected 64 hex digits");
    return out;
  }

  std::uint64_t number(const std::string& name, std::uint64_t most) {
    std::optional<std::uint64_t> out;
    if (has(name)) out = parse(in_[name]);
    if (!out || *out > most)
      note(name, has(name) ? "expected a number up to " + std::to_string(most)
                           : "missing");
    return out.value_or(0);
  }

  [[nodiscard]] const std::optional<error>& problem() const { return bad_; }

private:
  static std::optional<std::uint64_t> parse(const json& x) {
    if (x.is_boolean()) return x.get<bool>() ? 1 : 0;
    if (x.is_number_unsigned()) return x.get<std::uint64_t>();
    if (x.is_number_integer() && x.get<std::int64_t>() >= 0)
      return x.get<std::uint64_t>();
    if (!x.is_string()) return std::nullopt;
    const auto& text = x.get_ref<const std::string&>();
    std::uint64_t n = 0;
    const auto* end = text.data() + text.size();
    const auto [at, ec] = std::from_chars(text.data(), end, n);
    if (ec != std::errc{} || at != end) return std::nullopt;
    return n;
  }

  void note(const std::string& name, const std::string& why) {
    if (!bad_) bad_ = bad_field(name, why).value();
  }

  const json& in_;
  std::optional<error> bad_;
};

std::string_view rule_of(errc e) {
  switch (e) {
  case errc::bad_plot_parameters:
  case errc::bad_payee:
  case errc::plot_filtered: return "R8";
  case errc::bad_proof_of_space:
  case errc::score_above_target: return "R9";
  default: return "R10";
  }
}

void refuse(proof_verdict& v, error why) {
  v.rule = rule_of(why.code);
  v.refused = std::move(why);
}

/// Everything that a proof of space is judged by.
struct space_question {
  std::optional<chain_spec> spec;
  space::plot_params plot;
  std::optional<challenge> of_epoch; ///< c_e
  bytes32 of_plot{};
  epoch at;
  std::optional<u256> target;
  bytes proof;
};

plot_id plot_of(fields& in, const space_question& q) {
  if (in.has("plot_id")) return {in.hash("plot_id")};
  const public_key farmer{in.hash("farmer")};
  const auto payout = in.has("payout") ? in.hash("payout") : bytes32{};
  const auto seed = in.hash("seed");
  return space::make_plot_id(q.spec->network(), q.plot.k, q.plot.strength,
                             farmer, payout, seed);
}

void read_parameters(fields& in, space_question& q) {
  const auto get = [&](const char* name, std::uint64_t known) {
    return q.spec && !in.has(name)
               ? static_cast<std::uint8_t>(known)
               : static_cast<std::uint8_t>(in.number(name, 255));
  };
  static const genesis_section none;
  const auto& g = q.spec ? q.spec->genesis : none;
  q.plot.k = get("k", g.k);
  q.plot.strength = get("strength", g.strength);
  const char* flag = in.has("test_plots") ? "test_plots" : "testnet";
  q.plot.testnet = get(flag, g.test_plots) != 0;
}

result<space_question> read_space(const json& raw) {
  fields in{raw};
  space_question q;
  if (in.has("network")) {
    if (!raw["network"].is_string()) return bad_field("network", "not a name");
    const auto& name = raw["network"].get_ref<const std::string&>();
    auto spec = chain_spec::embedded(name);
    if (!spec) return bad_field("network", "no network is called " + name);
    q.spec = std::move(*spec);
  }
  read_parameters(in, q);
  if (!in.has("plot_id") && !q.spec)
    return bad_field("plot_id", "missing; or give network, farmer and seed");
  q.plot.id = plot_of(in, q);
  if (in.has("epoch_challenge"))
    q.of_epoch = challenge{in.hash("epoch_challenge")};
  q.of_plot = in.has("challenge") || !q.of_epoch
                  ? in.hash("challenge")
                  : space::space_challenge(q.plot.id, *q.of_epoch);
  if (in.has("epoch")) q.at.value = in.number("epoch", ~std::uint64_t{0});
  if (in.has("target")) q.target = to_u256(in.hash("target"));
  q.proof = in.hex("proof");
  if (in.problem()) return fail(*in.problem());
  if (q.target && !q.of_epoch)
    return bad_field("target", "needs epoch_challenge");
  return q;
}

/// R8, as far as the question names a network.
std::optional<error> check_network(const space_question& q) {
  if (!q.spec) return std::nullopt;
  const auto& g = q.spec->genesis;
  if (q.plot.k != g.k || q.plot.strength != g.strength)
    return error{errc::bad_plot_parameters, "not this network's"};
  const auto bits = static_cast<unsigned>(q.spec->at(q.at).filter_bits);
  if (q.of_epoch && !space::passes_filter(q.plot.id, *q.of_epoch, bits))
    return error{errc::plot_filtered};
  return std::nullopt;
}
} // namespace

result<proof_verdict> check_space_proof(const json& in) {
  const auto q = read_space(in);
  if (!q) return fail(q.error());
  proof_verdict out;
  out.facts = {{"plot_id", rpc::hex(q->plot.id.value)},
               {"k", q->plot.k},
               {"strength", q->plot.strength},
               {"challenge", rpc::hex(q->of_plot)}};
  if (auto no = check_network(*q)) {
    refuse(out, *no);
    return out;
  }
  const auto blob = space::verify(q->plot, q->of_plot, q->proof);
  if (!blob) {
    refuse(out, blob.error());
    return out;
  }
  out.facts["quality"] = rpc::hex(*blob);
  if (!q->of_epoch) return out;
  const auto score = space::score(*q->of_epoch, *blob);
  out.facts["score"] = rpc::hex(to_bytes(score));
  if (q->target && score >= *q->target) refuse(out, {errc::score_above_target});
  return out;
}

result<proof_verdict> check_time_proof(const json& raw) {
  fields in{raw};
  const auto seed = in.hash("seed");
  const auto bits = static_cast<unsigned>(in.number("bits", 65535));
  const auto squarings =
      in.number(in.has("squarings") ? "squarings" : "T", ~std::uint64_t{0});
  const auto generator = vdf::generator_bytes();
  const auto x =
      in.has("x") ? in.hex("x") : bytes(generator.begin(), generator.end());
  const auto proof = in.hex("proof");
  if (in.problem()) return fail(*in.problem());
  proof_verdict out;
  out.facts = {{"seed", rpc::hex(seed)},
               {"bits", bits},
               {"squarings", rpc::decimal(squarings)}};
  const auto d = vdf::discriminant::from_seed(seed, bits);
  if (!d) {
    refuse(out, d.error());
    return out;
  }
  if (auto ok = vdf::verify(*d, x, squarings, proof); !ok)
    refuse(out, ok.error());
  return out;
}

namespace {
constexpr std::string_view chain_magic = "53545046"; // "STPF"

std::string_view without_0x(std::string_view text) {
  return text.starts_with("0x") ? text.substr(2) : text;
}

std::string_view broken_rule(errc e) {
  switch (e) {
  case errc::bad_state_root: return "R14";
  case errc::bad_history_root:
  case errc::bad_height: return "R5";
  case errc::bad_tx_root: return "R11";
  case errc::bad_signature: return "R12";
  default: return "R1";
  }
}

/// What the proof shows, and what it cannot.
struct sentences {
  std::string proven, open;
};

sentences say(const consensus::account_proof& p) {
  const auto who = "account " + rpc::hex(p.id.value);
  if (!p.value)
    return {who + " does not exist in the state after the block", {}};
  return {who + " has nonce " + rpc::decimal(p.value->nonce) + " and "
              + rpc::decimal(p.value->balance.value)
              + " motes in the state after the block",
          "rewards of the account that are not mature yet"};
}

sentences say(const consensus::history_proof& p) {
  return {"block " + rpc::hex(p.id.value)
              + " is the block's ancestor at height "
              + std::to_string(p.at.value) + ", where the chain's weight is "
              + p.weight.str(),
          {}};
}

sentences say(const consensus::tx_proof& p) {
  return {"transaction " + rpc::hex(p.value.id.value)
              + ", signed by its sender, is in the block",
          "its place in the block (" + std::to_string(p.index) + " of "
              + std::to_string(p.count) + " by the proof's own word)"};
}

void describe_proof(json& facts, const codec::proof& p, bool named) {
  constexpr std::string_view kinds[] = {"account", "history", "tx"};
  const auto& head = codec::header_of(p);
  const auto said = std::visit([](const auto& x) { return say(x); }, p.of);
  facts["proof_of"] = kinds[p.of.index()];
  facts["network_id"] = rpc::hex(p.network.value);
  facts["block"] = rpc::hex(codec::id_of(p.network, head).value);
  facts["height"] = head.height.value;
  facts["proven"] = said.proven;
  json open = json::array();
  open.push_back(named ? "that the block you named is valid and on the best "
                         "chain"
                       : "that the block belongs to any chain: compare its id "
                         "with one you trust, with --block");
  if (!said.open.empty()) open.push_back(said.open);
  facts["not_proven"] = std::move(open);
}
} // namespace

result<proof_verdict> check_chain_proof(const json& raw) {
  fields in{raw};
  const auto bytes_of = in.hex("proof");
  std::optional<block_id> wanted;
  if (in.has("trusted_block")) wanted = block_id{in.hash("trusted_block")};
  if (in.problem()) return fail(*in.problem());
  proof_verdict out;
  const auto refuse_by = [&out](error why) {
    out.rule = broken_rule(why.code);
    out.refused = std::move(why);
    return out;
  };
  const auto p = codec::decode_proof(bytes_of);
  if (!p) return refuse_by(p.error());
  describe_proof(out.facts, *p, wanted.has_value());
  const auto id = codec::id_of(p->network, codec::header_of(*p));
  if (wanted && id != *wanted)
    return refuse_by({errc::not_found, "the proof's header is of block "
                                           + to_hex(id.value)
                                           + ", not of the one you named"});
  if (auto ok = codec::check(*p); !ok) return refuse_by(ok.error());
  return out;
}

bool looks_like_chain(const json& in) {
  return in.contains("proof") && in["proof"].is_string()
         && without_0x(in["proof"].get_ref<const std::string&>())
                .starts_with(chain_magic);
}

bool looks_like_time(const json& in) {
  return in.contains("bits") || in.contains("T") || in.contains("squarings");
}

json to_json(const proof_verdict& v, std::string_view kind) {
  json out = {{"schema", 1}, {"kind", kind}, {"valid", !v.refused}};
  if (v.refused) {
    out["rule"] = v.rule;
    out["code"] = name_of(v.refused->code);
    out["detail"] = v.refused->detail;
  }
  for (const auto& [name, value] : v.facts.items()) out[name] = value;
  return out;
}
} // namespace spacetime::cli
