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
} // namespace

bytes32 hash(std::string_view tag, std::initializer_list<byte_view> parts) {
  check(tag.size() < 256, "a tag is shorter than 256 bytes");
  auto& h = sha();
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
