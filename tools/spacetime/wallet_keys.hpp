#pragma once
// The wallets of a home: key files that are found by name.

#include "core/disk/key_file.hpp"
#include "tools/spacetime/node_query.hpp"
#include "tools/spacetime/passphrase.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace spacetime::cli {
/// The wallet that `up` makes and pays rewards to, in keys/wallet.key. Another
/// NAME is in keys/wallet.NAME.key.
inline constexpr std::string_view default_wallet = "default";

/// Whether this names a premine of a test network: "premine" the first one,
/// "premine-1" the second. Their keys are public, so they have no file.
bool is_premine(std::string_view name);

/// 1 to 32 lower-case letters, digits, '-' and '_', the first a letter or a
/// digit; none of "premine...", which are taken. Errors: `bad_encoding`.
status check_wallet_name(std::string_view name);

/// The file of a wallet. @pre check_wallet_name(name)
std::filesystem::path wallet_file(const config::home& home,
                                  std::string_view name);

/// Names of the wallets that have a file, the default one first, then by name.
/// Errors: `io_error`.
result<std::vector<std::string>> wallet_names(const config::home& home);

/// Account 0 of these words.
secret_key first_key_of(const disk::wallet_secret& secret);

/// A key that can pay, and what it pays from.
struct wallet_key_pair {
  secret_key key;
  account_id account;
};

/// The key of a wallet, with its passphrase if it has one.
/// Errors: `not_found` with the names that there are; `bad_encoding` for no
/// name; those of `disk::read_key_file` and `passphrase_of`.
result<wallet_key_pair> open_wallet(const place& at, std::string_view name,
                                    const passphrase_file& from);

/// The account of a wallet without asking for a passphrase; nothing if it has
/// one. Errors: as `open_wallet`.
result<std::optional<account_id>> unlocked_account(const place& at,
                                                   std::string_view name);
} // namespace spacetime::cli
