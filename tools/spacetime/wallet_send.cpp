#include "core/codec/tx.hpp"
#include "core/crypto/bech32m.hpp"
#include "core/tx/rules.hpp"
#include "tools/spacetime/coins.hpp"
#include "tools/spacetime/payment.hpp"
#include "tools/spacetime/wallet.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <thread>

using namespace std::chrono_literals;

namespace spacetime::cli {
namespace {
constexpr const char* examples =
    "Signs here; the key never reaches the node. Amounts and fees are coins,\n"
    "with up to nine decimals.\n"
    "Examples:\n"
    "  spacetime wallet send dst1... 12.5 --memo rent\n"
    "  spacetime wallet send dst1... 0.25 --from savings --yes --wait\n"
    "  spacetime wallet send dst1... 7 --dry-run --json";
constexpr auto submit_limit = 10s;
constexpr auto pause = 200ms; // between looks at the tip

struct send_flags {
  std::string to, amount, from{default_wallet}, fee, memo;
  std::uint32_t expiry = 0, wait_limit = 120;
  bool dry_run = false, yes = false, wait = false;
  passphrase_file passphrase;
};

result<payment_wish> wish_of(const place& at, const send_flags& f) {
  payment_wish out;
  const auto to = decode_address(at.spec.genesis.hrp, f.to);
  if (!to) return fail(errc::bad_encoding, "TO: " + to.error().detail);
  const auto value = parse_coins(f.amount);
  if (!value) return fail(value.error());
  if (!f.fee.empty()) {
    const auto fee = parse_coins(f.fee);
    if (!fee) return fail(errc::bad_encoding, "--fee: " + fee.error().detail);
    out.fee = *fee;
  }
  out.to = *to;
  out.value = *value;
  out.memo = f.memo;
  out.expiry_blocks = f.expiry;
  return out;
}

/// What gets a transaction into one of the next blocks; 0 if the node does not
/// say.
amount usual_fee(const rpc_client& node, const payment_wish& wish,
                 bool creates_account) {
  const json asked = {{"blocks", 3},
                      {"size", codec::tx_size(wish.memo.size())}};
  const auto said = node.call("tx_estimateFee", asked);
  if (!said || !said->is_object()) return {};
  return {number_in(*said, creates_account ? "fee_new_account" : "fee")};
}

/// What is paid, as the node sees both accounts now.
result<payment> prepare(const place& at, const rpc_client& node,
                        const wallet_key_pair& payer,
                        const payment_wish& wish) {
  const auto tip = node.call("chain_getTip");
  if (!tip) return fail(tip.error());
  const auto from = ask_account(node, payer.account);
  if (!from) return fail(from.error());
  const auto to = ask_account(node, wish.to);
  if (!to) return fail(to.error());
  payment_facts facts;
  facts.tip = from->at;
  facts.spendable = from->spendable;
  facts.immature = from->immature;
  facts.nonce = from->pending_nonce;
  facts.creates_account = !to->exists();
  facts.usual_fee = usual_fee(node, wish, facts.creates_account);
  const epoch now{number_in(*tip, "epoch")};
  return make_payment(at.spec, at.spec.at(now), payer.key, wish, facts);
}

json answer_of(const place& at, const send_flags& f, const payment& p) {
  const auto& t = p.signed_tx;
  const auto& hrp = at.spec.genesis.hrp;
  return {{"txid", rpc::hex(t.id.value)},
          {"from", encode_address(hrp, sender_of(t))},
          {"to", encode_address(hrp, t.recipient)},
          {"amount", rpc::decimal(t.value.value)},
          {"fee", rpc::decimal(t.fee.value)},
          {"surcharge", rpc::decimal(p.surcharge.value)},
          {"remains", rpc::decimal(p.remains.value)},
          {"nonce", rpc::decimal(t.nonce)},
          {"expiry", t.expiry.value},
          {"memo", rpc::hex(t.memo)},
          {"size", codec::tx_size(t.memo.size())},
          {"raw", rpc::hex(codec::encode(t))},
          {"state", f.dry_run ? "not sent" : "sent"}};
}

/// What a person agrees to.
std::string terms_text(const place& at, const send_flags& f, const payment& p) {
  const auto& t = p.signed_tx;
  const auto& hrp = at.spec.genesis.hrp;
  auto out = fmt::format("from     {}  ({})\nto       {}\namount   {}\n"
                         "fee      {}",
                         encode_address(hrp, sender_of(t)), f.from,
                         encode_address(hrp, t.recipient), coins(t.value),
                         coins(t.fee));
  if (p.surcharge.value != 0)
    out += fmt::format(", {} of it because the recipient's account is new",
                       coins(p.surcharge));
  if (!t.memo.empty()) out += fmt::format("\nmemo     {}", memo_text(t.memo));
  if (t.expiry.value != 0)
    out += fmt::format("\nexpires  after block {}", t.expiry.value);
  return out + fmt::format("\nremains  {}\n", coins(p.remains));
}

/// Whether a person says yes. Errors: `bad_config` if there is none to ask.
result<bool> confirm(const common_flags& flags, const send_flags& f) {
  if (f.yes) return true;
  if (flags.json || ::isatty(0) != 1)
    return fail(errc::bad_config, "nothing was sent: there is no terminal to "
                                  "confirm on; --yes sends without asking");
  fmt::print(stderr, "send it? [y/N] ");
  const int c = std::getchar();
  return c == 'y' || c == 'Y';
}

std::string hint_for(const error& e) {
  switch (e.code) {
  case errc::nonce_too_low:
  case errc::duplicate:
    return "another payment of this wallet came first; send again";
  case errc::nonce_too_high:
    return "too many of this wallet's payments wait; try after the next block";
  case errc::pool_full:
  case errc::fee_below_minimum:
    return "the node holds better-paying transactions; a higher --fee gets in";
  case errc::busy: return "the node is busy; try again";
  case errc::unavailable: return "start one: spacetime up";
  default: return {};
  }
}

int submit(const rpc_client& node, const payment& p) {
  const auto said = node.call(
      "tx_submit", json::array({rpc::hex(codec::encode(p.signed_tx))}),
      submit_limit);
  if (said) return done;
  const auto& e = said.error();
  if (e == errc::timed_out)
    return report({e.code, "no answer; whether "
                               + rpc::hex(p.signed_tx.id.value)
                               + " was taken is not known"},
                  "look at spacetime wallet balance before you send again: "
                  "the same nonce pays once");
  return report({e.code, "refused: "
                             + (e.detail.empty() ? std::string{describe(e.code)}
                                                 : e.detail)},
                hint_for(e));
}

/// The height of the block that holds it, looked for above `from`.
/// Errors: `timed_out`, those of the node.
result<height> wait_for(const rpc_client& node, const tx& t, height from,
                        std::chrono::seconds limit) {
  const auto txid = rpc::hex(t.id.value);
  const auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    const auto tip = node.call("chain_getTip");
    if (!tip) return fail(tip.error());
    const auto top = number_in(*tip, "height");
    for (; from.value < top; ++from.value) {
      const auto block = node.call("chain_getBlock",
                                   json::array({from.value + 1}), submit_limit);
      if (!block) return fail(block.error());
      for (const auto& held : block->value("txs", json::array()))
        if (held.value("txid", "") == txid) return height{from.value + 1};
    }
    std::this_thread::sleep_for(pause);
  }
  return fail(
      errc::timed_out,
      fmt::format("sent, but in no block after {} s: {}", limit.count(), txid));
}

int finish(const common_flags& flags, const send_flags& f, const json& answer) {
  const auto text = [&](const json& a) {
    const auto id = a["txid"].get<std::string>();
    if (f.dry_run)
      return fmt::format("not sent  {}\n{}\n", id, a["raw"].get<std::string>());
    if (!f.wait) return fmt::format("sent  {}\n", id);
    return fmt::format("sent  {}  in block {}\n", id, number_in(a, "height"));
  };
  print(flags, answer, text);
  if (!f.dry_run && !f.wait && !flags.quiet)
    fmt::print(stderr,
               "next: spacetime wallet balance{}, once a block has "
               "it; --wait waits for it\n",
               f.from == default_wallet ? "" : " " + f.from);
  return done;
}

int send(const common_flags& flags, const send_flags& f) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  const auto wish = wish_of(*at, f);
  if (!wish) return report(wish.error());
  const auto node = open_node(*at);
  if (!node) return report_node(node.error());
  const auto payer = open_wallet(*at, f.from, f.passphrase);
  if (!payer) return report(payer.error());
  const auto p = prepare(*at, *node, *payer, *wish);
  if (!p) return report_node(p.error());
  if (is_premine(f.from))
    fmt::print(stderr,
               "warning: the key of {} is public: anybody can spend "
               "these coins, and they have no value\n",
               f.from);
  if (!flags.quiet) fmt::print(stderr, "{}", terms_text(*at, f, *p));
  auto answer = answer_of(*at, f, *p);
  if (f.dry_run) return finish(flags, f, answer);
  const auto agreed = confirm(flags, f);
  if (!agreed) return report(agreed.error());
  if (!*agreed) {
    fmt::print(stderr, "nothing was sent\n");
    return failed;
  }
  if (const int code = submit(*node, *p); code != done) return code;
  if (!f.wait) return finish(flags, f, answer);
  if (!flags.quiet)
    fmt::print(stderr, "sent {}; waiting for a block\n",
               rpc::hex(p->signed_tx.id.value));
  const auto in =
      wait_for(*node, p->signed_tx, p->tip, std::chrono::seconds{f.wait_limit});
  if (!in) return report_node(in.error());
  answer["state"] = "in block";
  answer["height"] = in->value;
  return finish(flags, f, answer);
}
} // namespace

