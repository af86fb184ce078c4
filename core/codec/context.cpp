#include "core/codec/context.hpp"

#include <bit>

namespace spacetime::codec {
namespace {
constexpr std::uint8_t version = 1;
constexpr std::size_t most_recent = 11;

void put(writer& out, const consensus::block_facts& f) {
  out.put(f.height.value).put(f.epoch.value).put(f.time.value);
}

consensus::block_facts take_facts(reader& in) {
  consensus::block_facts out;
  out.height.value = in.take<std::uint32_t>();
  out.epoch.value = in.take<std::uint64_t>();
  out.time.value = in.take<std::uint64_t>();
  return out;
}

void put(writer& out, const consensus::era_state& e) {
  out.put(e.number).put(e.seed).put(e.squarings).put(e.next_squarings);
  out.put(static_cast<std::uint64_t>(e.accumulator)).put(e.empty_epochs);
  out.put(e.blocks).put(e.infusion).put(to_bytes(e.target));
  put(out, e.retarget_base);
}

consensus::era_state take_era(reader& in) {
  consensus::era_state out;
  out.number = in.take<std::uint64_t>();
  out.seed = in.take<32>();
  out.squarings = in.take<std::uint64_t>();
  out.next_squarings = in.take<std::uint64_t>();
  out.accumulator = static_cast<std::int64_t>(in.take<std::uint64_t>());
  out.empty_epochs = in.take<std::uint64_t>();
  out.blocks = in.take<std::uint32_t>();
  out.infusion = in.take<32>();
  out.target = to_u256(in.take<32>());
  out.retarget_base = take_facts(in);
  return out;
}
} // namespace

bytes encode(const consensus::chain_context& c) {
  writer out;
  out.put(version).put(c.id.value).put(c.parent.value);
  put(out, c.facts);
  out.put(to_bytes(c.weight)).put(to_bytes(c.score));
  put(out, c.era);
  out.put(c.y).put(c.history.count());
  for (const auto& peak : c.history.peaks()) out.put(peak);
  out.put(static_cast<std::uint8_t>(c.recent.size()));
  for (const auto& f : c.recent) put(out, f);
  return std::move(out).take();
}

result<consensus::chain_context> decode_context(byte_view raw) {
  reader in{raw};
  if (in.take<std::uint8_t>() != version)
    return fail(errc::corrupt, "chain context of another version");
  consensus::chain_context out;
  out.id.value = in.take<32>();
  out.parent.value = in.take<32>();
  out.facts = take_facts(in);
  out.weight = to_u256(in.take<32>());
  out.score = to_u256(in.take<32>());
  out.era = take_era(in);
  out.y = in.take<100>();
  const auto count = in.take<std::uint64_t>();
  std::vector<bytes32> peaks(static_cast<std::size_t>(std::popcount(count)));
  for (auto& peak : peaks) peak = in.take<32>();
  out.history = {count, std::move(peaks)};
  const std::size_t recent = in.take<std::uint8_t>();
  if (recent == 0 || recent > most_recent)
    return fail(errc::corrupt, "chain context without recent blocks");
  for (std::size_t i = 0; i < recent; ++i) out.recent.push_back(take_facts(in));
  if (!in.done()) return fail(errc::corrupt, "chain context length");
  return out;
}
} // namespace spacetime::codec
