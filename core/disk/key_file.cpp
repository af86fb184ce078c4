#include "core/disk/key_file.hpp"

#include "core/base/check.hpp"
#include "core/base/hex.hpp"
#include "core/crypto/derive.hpp"
#include "core/crypto/hash.hpp"
#include "core/crypto/mnemonic.hpp"
#include "core/crypto/random.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace spacetime::disk {
namespace {
// A text-mode copy changes the line end, and is then noticed at once.
constexpr std::string_view magic = "STKEY\r\n";
constexpr std::uint16_t version = 1;
// magic | version | kind | sealed | network id
constexpr std::size_t context_size = 7 + 2 + 1 + 1 + 32;
constexpr std::size_t header_size = context_size + 4;
constexpr std::size_t checksum_size = 32;
constexpr std::size_t min_size = header_size + 1 + checksum_size;
constexpr std::size_t max_size =
    header_size + max_key_payload + seal_overhead + checksum_size;

bytes context_of(key_kind kind, bool sealed, const network_id& network) {
  writer out;
  out.put(view(magic)).put(version).put(static_cast<std::uint8_t>(kind));
  out.put(static_cast<std::uint8_t>(sealed)).put(network.value);
  return std::move(out).take();
}

struct key_header {
  std::uint8_t kind = 0, sealed = 0;
  network_id network;
  std::uint32_t payload_size = 0;
};

tl::unexpected<error> unusable(std::string why) {
  return fail(errc::bad_key_file, std::move(why));
}

/// The header of a whole file whose checksum fits.
result<key_header> check_frame(byte_view raw) {
  if (raw.size() < min_size || raw.size() > max_size)
    return unusable("its size is not a key file's");
  reader in{raw};
  const auto start = in.take(magic.size());
  if (!std::equal(start.begin(), start.end(), view(magic).begin()))
    return unusable("not a key file");
  const auto found = in.take<std::uint16_t>();
  if (found != version)
    return unusable("version " + std::to_string(found)
                    + " of the format, only version " + std::to_string(version)
                    + " is known");
  const auto body = raw.first(raw.size() - checksum_size);
  const auto sum = sha256({body});
  if (!std::equal(sum.begin(), sum.end(), raw.last(checksum_size).begin()))
    return unusable("damaged: its checksum does not fit");
  key_header h;
  h.kind = in.take<std::uint8_t>();
  h.sealed = in.take<std::uint8_t>();
  h.network.value = in.take<32>();
  h.payload_size = in.take<std::uint32_t>();
  if (h.sealed > 1 || h.payload_size != body.size() - header_size)
    return unusable("damaged: its header does not fit its payload");
  return h;
}

status check_purpose(const key_header& h, key_kind kind,
                     const network_id& network) {
  if (h.kind != static_cast<std::uint8_t>(kind))
    return unusable("its key is of kind "
                    + std::string{name_of(key_kind{h.kind})} + ", not "
                    + std::string{name_of(kind)});
  if (h.network != network)
    return fail(errc::wrong_network,
                "a key of network " + to_hex(h.network.value)
                    + ", this is network " + to_hex(network.value));
  return {};
}

result<secret_bytes> open_payload(byte_view context, byte_view payload,
                                  const passphrase_provider& ask) {
  if (!ask) return unusable("has a passphrase, and none was given");
  const auto passphrase = ask();
  if (!passphrase) return fail(passphrase.error());
  return open_sealed(payload, *passphrase, context);
}

std::string octal(mode_t mode) {
  char out[8];
  std::snprintf(out, sizeof out, "%04o", static_cast<unsigned>(mode));
  return out;
}

/// Ours, and no mode bit beyond `widest`.
status check_private(const struct stat& info, mode_t widest,
                     const path& where) {
  const auto name = where.string();
  if (info.st_uid != ::geteuid()) {
    const auto us = std::to_string(::geteuid());
    return unusable(name + ": belongs to user " + std::to_string(info.st_uid)
                    + ", this is user " + us + "; run: chown " + us + " '"
                    + name + "'");
  }
  const mode_t mode = info.st_mode & 07777;
  if ((mode & ~widest) != 0)
    return unusable(name + ": mode " + octal(mode)
                    + " lets others in; run: chmod " + octal(widest) + " '"
                    + name + "'");
  return {};
}

path directory_of(const path& where) {
  return where.has_parent_path() ? where.parent_path() : path{"."};
}

status check_directory(const path& directory) {
  struct stat info {};
  if (::stat(directory.c_str(), &info) != 0)
    return fail(os_error(errno, directory, "read the mode"));
  return check_private(info, 0700, directory);
}

/// Gives `from` the name `to` in one step, unless `to` exists.
status rename_new(const path& from, const path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(),
                  RENAME_NOREPLACE)
      == 0)
    return {};
  // Some file systems do not know the flag; a hard link is as safe.
  if ((errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)
      && ::link(from.c_str(), to.c_str()) == 0) {
    ::unlink(from.c_str());
    return {};
  }
  if (errno == EEXIST)
    return fail(errc::duplicate,
                to.string() + ": exists; a key file is never replaced");
  return fail(os_error(errno, to, "create"));
}

/// A new file of mode 0600, durable but for its name.
status write_draft(const path& where, byte_view raw) {
  const auto file = open_file(where, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!file) return fail(file.error());
  // A umask may have taken bits away from the owner.
  if (::fchmod(file->fd(), 0600) != 0)
    return fail(os_error(errno, where, "set the mode"));
  if (auto done = write_at(*file, 0, raw, where); !done) return done;
  if (::fsync(file->fd()) != 0) return fail(os_error(errno, where, "sync"));
  return {};
}

