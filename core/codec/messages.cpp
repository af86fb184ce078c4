#include "core/codec/messages.hpp"

namespace spacetime::codec {
namespace {
capnp::Data::Reader blob(byte_view raw) {
  return {raw.data(), raw.size()};
}

/// Copies fields of exact length; remembers if one had another.
struct fixed_fields {
  bool ok = true;

  template <std::size_t N>
  void take(std::array<std::uint8_t, N>& out, capnp::Data::Reader in) {
    if (in.size() == N)
      std::copy(in.begin(), in.end(), out.begin());
    else
      ok = false;
  }
};
} // namespace

void write(schema::Tick::Builder out, const consensus::tick& t) {
  out.setEra(t.era);
  out.setSeed(blob(t.step.seed));
  out.setFrom(t.step.from);
  out.setTicks(t.step.ticks);
  out.setSquarings(t.step.squarings);
  out.setStart(blob(t.step.start));
  out.setEnd(blob(t.step.end));
  out.setProof(blob(t.step.proof));
}

result<consensus::tick> read(schema::Tick::Reader in) {
  consensus::tick t;
  fixed_fields fields;
  t.era = in.getEra();
  fields.take(t.step.seed, in.getSeed());
  t.step.from = in.getFrom();
  t.step.ticks = in.getTicks();
  t.step.squarings = in.getSquarings();
  fields.take(t.step.start, in.getStart());
  fields.take(t.step.end, in.getEnd());
  fields.take(t.step.proof, in.getProof());
  if (!fields.ok) return fail(errc::malformed, "tick field length");
  return t;
}

void write(schema::Scan::Builder out, const scan& s) {
  out.setEpoch(s.epoch.value);
  out.setChallenge(blob(s.challenge.value));
  out.setTarget(blob(to_bytes(s.target)));
  out.setFilterBits(s.filter_bits);
  out.setDeadlineMs(s.deadline_ms);
}

result<scan> read(schema::Scan::Reader in) {
  scan s;
  fixed_fields fields;
  bytes32 target{};
  s.epoch.value = in.getEpoch();
  fields.take(s.challenge.value, in.getChallenge());
  fields.take(target, in.getTarget());
  s.target = to_u256(target);
  s.filter_bits = in.getFilterBits();
  s.deadline_ms = in.getDeadlineMs();
  if (!fields.ok || s.filter_bits > 256)
    return fail(errc::malformed, "scan field");
  return s;
}

void write(schema::Ticket::Builder out, const ticket& t) {
  out.setEpoch(t.epoch.value);
  out.setChallenge(blob(t.challenge.value));
  out.setK(t.space.k);
  out.setStrength(t.space.strength);
  out.setFarmer(blob(t.space.farmer.value));
  out.setPayout(blob(t.space.payout));
  out.setSeed(blob(t.space.seed));
  out.setProof(blob(t.space.proof));
}

result<ticket> read(schema::Ticket::Reader in) {
  ticket t;
  fixed_fields fields;
  t.epoch.value = in.getEpoch();
  fields.take(t.challenge.value, in.getChallenge());
  t.space.k = in.getK();
  t.space.strength = in.getStrength();
  fields.take(t.space.farmer.value, in.getFarmer());
  fields.take(t.space.payout, in.getPayout());
  fields.take(t.space.seed, in.getSeed());
  const auto proof = in.getProof();
  if (!fields.ok || proof.size() != std::size_t{t.space.k} * 16)
    return fail(errc::malformed, "ticket field length");
  t.space.proof.assign(proof.begin(), proof.end());
  return t;
}

result<bytes32> read(schema::Id::Reader in) {
  fixed_fields fields;
  bytes32 out{};
  fields.take(out, in.getValue());
  if (!fields.ok) return fail(errc::malformed, "id length");
  return out;
}

result<std::vector<bytes32>> read(schema::IdList::Reader in) {
  constexpr std::size_t width = sizeof(bytes32);
  const auto raw = in.getValues();
  if (raw.size() % width != 0) return fail(errc::malformed, "id list length");
  if (raw.size() / width > max_ids) return fail(errc::too_large, "id list");
  std::vector<bytes32> out(raw.size() / width);
  for (std::size_t i = 0; i < out.size(); ++i)
    std::copy_n(raw.begin() + i * width, width, out[i].begin());
  return out;
}
} // namespace spacetime::codec
