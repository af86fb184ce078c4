#include "core/codec/block.hpp"

#include "core/codec/tx.hpp"
#include "core/crypto/hash.hpp"
#include "core/crypto/merkle.hpp"

namespace spacetime::codec {
namespace {
// A block frame never exceeds this; the chain spec's limits are tighter.
constexpr std::size_t max_block_bytes = 4u << 20;

writer unsigned_part(const header& h) {
  writer out;
  out.put(h.version).put(h.height.value).put(h.epoch.value);
  out.put(h.parent.value).put(h.time.value).put(to_bytes(h.target));
  out.put(h.history_root).put(h.tx_root).put(h.state_root);
  out.put(h.payee.value);
  out.put(static_cast<std::uint16_t>(h.time_entries.size()));
  for (const auto& e : h.time_entries) out.put(e.ticks).put(e.y).put(e.proof);
  const auto& s = h.space;
  out.put(s.k).put(s.strength).put(s.farmer.value).put(s.payout).put(s.seed);
  out.put(byte_view{s.proof});
  return out;
}

result<std::pair<header, byte_view>> split(byte_view raw) {
  if (raw.size() > max_block_bytes) return fail(errc::too_large, "block");
  reader in{raw};
  const auto length = in.take<std::uint32_t>();
  const auto head = in.take(std::size_t{length});
  if (!in.ok()) return fail(errc::malformed, "block shorter than its header");
  auto h = decode_header(head);
  if (!h) return fail(h.error());
  return std::pair{std::move(*h), raw.subspan(4 + head.size())};
}
} // namespace

bytes encode_unsigned(const header& h) {
  return std::move(unsigned_part(h)).take();
}

bytes encode(const header& h) {
  auto out = unsigned_part(h);
  out.put(h.seal.value);
  return std::move(out).take();
}

block_id id_of(const network_id& network, const header& h) {
  return {hash("st/block", {network.value, encode_unsigned(h)})};
}

result<header> decode_header(byte_view raw) {
  reader in{raw};
  header h;
  h.version = in.take<std::uint16_t>();
  h.height.value = in.take<std::uint32_t>();
  h.epoch.value = in.take<std::uint64_t>();
  h.parent.value = in.take<32>();
  h.time.value = in.take<std::uint64_t>();
  h.target = to_u256(in.take<32>());
  h.history_root = in.take<32>();
  h.tx_root = in.take<32>();
  h.state_root = in.take<32>();
  h.payee.value = in.take<32>();
  const std::size_t n = in.take<std::uint16_t>();
  if (n * time_entry_bytes > in.remaining())
    return fail(errc::malformed, "header shorter than its time entries");
  h.time_entries.resize(n);
  for (auto& e : h.time_entries) {
    e.ticks = in.take<std::uint16_t>();
    e.y = in.take<100>();
    e.proof = in.take<100>();
  }
  auto& s = h.space;
  s.k = in.take<std::uint8_t>();
  s.strength = in.take<std::uint8_t>();
  s.farmer.value = in.take<32>();
  s.payout = in.take<32>();
  s.seed = in.take<32>();
  const auto proof = in.take(std::size_t{s.k} * 16);
  s.proof.assign(proof.begin(), proof.end());
  h.seal.value = in.take<64>();
  if (!in.done()) return fail(errc::malformed, "header length");
  if (raw.size() > header_base_limit + n * time_entry_bytes)
    return fail(errc::too_large, "header");
  return h;
}

std::size_t body_size(const std::vector<tx>& txs) {
  std::size_t out = 4;
  for (const auto& t : txs) out += 2 + tx_size(t.memo.size());
  return out;
}

bytes encode_body(const std::vector<tx>& txs) {
  writer out;
  out.put(static_cast<std::uint32_t>(txs.size()));
  for (const auto& t : txs) {
    const auto raw = encode(t);
    out.put(static_cast<std::uint16_t>(raw.size())).put(byte_view{raw});
  }
  return std::move(out).take();
}

bytes encode(const block& b) {
  const auto head = encode(b.head);
  writer out;
  out.put(static_cast<std::uint32_t>(head.size())).put(byte_view{head});
  out.put(byte_view{encode_body(b.txs)});
  return std::move(out).take();
}

result<header> header_of_block(byte_view raw) {
  auto parts = split(raw);
  if (!parts) return fail(parts.error());
  return std::move(parts->first);
}

result<tx> tx_of_block(const network_id& network, byte_view raw,
                       std::uint32_t position) {
  auto parts = split(raw);
  if (!parts) return fail(parts.error());
  reader in{parts->second};
  if (position >= in.take<std::uint32_t>())
    return fail(errc::not_found, "a block of fewer transactions");
  for (; position > 0 && in.ok(); --position)
    in.take(std::size_t{in.take<std::uint16_t>()});
  const std::size_t n = in.take<std::uint16_t>();
  const auto t = in.take(n);
  if (!in.ok()) return fail(errc::malformed, "body length");
  return decode_tx(network, t);
}

result<block> decode_block(const network_id& network, byte_view raw) {
  auto parts = split(raw);
  if (!parts) return fail(parts.error());
  block b{std::move(parts->first), {}};
  reader in{parts->second};
  const auto count = in.take<std::uint32_t>();
  // No transaction is shorter, so a false count cannot make us allocate.
  if (count > in.remaining() / tx_size(0))
    return fail(errc::malformed, "body shorter than its count");
  b.txs.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t n = in.take<std::uint16_t>();
    auto t = decode_tx(network, in.take(n));
    if (!t)
      return fail(errc::malformed, "transaction " + std::to_string(i) + ": "
                                       + to_string(t.error()));
    b.txs.push_back(std::move(*t));
  }
  if (!in.done()) return fail(errc::malformed, "body length");
  return b;
}

bytes32 tx_root(const std::vector<tx>& txs) {
  std::vector<bytes32> leaves;
  leaves.reserve(txs.size());
  for (const auto& t : txs)
    leaves.push_back(hash("st/tx-leaf", {t.id.value, t.seal.value}));
  return merkle_root("st/tx-node", std::move(leaves));
}
} // namespace spacetime::codec
