#pragma once
// Secrets under a passphrase: Argon2id (RFC 9106), ChaCha20-Poly1305 (RFC
// 8439).

#include "core/base/result.hpp"
#include "core/crypto/secret.hpp"

#include <string_view>

namespace spacetime {
/// What a guess at the passphrase costs. The default is RFC 9106's second
/// recommended option.
struct seal_options {
  std::uint32_t memory_kib = 64 * 1024; ///< KiB; 8 * lanes to 2^20 (1 GiB)
  std::uint8_t passes = 3;              ///< 1-16
  std::uint8_t lanes = 4;               ///< 1-16
  friend bool operator==(const seal_options&, const seal_options&) = default;
};

/// Whether every option is in its range.
bool in_range(const seal_options& options);

/// Bytes that sealing adds: u8 version 1, u32 memory, u8 passes, u8 lanes,
/// salt[16], nonce[12]; then, after the ciphertext, the tag[16].
inline constexpr std::size_t seal_overhead = 1 + 4 + 1 + 1 + 16 + 12 + 16;

/// `plain` under the passphrase, with a new salt and nonce. `context` is not
/// kept, but only the same context opens it again. @pre in_range(options)
bytes seal(byte_view plain, std::string_view passphrase,
           const seal_options& options = {}, byte_view context = {});

/// What was sealed. The options in `sealed` are obeyed within their ranges, so
/// hostile bytes cost at most 1 GiB and 16 passes over it.
/// Errors: `bad_key_file` for another passphrase, context or damaged bytes;
/// `out_of_memory` if this machine lacks the memory the options ask for.
result<secret_bytes> open_sealed(byte_view sealed, std::string_view passphrase,
                                 byte_view context = {});
} // namespace spacetime