status create_file(const path& where, byte_view raw) {
  const auto directory = directory_of(where);
  if (auto made = make_directories(directory); !made) return made;
  if (auto safe = check_directory(directory); !safe) return safe;
  std::array<std::uint8_t, 8> unique;
  fill_random(unique);
  const path draft{where.string() + ".new-" + to_hex(unique)};
  auto done = write_draft(draft, raw);
  if (done) done = rename_new(draft, where);
  if (done) return fsync_directory(directory);
  ::unlink(draft.c_str());
  return done;
}

result<secret_bytes> read_private(const path& where) {
  // Not to wait for a writer, should it be a pipe.
  const auto file = open_file(where, O_RDONLY | O_NONBLOCK);
  if (!file) return fail(file.error());
  struct stat info {};
  if (::fstat(file->fd(), &info) != 0)
    return fail(os_error(errno, where, "read the mode"));
  if (!S_ISREG(info.st_mode)) return unusable(where.string() + ": not a file");
  if (auto safe = check_private(info, 0600, where); !safe)
    return fail(safe.error());
  if (auto safe = check_directory(directory_of(where)); !safe)
    return fail(safe.error());
  // One byte more than any key file has, to notice what is too long.
  secret_bytes out(max_size + 1);
  const auto n = read_at(*file, 0, out, where);
  if (!n) return fail(n.error());
  out.resize(*n);
  return out;
}

error about(const path& where, const error& e) {
  return {e.code, where.string() + ": " + e.detail};
}
} // namespace

std::string_view name_of(key_kind kind) {
  switch (kind) {
  case key_kind::node: return "node";
  case key_kind::farmer: return "farmer";
  case key_kind::wallet: return "wallet";
  }
  return "unknown";
}

secret_bytes encode_key_file(key_kind kind, const network_id& network,
                             byte_view secret,
                             std::optional<std::string_view> passphrase,
                             const seal_options& cost) {
  check(!secret.empty() && secret.size() <= max_key_payload,
        "a key file holds 1 to max_key_payload bytes");
  const auto context = context_of(kind, passphrase.has_value(), network);
  secret_bytes out{context.begin(), context.end()};
  const auto append = [&out](byte_view raw) {
    out.insert(out.end(), raw.begin(), raw.end());
  };
  const auto sealed =
      passphrase ? seal(secret, *passphrase, cost, context) : bytes{};
  const auto payload = passphrase ? byte_view{sealed} : secret;
  append(be(static_cast<std::uint32_t>(payload.size())));
  append(payload);
  append(sha256({out}));
  return out;
}

result<secret_bytes> decode_key_file(byte_view raw, key_kind kind,
                                     const network_id& network,
                                     const passphrase_provider& ask) {
  const auto h = check_frame(raw);
  if (!h) return fail(h.error());
  if (auto ours = check_purpose(*h, kind, network); !ours)
    return fail(ours.error());
  const auto payload = raw.subspan(header_size, h->payload_size);
  if (h->sealed) return open_payload(raw.first(context_size), payload, ask);
  if (payload.size() > max_key_payload)
    return unusable("its size is not a key file's");
  return secret_bytes{payload.begin(), payload.end()};
}

status write_key_file(const path& where, key_kind kind,
                      const network_id& network, byte_view secret,
                      std::optional<std::string_view> passphrase,
                      const seal_options& cost) {
  if (secret.empty() || secret.size() > max_key_payload)
    return unusable(where.string() + ": no secret of this size fits");
  if (passphrase && passphrase->empty())
    return unusable(where.string() + ": an empty passphrase protects nothing");
  return create_file(where,
                     encode_key_file(kind, network, secret, passphrase, cost));
}

result<secret_bytes> read_key_file(const path& where, key_kind kind,
                                   const network_id& network,
                                   const passphrase_provider& ask) {
  const auto raw = read_private(where);
  if (!raw) return fail(raw.error());
  auto secret = decode_key_file(*raw, kind, network, ask);
  if (!secret) return fail(about(where, secret.error()));
  return secret;
}

secret_bytes encode(const wallet_secret& secret) {
  return {secret.entropy.begin(), secret.entropy.end()};
}

secret_bytes encode(const farmer_secret& secret) {
  secret_bytes out;
  out.reserve(64);
  const auto& scalar = secret.farmer.scalar();
  out.insert(out.end(), scalar.begin(), scalar.end());
  out.insert(out.end(), secret.farm_secret.begin(), secret.farm_secret.end());
  return out;
}

result<wallet_secret> decode_wallet_secret(byte_view raw) {
  if (raw.size() != 32) return unusable("a wallet secret has 32 bytes");
  wallet_secret out;
  std::copy(raw.begin(), raw.end(), out.entropy.begin());
  return out;
}

result<farmer_secret> decode_farmer_secret(byte_view raw) {
  if (raw.size() != 64) return unusable("a farmer secret has 64 bytes");
  secret_array<32> scalar;
  std::copy_n(raw.begin(), 32, scalar.value.begin());
  const auto key = secret_key::from(scalar.value);
  if (!key) return unusable("its farmer key is no key");
  farmer_secret out;
  out.farmer = *key;
  std::copy_n(raw.begin() + 32, 32, out.farm_secret.begin());
  return out;
}

identity identity_of(const bytes32& entropy) {
  const auto seed = mnemonic_seed(entropy);
  identity out;
  out.wallet.entropy = entropy;
  out.farmer.farmer = farmer_key(seed, 0).key;
  out.farmer.farm_secret = farm_secret(seed).value;
  return out;
}

identity new_identity() {
  secret_array<32> entropy;
  fill_random(entropy.value);
  return identity_of(entropy.value);
}
} // namespace spacetime::disk
