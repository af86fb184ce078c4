// A header's bytes: what decodes is its only encoding.

#include "core/base/check.hpp"
#include "core/codec/block.hpp"

using namespace spacetime;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const byte_view raw{data, size};
  const auto h = codec::decode_header(raw);
  if (!h) return 0;
  const auto again = codec::encode(*h);
  check(std::equal(raw.begin(), raw.end(), again.begin(), again.end()),
        "a header has one encoding");
  return 0;
}
