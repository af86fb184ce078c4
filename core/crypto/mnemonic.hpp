#pragma once
// 24 words that stand for 32 bytes (BIP-39), and the seed made from them.

#include "core/base/result.hpp"
#include "core/crypto/secret.hpp"

#include <array>
#include <string_view>

namespace spacetime {
/// BIP-39's English words, in alphabetical order.
extern const std::array<std::string_view, 2048> mnemonic_words;

/// The 24 words of 32 bytes of entropy and an 8-bit checksum, one space between
/// them. They are the secret: print them only when a person asked.
secret_text to_mnemonic(const bytes32& entropy);

/// The entropy of 24 words; any white space between them, either case.
/// Errors: `bad_encoding` for an unknown word (named with its position and the
/// nearest known one) or another number of words, `bad_checksum` if the words
/// do not fit together.
result<bytes32> from_mnemonic(std::string_view text);

/// The seed of the entropy's words: PBKDF2-HMAC-SHA512 over them with salt
/// "mnemonic" and `passphrase`, 2048 rounds (BIP-39). Takes about a
/// millisecond. The passphrase is taken byte by byte: normalise it (NFKD)
/// before.
secret_array<64> mnemonic_seed(const bytes32& entropy,
                               std::string_view passphrase = {});
} // namespace spacetime
