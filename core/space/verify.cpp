#include "core/space/verify.hpp"

namespace spacetime::space {
namespace {
// Detail strings of up to 15 bytes live inside std::string: no allocation.
tl::unexpected<error> refused(const char* why) {
  return fail(errc::bad_proof_of_space, why);
}

std::array<std::uint32_t, xs_per_proof> unpack(unsigned k, byte_view proof) {
  std::array<std::uint32_t, xs_per_proof> xs;
  std::uint64_t buffer = 0;
  unsigned held = 0;
  std::size_t at = 0;
  for (auto& x : xs) {
    for (; held < k; held += 8) buffer = buffer << 8 | proof[at++];
    held -= k;
    x = static_cast<std::uint32_t>((buffer >> held) & mask(k));
  }
  return xs;
}

// One level of all 16 trees at once: 2n entries of table t-1 in pairs become
// the n pairing hashes. False if a pair does not match or is filtered out.
template <std::size_t N>
bool match(const tables& plot, unsigned table, const std::array<entry, N>& in,
           std::array<pairing, N / 2>& out) {
  const auto& p = plot.params();
  std::array<std::uint64_t, N / 2> lo, hi;
  for (std::size_t i = 0; i < N / 2; ++i) {
    lo[i] = table | std::uint64_t{plot.key_of(table, in[2 * i + 1].info)} << 32;
    hi[i] = in[2 * i].meta;
  }
  plot.with().permute(plot.keys(), lo.data(), hi.data(), N / 2,
                      hash_rounds(p, table));
  for (std::size_t i = 0; i < N / 2; ++i) {
    const auto& right = in[2 * i + 1];
    const auto target =
        static_cast<std::uint32_t>(lo[i] & mask(target_bits(p, table)));
    if (right.info
        != plot.wanted(table, in[2 * i].info, plot.key_of(table, right.info),
                       target))
      return false;
    lo[i] = in[2 * i].meta;
    hi[i] = right.meta;
  }
  plot.pair(table, lo, hi);
  for (std::size_t i = 0; i < N / 2; ++i) {
    if (!plot.survives(table, hi[i])) return false;
    out[i] = {lo[i], hi[i]};
  }
  return true;
}

std::array<entry, xs_per_proof>
table0(const tables& plot, const std::array<std::uint32_t, xs_per_proof>& xs) {
  std::array<std::uint64_t, xs_per_proof> lo, hi{};
  for (std::size_t i = 0; i < xs.size(); ++i) lo[i] = xs[i] ^ plot.flip();
  plot.with().permute(plot.keys(), lo.data(), hi.data(), lo.size(), 16);
  std::array<entry, xs_per_proof> out;
  const auto low = mask(plot.params().k);
  for (std::size_t i = 0; i < xs.size(); ++i)
    out[i] = {xs[i], static_cast<std::uint32_t>(lo[i] & low), 0};
  return out;
}

// Links the fragments as the challenge demands, from whichever set the first
// one is in; the sets are distinct, so there is one start at most.
bool linked(const tables& plot, const challenge_keys& keys, const chain& c) {
  const unsigned k = plot.params().k;
  std::size_t set = 0;
  while (set < 4 && keys.sets[set] != set_of(k, c.fragments[0])) ++set;
  if (set == 4) return false;
  for (std::size_t i = 0; i < chain_length; ++i)
    if (set_of(k, c.fragments[i]) != keys.sets[(set + i) % 4]) return false;
  std::uint64_t v = 0;
  for (unsigned i = 0; i < chain_length; ++i) {
    v = plot.chain(v ^ c.fragments[i] ^ keys.round_keys[i]);
    if (!link_passes(i, v)) return false;
  }
  return true;
}
} // namespace

result<chain> fragments_of(const tables& plot, byte_view proof) {
  const unsigned k = plot.params().k;
  if (proof.size() != proof_size(k)) return refused("length");
  const auto t0 = table0(plot, unpack(k, proof));
  std::array<pairing, 64> r1;
  std::array<entry, 64> t1;
  if (!match(plot, 1, t0, r1)) return refused("table 1");
  for (std::size_t i = 0; i < t1.size(); ++i)
    t1[i] = plot.merge1(t0[2 * i].meta, t0[2 * i + 1].meta, r1[i]);
  std::array<pairing, 32> r2;
  std::array<entry, 32> t2;
  if (!match(plot, 2, t1, r2)) return refused("table 2");
  for (std::size_t i = 0; i < t2.size(); ++i)
    t2[i] = plot.merge2(t1[2 * i].meta, t1[2 * i + 1].meta, r2[i]);
  std::array<pairing, 16> r3;
  if (!match(plot, 3, t2, r3)) return refused("table 3");
  chain out;
  for (std::size_t i = 0; i < chain_length; ++i)
    out.fragments[i] = plot.merge3(t2[2 * i].xbits, t2[2 * i + 1].xbits);
  return out;
}

result<quality> verify(const plot_params& p, const bytes32& space_challenge,
                       byte_view proof) {
  if (auto ok = check(p); !ok) return fail(ok.error());
  const tables plot{p};
  const auto c = fragments_of(plot, proof);
  if (!c) return fail(c.error());
  if (!linked(plot, derive_keys(p.id, p.k, space_challenge), *c))
    return refused("chain");
  return quality_blob(p.strength, *c);
}

bytes pack_proof(unsigned k, std::span<const std::uint32_t, xs_per_proof> xs) {
  bytes out;
  out.reserve(proof_size(k));
  std::uint64_t buffer = 0;
  unsigned held = 0;
  for (const auto x : xs) {
    buffer = buffer << k | x;
    for (held += k; held >= 8; held -= 8)
      out.push_back(static_cast<std::uint8_t>(buffer >> (held - 8)));
  }
  return out;
}
} // namespace spacetime::space
