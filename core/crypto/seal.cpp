#include "core/crypto/seal.hpp"

#include "core/base/check.hpp"
#include "core/crypto/random.hpp"

#include <botan/aead.h>
#include <botan/exceptn.h>
#include <botan/pwdhash.h>

#include <memory>
#include <new>

namespace spacetime {
namespace {
constexpr std::uint8_t version = 1;
constexpr std::size_t salt_size = 16, nonce_size = 12, tag_size = 16;
constexpr std::size_t header_size = seal_overhead - tag_size;
constexpr std::uint32_t max_memory_kib = 1 << 20;
constexpr unsigned max_passes = 16, max_lanes = 16;

using buffer = Botan::secure_vector<std::uint8_t>;

/// Everything before the ciphertext.
struct seal_header {
  seal_options options;
  std::array<std::uint8_t, salt_size> salt{};
  std::array<std::uint8_t, nonce_size> nonce{};
};

bytes encode(const seal_header& h) {
  writer out;
  out.put(version).put(h.options.memory_kib).put(h.options.passes);
  out.put(h.options.lanes).put(h.salt).put(h.nonce);
  return std::move(out).take();
}

result<seal_header> decode(byte_view raw) {
  reader in{raw};
  if (in.take<std::uint8_t>() != version)
    return fail(errc::bad_key_file, "sealed in a way this version cannot open");
  seal_header h;
  h.options.memory_kib = in.take<std::uint32_t>();
  h.options.passes = in.take<std::uint8_t>();
  h.options.lanes = in.take<std::uint8_t>();
  h.salt = in.take<salt_size>();
  h.nonce = in.take<nonce_size>();
  if (!in.done() || !in_range(h.options))
    return fail(errc::bad_key_file, "its Argon2id parameters are out of range");
  return h;
}

/// Throws std::bad_alloc if the machine lacks the memory.
buffer key_of(std::string_view passphrase, const seal_header& h) {
  const auto argon = Botan::PasswordHashFamily::create_or_throw("Argon2id")
                         ->from_params(h.options.memory_kib, h.options.passes,
                                       h.options.lanes);
  buffer key(32);
  argon->derive_key(key.data(), key.size(), passphrase.data(),
                    passphrase.size(), h.salt.data(), h.salt.size());
  return key;
}

std::unique_ptr<Botan::AEAD_Mode> cipher(Botan::Cipher_Dir direction,
                                         std::string_view passphrase,
                                         const seal_header& h, byte_view header,
                                         byte_view context) {
  auto out = Botan::AEAD_Mode::create_or_throw("ChaCha20Poly1305", direction);
  out->set_key(key_of(passphrase, h));
  // The header's width is fixed, so header and context cannot be confused.
  bytes associated{header.begin(), header.end()};
  associated.insert(associated.end(), context.begin(), context.end());
  out->set_associated_data(associated.data(), associated.size());
  out->start(h.nonce.data(), h.nonce.size());
  return out;
}
} // namespace

bool in_range(const seal_options& o) {
  return o.passes >= 1 && o.passes <= max_passes && o.lanes >= 1
         && o.lanes <= max_lanes && o.memory_kib >= 8u * o.lanes
         && o.memory_kib <= max_memory_kib;
}

bytes seal(byte_view plain, std::string_view passphrase,
           const seal_options& options, byte_view context) {
  check(in_range(options), "Argon2id parameters are in range");
  seal_header h{options};
  fill_random(h.salt);
  fill_random(h.nonce);
  auto out = encode(h);
  buffer text{plain.begin(), plain.end()};
  cipher(Botan::ENCRYPTION, passphrase, h, out, context)->finish(text);
  out.insert(out.end(), text.begin(), text.end());
  return out;
}

result<secret_bytes> open_sealed(byte_view sealed, std::string_view passphrase,
                                 byte_view context) {
  if (sealed.size() < seal_overhead)
    return fail(errc::bad_key_file, "too short to be sealed");
  const auto header = sealed.first(header_size);
  const auto h = decode(header);
  if (!h) return fail(h.error());
  const auto body = sealed.subspan(header_size);
  buffer text{body.begin(), body.end()};
  try {
    cipher(Botan::DECRYPTION, passphrase, *h, header, context)->finish(text);
  } catch (const Botan::Invalid_Authentication_Tag&) {
    return fail(errc::bad_key_file, "wrong passphrase, or damaged");
  } catch (const std::bad_alloc&) {
    return fail(errc::out_of_memory, "opening it needs "
                                         + std::to_string(h->options.memory_kib)
                                         + " KiB of memory");
  }
  return secret_bytes{text.begin(), text.end()};
}
} // namespace spacetime
