// A transaction's bytes: what decodes is its only encoding, and R12 ends.

#include "core/base/check.hpp"
#include "core/codec/tx.hpp"
#include "core/tx/rules.hpp"

using namespace spacetime;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const byte_view raw{data, size};
  const auto t = codec::decode_tx({}, raw);
  if (!t) return 0;
  const auto again = codec::encode(*t);
  check(std::equal(raw.begin(), raw.end(), again.begin(), again.end()),
        "a transaction has one encoding");
  check(codec::id_of({}, *t) == t->id, "an id is of the bytes");
  rule_set rules;
  rules.min_fee_rate = 1;
  check(!check_stateless(rules, *t), "nobody finds a signature by chance");
  return 0;
}
