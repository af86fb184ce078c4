// A block's bytes: what decodes is its only encoding, and its header is the
// one that is found alone.

#include "core/base/check.hpp"
#include "core/codec/block.hpp"

using namespace spacetime;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const byte_view raw{data, size};
  const auto head = codec::header_of_block(raw);
  const auto b = codec::decode_block({}, raw);
  if (!b) return 0;
  check(head && *head == b->head, "a block has one header");
  const auto again = codec::encode(*b);
  check(std::equal(raw.begin(), raw.end(), again.begin(), again.end()),
        "a block has one encoding");
  check(codec::body_size(b->txs) + 4 + codec::encode(b->head).size()
            == raw.size(),
        "the size of a body is known without its bytes");
  return 0;
}
