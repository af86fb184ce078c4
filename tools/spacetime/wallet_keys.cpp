#include "tools/spacetime/wallet_keys.hpp"

#include "core/chain/public_keys.hpp"
#include "core/crypto/account.hpp"
#include "core/crypto/derive.hpp"
#include "core/crypto/mnemonic.hpp"

#include <algorithm>
#include <charconv>

namespace spacetime::cli {
namespace {
constexpr std::string_view premine = "premine";
constexpr std::string_view prefix = "wallet", suffix = ".key";
constexpr std::size_t longest = 32;

/// The index that "premine" or "premine-7" names.
std::optional<std::uint32_t> premine_index(std::string_view name) {
  if (name == premine) return 0;
  if (!name.starts_with("premine-")) return std::nullopt;
  const auto digits = name.substr(premine.size() + 1);
  std::uint32_t out = 0;
  const auto [end, failed] =
      std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (failed != std::errc{} || end != digits.data() + digits.size())
    return std::nullopt;
  return out;
}

/// The public key that owns a premine. A network of one's own may have an
/// embedded one's premine, so that one's name is tried, too.
result<wallet_key_pair> premine_key(const chain_spec& spec,
                                    std::uint32_t index) {
  const auto& entries = spec.genesis.premine;
  if (index >= entries.size())
    return fail(errc::not_found, spec.genesis.name + " has "
                                     + std::to_string(entries.size())
                                     + " premine accounts, from premine on");
  std::vector<std::string> names{spec.genesis.name};
  for (const auto known : chain_spec::names()) names.emplace_back(known);
  for (const auto& name : names) {
    const auto key = public_test_key(name, index);
    if (key && account_of(key->public_part()) == entries[index].account)
      return wallet_key_pair{*key, entries[index].account};
  }
  return fail(errc::not_found, "the key of this premine is not public");
}

bool may_be_in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'
         || c == '_';
}

tl::unexpected<error> no_such_wallet(const place& at, std::string_view name) {
  std::string known;
  if (const auto names = wallet_names(at.home))
    for (const auto& n : *names) known += (known.empty() ? "" : ", ") + n;
  return fail(errc::not_found,
              "no wallet is called " + std::string{name} + " in "
                  + at.home.keys_dir.string() + "; "
                  + (known.empty() ? "there is none: spacetime wallet new"
                                   : "there are: " + known));
}

result<disk::wallet_secret> read_wallet(const place& at, std::string_view name,
                                        const disk::passphrase_provider& ask) {
  if (auto ok = check_wallet_name(name); !ok) return fail(ok.error());
  const auto file = wallet_file(at.home, name);
  auto raw =
      disk::read_key_file(file, disk::key_kind::wallet, at.spec.network(), ask);
  if (!raw && raw.error() == errc::not_found) return no_such_wallet(at, name);
  if (!raw) return fail(raw.error());
  auto secret = disk::decode_wallet_secret(*raw);
  if (!secret)
    return fail(secret.error().code,
                file.string() + ": " + secret.error().detail);
  return secret;
}

wallet_key_pair pair_of(const disk::wallet_secret& secret) {
  const auto key = first_key_of(secret);
  return {key, account_of(key.public_part())};
}
} // namespace

bool is_premine(std::string_view name) {
  return premine_index(name).has_value();
}

status check_wallet_name(std::string_view name) {
  const auto no = [&](const char* why) {
    return fail(errc::bad_encoding, "not a wallet's name: \""
                                        + std::string{name.substr(0, 40)}
                                        + "\": " + why);
  };
  if (name.empty() || name.size() > longest) return no("1 to 32 characters");
  if (!std::all_of(name.begin(), name.end(), may_be_in_name))
    return no("only a-z, 0-9, '-' and '_'");
  if (name.front() == '-' || name.front() == '_')
    return no("the first is a letter or a digit");
  if (name.starts_with(premine))
    return no("premine is the name of the test networks' public money");
  return {};
}

std::filesystem::path wallet_file(const config::home& home,
                                  std::string_view name) {
  std::string file{prefix};
  if (name != default_wallet) file.append(".").append(name);
  return home.keys_dir / file.append(suffix);
}

result<std::vector<std::string>> wallet_names(const config::home& home) {
  std::vector<std::string> out;
  std::error_code failed;
  for (std::filesystem::directory_iterator i{home.keys_dir, failed}, end;
       !failed && i != end; i.increment(failed)) {
    const auto file = i->path().filename().string();
    if (file == "wallet.key") {
      out.emplace_back(default_wallet);
      continue;
    }
    if (!file.starts_with("wallet.") || !file.ends_with(suffix)
        || file.size() <= prefix.size() + 1 + suffix.size())
      continue;
    auto name = file.substr(prefix.size() + 1);
    name.resize(name.size() - suffix.size());
    if (check_wallet_name(name) && name != default_wallet)
      out.push_back(std::move(name));
  }
  if (failed && failed != std::errc::no_such_file_or_directory)
    return fail(disk::os_error(failed.value(), home.keys_dir, "list"));
  std::ranges::sort(out, [](const auto& a, const auto& b) {
    return std::pair{a != default_wallet, a}
           < std::pair{b != default_wallet, b};
  });
  return out;
}

secret_key first_key_of(const disk::wallet_secret& secret) {
  return wallet_key(mnemonic_seed(secret.entropy), 0).key;
}

result<wallet_key_pair> open_wallet(const place& at, std::string_view name,
                                    const passphrase_file& from) {
  if (const auto index = premine_index(name))
    return premine_key(at.spec, *index);
  const auto secret = read_wallet(at, name, [&] {
    return passphrase_of(wallet_file(at.home, name), from);
  });
  if (!secret) return fail(secret.error());
  return pair_of(*secret);
}

result<std::optional<account_id>> unlocked_account(const place& at,
                                                   std::string_view name) {
  bool locked = false;
  const auto secret = read_wallet(at, name, [&]() -> result<secret_text> {
    locked = true;
    return fail(errc::bad_key_file, "locked");
  });
  if (locked) return std::optional<account_id>{};
  if (!secret) return fail(secret.error());
  return std::optional{pair_of(*secret).account};
}
} // namespace spacetime::cli
