// An undo record's bytes, and a reward list's.

#include "core/base/check.hpp"
#include "core/state/delta.hpp"

using namespace spacetime;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const byte_view raw{data, size};
  const auto same = [&](const bytes& again) {
    check(std::equal(raw.begin(), raw.end(), again.begin(), again.end()),
          "a stored value has one encoding");
  };
  if (const auto d = state::decode_delta(raw)) same(state::encode(*d));
  if (const auto r = state::decode_rewards(raw)) same(state::encode(*r));
  return 0;
}
