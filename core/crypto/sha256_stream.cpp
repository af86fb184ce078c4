#include "core/crypto/sha256_stream.hpp"

#include <botan/hash.h>

namespace spacetime {
struct sha256_stream::state {
  std::unique_ptr<Botan::HashFunction> hash =
      Botan::HashFunction::create_or_throw("SHA-256");
};

sha256_stream::sha256_stream() : state_(std::make_unique<state>()) {}
sha256_stream::sha256_stream(sha256_stream&&) noexcept = default;
sha256_stream& sha256_stream::operator=(sha256_stream&&) noexcept = default;
sha256_stream::~sha256_stream() = default;

sha256_stream& sha256_stream::add(byte_view piece) {
  state_->hash->update(piece.data(), piece.size());
  return *this;
}

bytes32 sha256_stream::finish() {
  bytes32 out;
  state_->hash->final(out.data());
  return out;
}
} // namespace spacetime
