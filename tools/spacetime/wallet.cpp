#include "tools/spacetime/wallet.hpp"

#include "core/base/hex.hpp"
#include "core/crypto/account.hpp"
#include "core/crypto/bech32m.hpp"
#include "core/crypto/mnemonic.hpp"
#include "core/crypto/random.hpp"
#include "tools/spacetime/coins.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

namespace spacetime::cli {
namespace {
constexpr const char* examples =
    "A wallet is a name: `default` is the one that `up` makes.\n"
    "Examples:\n"
    "  spacetime wallet new savings\n"
    "  spacetime wallet list\n"
    "  spacetime wallet balance\n"
    "  spacetime wallet send dst1... 12.5 --memo rent\n"
    "  spacetime wallet send dst1... 100 --from premine    on devnet";

constexpr std::chrono::seconds history_limit{10};

/// Secrets go to the terminal by themselves: a stdio buffer is never wiped.
void write_secret(std::string_view text) {
  std::fflush(stdout);
  while (!text.empty()) {
    const auto n = ::write(1, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

void show_words(const secret_text& words) {
  secret_text line;
  line.reserve(words.size() + 64);
  std::size_t from = 0;
  for (int i = 1; i <= 24; ++i) {
    const auto end = std::min(words.find(' ', from), words.size());
    const auto word = std::string_view{words}.substr(from, end - from);
    line += i < 10 ? "  " : " ";
    line += std::to_string(i).c_str();
    line += " ";
    line += word;
    line.append(10 - std::min<std::size_t>(word.size(), 9), ' ');
    if (i % 6 == 0) line += "\n";
    from = end + 1;
  }
  write_secret(line);
}

void show_new(const common_flags& flags, const json& facts,
              const secret_text& words, bool sealed) {
  if (flags.json) {
    auto text = facts.dump(2);
    text.resize(text.size() - 2); // "\n}"
    fmt::print("{},\n  \"words\": \"", text);
    write_secret(words);
    fmt::print("\"\n}}\n");
    return;
  }
  fmt::print("wallet   {}\naddress  {}\nfile     {} (0600, {})\n\n",
             facts["name"].get<std::string>(),
             facts["address"].get<std::string>(),
             facts["file"].get<std::string>(),
             sealed ? "under its passphrase" : "no passphrase");
  show_words(words);
  if (!flags.quiet)
    fmt::print(stderr,
               "\nback up: write these 24 words on paper, now: they are shown "
               "once.\nWho has them has the coins; without them and without "
               "the file nobody can restore them.\n");
}

/// Makes a key file of new words; says nothing of them before it is durable.
int new_wallet(const common_flags& flags, const std::string& name,
               const passphrase_file& from) {
  if (auto ok = check_wallet_name(name); !ok) return report(ok.error());
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  if (!at->spec.genesis.seed)
    return report({errc::bad_config, at->home.network + " has not started"});
  const auto file = wallet_file(at->home, name);
  std::error_code ignored;
  const error exists{errc::duplicate,
                     file.string() + ": exists; a key file is never replaced"};
  const auto* other = "choose another name: spacetime wallet new NAME";
  if (std::filesystem::exists(file, ignored)) return report(exists, other);
  if (auto ok = config::create(at->home); !ok) return report(ok.error());
  auto passphrase = new_passphrase_of(file, from);
  if (!passphrase) return report(passphrase.error());
  disk::wallet_secret secret;
  fill_random(secret.entropy);
  std::optional<std::string_view> seal;
  if (*passphrase) seal = **passphrase;
  if (auto ok =
          disk::write_key_file(file, disk::key_kind::wallet, at->spec.network(),
                               disk::encode(secret), seal);
      !ok)
    return report(ok.error(), ok.error() == errc::duplicate ? other : "");
  const auto account = account_of(first_key_of(secret).public_part());
  const json facts = {
      {"schema", 1},
      {"name", name},
      {"address", encode_address(at->spec.genesis.hrp, account)},
      {"account", rpc::hex(account.value)},
      {"file", file.string()},
      {"has_passphrase", seal.has_value()}};
  show_new(flags, facts, to_mnemonic(secret.entropy), seal.has_value());
  return done;
}

std::string list_text(const json& answer) {
  if (answer["wallets"].empty()) return "no wallets\n";
  std::string out;
  for (const auto& w : answer["wallets"])
    out +=
        fmt::format("{:<16} {}\n", w["name"].get<std::string>(),
                    w["address"].is_null() ? "under a passphrase"
                                           : w["address"].get<std::string>());
  return out;
}

int list(const common_flags& flags) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  const auto names = wallet_names(at->home);
  if (!names) return report(names.error());
  json wallets = json::array();
  for (const auto& name : *names) {
    const auto account = unlocked_account(*at, name);
    if (!account) return report(account.error());
    const auto& hrp = at->spec.genesis.hrp;
    wallets.push_back(
        {{"name", name},
         {"address", *account ? json(encode_address(hrp, **account)) : json()},
         {"account", *account ? json(rpc::hex((*account)->value)) : json()},
         {"file", wallet_file(at->home, name).string()},
         {"has_passphrase", !*account}});
  }
  const bool none = wallets.empty();
  print(flags, {{"wallets", std::move(wallets)}}, list_text);
  if (none && !flags.quiet)
    fmt::print(stderr, "make one: spacetime wallet new\n");
  return done;
}

int address(const common_flags& flags, const std::string& name,
            const passphrase_file& from) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  const auto wallet = open_wallet(*at, name, from);
  if (!wallet) return report(wallet.error());
  return print(
      flags,
      {{"name", name},
       {"address", encode_address(at->spec.genesis.hrp, wallet->account)},
       {"account", rpc::hex(wallet->account.value)}},
      [](const json& a) { return a["address"].get<std::string>() + "\n"; });
}

std::string balance_text(const json& b) {
  const auto in_coins = [&](const char* key) {
    return coins({number_in(b, key)});
  };
  auto out =
      fmt::format("{}\nspendable  {}\nimmature   {}\npending    {}",
                  b["address"].get<std::string>(), in_coins("spendable"),
                  in_coins("immature"), b["pending_txs"].get<std::uint64_t>());
  out += b["pending_txs"] == 1 ? " transaction" : " transactions";
  if (number_in(b, "pending_cost") != 0)
    out += fmt::format(", {} with fees, not in spendable",
                       in_coins("pending_cost"));
  return out + "\n";
}

int balance(const common_flags& flags, const std::string& who,
            const passphrase_file& from) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  const auto node = open_node(*at);
  if (!node) return report_node(node.error());
  const auto account = account_named(*at, who, from);
  if (!account) return report(account.error());
  const auto a = ask_account(*node, *account);
  if (!a) return report_node(a.error());
  return print(flags,
               {{"address", encode_address(at->spec.genesis.hrp, *account)},
                {"account", rpc::hex(account->value)},
                {"spendable", rpc::decimal(a->spendable.value)},
                {"immature", rpc::decimal(a->immature.value)},
                {"pending_txs", a->pending_nonce - a->nonce},
                {"pending_cost", rpc::decimal(a->pending_cost.value)},
                {"nonce", rpc::decimal(a->nonce)},
                {"height", a->at.value}},
               balance_text);
}

/// A row of history: when, how much, who, and for payments the id.
std::string row_text(const json& row) {
  const auto text = [&](const char* key) {
    const auto at = row.find(key);
    return at != row.end() && at->is_string() ? at->get<std::string>()
                                              : std::string{};
  };
  const auto kind = text("kind");
  const bool paid = kind == "outgoing";
  auto out = fmt::format("{}  block {:<8} {:<9}", utc({number_in(row, "time")}),
                         number_in(row, "height"), kind);
  if (text("amount").empty()) return out + "  (its block was pruned)\n";
  out += fmt::format(" {:>22}",
                     (paid ? "-" : "+") + coins({number_in(row, "amount")}));
  if (const auto who = text("counterparty_address"); !who.empty())
    out += fmt::format("  {} {}", paid ? "to  " : "from", who);
  if (paid) out += fmt::format("  fee {}", coins({number_in(row, "fee")}));
  if (const auto id = text("txid"); !id.empty()) out += "  " + id;
  return out + "\n";
}

std::string history_text(const json& h) {
  const auto rows = h.find("rows");
  if (rows == h.end() || rows->empty()) return "nothing yet\n";
  std::string out;
  for (const auto& row : *rows) out += row_text(row);
  return out;
}

int history(const common_flags& flags, const std::string& who,
            const passphrase_file& from, std::uint32_t limit,
            const std::string& after) {
  const auto at = place_of(flags);
  if (!at) return report(at.error());
  const auto node = open_node(*at);
  if (!node) return report_node(node.error());
  const auto account = account_named(*at, who, from);
  if (!account) return report(account.error());
  json asked = json::array({rpc::hex(account->value), limit});
  if (!after.empty()) asked.push_back(after);
  auto rows = node->call("chain_getHistory", asked, history_limit);
  if (!rows) return report_node(rows.error());
  const auto next = rows->value("next", json());
  print(flags, std::move(*rows), history_text);
  if (next.is_string() && !flags.json && !flags.quiet)
    fmt::print(stderr, "more: --after {}\n", next.get<std::string>());
  return done;
}
} // namespace

void add_wallet(CLI::App& app, invocation& out) {
  auto* group =
      app.add_subcommand("wallet", "Keys, balances and payments of yours");
  group->require_subcommand(1);
  group->footer(examples);
  const auto name = std::make_shared<std::string>(default_wallet);
  const auto from = std::make_shared<passphrase_file>();
  const auto add = [&](const char* verb_name, const char* text, const char* who,
                       std::function<int()> run) {
    auto* verb = group->add_subcommand(verb_name, text);
    add_common(*verb, out.common);
    verb->footer(examples);
    verb->callback([&out, run] { out.run = run; });
    if (who == nullptr) return verb;
    verb->add_option("name", *name, who);
    verb->add_option("--passphrase-file", *from,
                     "Its first line is the passphrase");
    return verb;
  };
  constexpr const char* or_address = "A wallet, or an address";
  add("new", "Make a wallet of 24 new words", "Its name; default: default",
      [&out, name, from] { return new_wallet(out.common, *name, *from); });
  add("list", "The wallets and their addresses", nullptr,
      [&out] { return list(out.common); });
  add("address", "The address that others pay to", "A wallet",
      [&out, name, from] { return address(out.common, *name, *from); });
  add("balance", "What can be spent, now and later", or_address,
      [&out, name, from] { return balance(out.common, *name, *from); });
  const auto limit = std::make_shared<std::uint32_t>(20);
  const auto after = std::make_shared<std::string>();
  auto* told = add("history", "Payments and rewards, newest first", or_address,
                   [&out, name, from, limit, after] {
                     return history(out.common, *name, *from, *limit, *after);
                   });
  told->add_option("--limit", *limit, "Rows, 1 to 1000")
      ->check(CLI::Range(1, 1000));
  told->add_option("--after", *after, "Goes on where an answer ended");
  add_wallet_send(*group, out);
}
} // namespace spacetime::cli
