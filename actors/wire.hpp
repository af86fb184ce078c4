#pragma once
// Cap'n Proto inside CAF messages: the only inspect code of the project.

#include "core/base/bytes.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/error.hpp>
#include <caf/intrusive_ptr.hpp>
#include <caf/ref_counted.hpp>
#include <caf/sec.hpp>
#include <caf/serializer.hpp>
#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include <cstring>

namespace spacetime {
/// One immutable Cap'n Proto message whose root is `Schema`. A copy shares the
/// bytes, so sending it within a process costs one reference count. Bytes are
/// opened by `try_read` alone, and nothing in them can make it throw.
template <class Schema>
class wire_message {
public:
  static constexpr std::size_t max_bytes = 16u << 20;

  wire_message() = default;

  /// Makes a message: calls `f(Schema::Builder)`.
  template <class F>
  static wire_message build(F&& f) {
    capnp::MallocMessageBuilder builder;
    f(builder.initRoot<Schema>());
    return wire_message{capnp::messageToFlatArray(builder)};
  }

  /// Copies untrusted bytes into `out`. Checks size, segments and root.
  /// Errors: `sec::invalid_argument`.
  static caf::error from(byte_view raw, wire_message& out) {
    if (raw.empty() || raw.size() > max_bytes
        || raw.size() % sizeof(capnp::word) != 0)
      return caf::sec::invalid_argument;
    auto words = kj::heapArray<capnp::word>(raw.size() / sizeof(capnp::word));
    std::memcpy(words.begin(), raw.data(), raw.size());
    wire_message copy{kj::mv(words)};
    auto e = copy.try_read([](auto) {});
    if (!e) out = std::move(copy);
    return e;
  }

  /// Calls `f(Schema::Reader)`; the reader dies with the call. Errors:
  /// `sec::invalid_argument` if empty or if Cap'n Proto refuses the bytes.
  template <class F>
  [[nodiscard]] caf::error try_read(F&& f) const {
    if (!storage_) return caf::sec::invalid_argument;
    try { // a reader counts what it visits: one per access, never shared
      const auto& words = storage_->words;
      capnp::ReaderOptions limits;
      limits.traversalLimitInWords = words.size() * 4 + 1024;
      limits.nestingLimit = 32;
      capnp::FlatArrayMessageReader in{words, limits};
      if (in.getEnd() != words.end()) return caf::sec::invalid_argument;
      f(in.template getRoot<Schema>());
      return caf::none;
    } catch (const kj::Exception&) {
      return caf::sec::invalid_argument;
    }
  }

  /// The bytes as they travel; empty for an empty message.
  [[nodiscard]] byte_view bytes() const noexcept {
    if (!storage_) return {};
    const auto raw = storage_->words.asBytes();
    return {raw.begin(), raw.size()};
  }

private:
  struct storage final : caf::ref_counted {
    explicit storage(kj::Array<capnp::word> w) : words(kj::mv(w)) {}
    const kj::Array<capnp::word> words;
  };

  explicit wire_message(kj::Array<capnp::word> w)
      : storage_(new storage(kj::mv(w)), false) {}

  caf::intrusive_ptr<const storage> storage_;
};

template <class Schema>
caf::error inspect(caf::serializer& f, wire_message<Schema>& x) {
  const auto raw = x.bytes();
  auto n = static_cast<std::uint32_t>(raw.size());
  if (auto e = f(n)) return e;
  if (n == 0) return caf::none;
  // The cast: apply_raw serves both directions.
  return f.apply_raw(n, const_cast<std::uint8_t*>(raw.data()));
}

template <class Schema>
caf::error inspect(caf::deserializer& f, wire_message<Schema>& x) {
  std::uint32_t n = 0;
  if (auto e = f(n)) return e;
  auto* in = dynamic_cast<caf::binary_deserializer*>(&f);
  if (in == nullptr || in->remaining() < n) // before anything is allocated
    return caf::sec::end_of_stream;
  const auto* data =
      reinterpret_cast<const std::uint8_t*>(in->remainder().data());
  if (auto e = wire_message<Schema>::from({data, n}, x)) return e;
  in->skip(n);
  return caf::none;
}

/// A view of a Cap'n Proto data field, as long as its reader.
inline byte_view view(capnp::Data::Reader raw) {
  return {raw.begin(), raw.size()};
}
/// A data field's value for a builder.
inline capnp::Data::Reader blob(byte_view raw) {
  return {raw.data(), raw.size()};
}
/// A field of exactly N bytes; zeros if its length differs and `ok` goes false.
template <std::size_t N>
std::array<std::uint8_t, N> fixed(capnp::Data::Reader raw, bool& ok) {
  std::array<std::uint8_t, N> out{};
  if (raw.size() == N)
    std::copy(raw.begin(), raw.end(), out.begin());
  else
    ok = false;
  return out;
}
} // namespace spacetime
