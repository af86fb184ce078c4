#include "core/codec/tick.hpp"

namespace spacetime::codec {
bytes encode(const consensus::tick& t) {
  writer out;
  out.put(t.era).put(t.step.seed).put(t.step.from).put(t.step.ticks);
  out.put(t.step.squarings).put(t.step.start).put(t.step.end);
  out.put(t.step.proof);
  return std::move(out).take();
}

result<consensus::tick> decode_tick(byte_view raw) {
  reader in{raw};
  consensus::tick t;
  t.era = in.take<std::uint64_t>();
  t.step.seed = in.take<32>();
  t.step.from = in.take<std::uint64_t>();
  t.step.ticks = in.take<std::uint64_t>();
  t.step.squarings = in.take<std::uint64_t>();
  t.step.start = in.take<100>();
  t.step.end = in.take<100>();
  t.step.proof = in.take<100>();
  if (!in.done()) return fail(errc::corrupt, "stored tick");
  return t;
}
} // namespace spacetime::codec