void add_wallet_send(CLI::App& group, invocation& out) {
  auto* verb = group.add_subcommand("send", "Pay somebody");
  const auto f = std::make_shared<send_flags>();
  add_common(*verb, out.common);
  verb->add_option("to", f->to, "The recipient's address")->required();
  verb->add_option("amount", f->amount, "In coins: 12, 0.5")->required();
  verb->add_option("--from", f->from, "The wallet that pays");
  verb->add_option("--fee", f->fee, "In coins; default: the least");
  verb->add_option("--memo", f->memo, "Public text, at most 80 bytes");
  verb->add_option("--expiry", f->expiry,
                   "Valid in so many next blocks; default: for ever");
  verb->add_flag("--dry-run", f->dry_run, "Sign and print it; do not send");
  verb->add_flag("--yes", f->yes, "Do not ask");
  verb->add_flag("--wait", f->wait, "Until a block has it");
  verb->add_option("--wait-limit", f->wait_limit, "Seconds that --wait waits")
      ->check(CLI::Range(1, 86'400));
  verb->add_option("--passphrase-file", f->passphrase,
                   "Its first line is the passphrase");
  verb->footer(examples);
  verb->callback(
      [&out, f] { out.run = [&out, f] { return send(out.common, *f); }; });
}
} // namespace spacetime::cli
