#include "core/crypto/hash.hpp"

#include "core/base/check.hpp"

#include <botan/hash.h>

#include <memory>

namespace spacetime {
namespace {
// Creating a hash object costs more than hashing 64 bytes: one per thread.
Botan::HashFunction& sha() {
  thread_local const auto object =
      Botan::HashFunction::create_or_throw("SHA-256");
  return *object;
}

bytes32 finish(Botan::HashFunction& h) {
  bytes32 out;
  h.final(out.data());
  return out;
}

/// Most inputs are some hashes long: one call of the hash object, which costs
/// as much as a block of input, instead of one for each part. Gives the bytes
/// used; 0 if they do not fit.
std::size_t join(std::string_view tag, std::initializer_list<byte_view> parts,
                 std::array<std::uint8_t, 256>& out) {
  auto size = 1 + tag.size();
  for (auto part : parts) size += part.size();
  if (size > out.size()) return 0;
  out[0] = static_cast<std::uint8_t>(tag.size());
  auto* to = std::copy(tag.begin(), tag.end(), out.begin() + 1);
  for (auto part : parts) to = std::copy(part.begin(), part.end(), to);
  return size;
}
} // namespace

bytes32 hash(std::string_view tag, std::initializer_list<byte_view> parts) {
  check(tag.size() < 256, "a tag is shorter than 256 bytes");
  auto& h = sha();
  std::array<std::uint8_t, 256> joined;
  if (const auto size = join(tag, parts, joined); size > 0) {
    h.update(joined.data(), size);
    return finish(h);
  }
  h.update(static_cast<std::uint8_t>(tag.size()));
  h.update(view(tag).data(), tag.size());
  for (auto part : parts) h.update(part.data(), part.size());
  return finish(h);
}

bytes32 sha256(std::initializer_list<byte_view> parts) {
  auto& h = sha();
  for (auto part : parts) h.update(part.data(), part.size());
  return finish(h);
}
} // namespace spacetime
