#pragma once

#include "core/base/bytes.hpp"

#include <memory>

namespace spacetime {
/// Plain SHA-256 (FIPS 180-4) of bytes that come in pieces, for files.
class sha256_stream {
public:
  sha256_stream();
  sha256_stream(sha256_stream&&) noexcept;
  sha256_stream& operator=(sha256_stream&&) noexcept;
  ~sha256_stream();

  sha256_stream& add(byte_view piece);
  /// The digest of all pieces so far; the stream is empty again after it.
  bytes32 finish();

private:
  struct state;
  std::unique_ptr<state> state_;
};
} // namespace spacetime
