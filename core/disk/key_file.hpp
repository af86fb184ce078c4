#pragma once
// Files that hold secrets; docs/disk-format.md, "Key files".

#include "core/base/strong.hpp"
#include "core/crypto/seal.hpp"
#include "core/crypto/sign.hpp"
#include "core/disk/file.hpp"

#include <functional>
#include <optional>

namespace spacetime::disk {
/// What a key file is for. The values are written to disk.
enum class key_kind : std::uint8_t { node = 1, farmer = 2, wallet = 3 };

/// "node", "farmer" or "wallet".
std::string_view name_of(key_kind kind);

/// The largest secret that a key file holds, in bytes.
inline constexpr std::size_t max_key_payload = 16 * 1024;

/// Asked for a passphrase only when the file has one; its error is passed on.
using passphrase_provider = std::function<result<secret_text>()>;

/// The bytes of a key file. With a passphrase the secret is sealed, and kind
/// and network are sealed with it; each call gives other bytes then.
/// @pre the secret has 1 to max_key_payload bytes
secret_bytes encode_key_file(key_kind kind, const network_id& network,
                             byte_view secret,
                             std::optional<std::string_view> passphrase,
                             const seal_options& cost = {});

/// The secret in the bytes of a key file.
/// Errors: `bad_key_file` for damaged bytes, another kind or passphrase, or if
/// there is a passphrase and no provider; `wrong_network`; those of `ask`.
result<secret_bytes> decode_key_file(byte_view raw, key_kind kind,
                                     const network_id& network,
                                     const passphrase_provider& ask = {});

/// Writes a new key file, mode 0600 from its first byte, durable on return. The
/// file appears complete or not at all; a missing directory is made, mode 0700.
/// Errors: `duplicate` if `where` exists, which is never replaced;
/// `bad_key_file` for a directory open to others, an empty passphrase or a
/// secret of another size than 1 to max_key_payload; `disk_full`; `io_error`.
status write_key_file(const path& where, key_kind kind,
                      const network_id& network, byte_view secret,
                      std::optional<std::string_view> passphrase = {},
                      const seal_options& cost = {});

/// The secret in a key file. Refuses a file or directory that is another
/// user's, a file with wider modes than 0600 and a directory with wider ones
/// than 0700; every error names the file and what to do.
/// Errors: `not_found`, `io_error`, and those of decode_key_file.
result<secret_bytes> read_key_file(const path& where, key_kind kind,
                                   const network_id& network,
                                   const passphrase_provider& ask = {});

/// What a wallet file holds, and the only thing to back up; wiped when it dies.
struct wallet_secret {
  bytes32 entropy{}; ///< of the 24 words
  ~wallet_secret() { wipe(entropy); }
};

/// What a farmer file holds; wiped when it dies.
struct farmer_secret {
  secret_key farmer;
  bytes32 farm_secret{}; ///< plot seeds are made from it
  ~farmer_secret() { wipe(farm_secret); }
};

/// entropy[32].
secret_bytes encode(const wallet_secret& secret);
/// scalar[32] | farm_secret[32].
secret_bytes encode(const farmer_secret& secret);
/// Errors: `bad_key_file` for another length.
result<wallet_secret> decode_wallet_secret(byte_view raw);
/// Errors: `bad_key_file` for another length, or a scalar that is no key.
result<farmer_secret> decode_farmer_secret(byte_view raw);

/// All that one person owns.
struct identity {
  wallet_secret wallet;
  farmer_secret farmer; ///< farmer key 0 and the farm secret of the same words
};

/// The identity of these words.
identity identity_of(const bytes32& entropy);
/// An identity of new entropy.
identity new_identity();
} // namespace spacetime::disk
