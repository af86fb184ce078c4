#pragma once
// Passphrases: from a terminal, without echo, or from a file. Nothing waits for
// one where there is no terminal.

#include "core/base/result.hpp"
#include "core/crypto/secret.hpp"

#include <filesystem>
#include <optional>

namespace spacetime::cli {
/// --passphrase-file, if it was given.
using passphrase_file = std::optional<std::filesystem::path>;

/// The passphrase that opens `key`: the first line of `from`, else asked for.
/// Errors: `bad_key_file` without a file and a terminal, or for a file that is
/// not there or empty; `cancelled` for Ctrl-C; `io_error`.
result<secret_text> passphrase_of(const std::filesystem::path& key,
                                  const passphrase_file& from);

/// The passphrase for a new key: the first line of `from`, else asked for
/// twice; nothing if the person wants none or there is no terminal.
/// Errors: as above; `bad_key_file` also if the two differ.
result<std::optional<secret_text>>
new_passphrase_of(const std::filesystem::path& key,
                  const passphrase_file& from);
} // namespace spacetime::cli
