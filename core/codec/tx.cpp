#include "core/codec/tx.hpp"

#include "core/crypto/hash.hpp"

namespace spacetime::codec {
namespace {
writer unsigned_part(const tx& t) {
  writer out;
  out.put(tx::version).put(tx::payment).put(t.sender.value).put(t.nonce);
  out.put(t.recipient.value).put(t.value.value).put(t.fee.value);
  out.put(t.expiry.value).put(static_cast<std::uint8_t>(t.memo.size()));
  out.put(byte_view{t.memo});
  return out;
}
} // namespace

bytes encode_unsigned(const tx& t) {
  return std::move(unsigned_part(t)).take();
}

bytes encode(const tx& t) {
  auto out = unsigned_part(t);
  out.put(t.seal.value);
  return std::move(out).take();
}

tx_id id_of(const network_id& network, const tx& t) {
  return {hash("st/tx", {network.value, encode_unsigned(t)})};
}

result<tx> decode_tx(const network_id& network, byte_view raw) {
  if (raw.size() < tx_size(0))
    return fail(errc::bad_tx_size, std::to_string(raw.size()) + " bytes");
  reader in{raw};
  if (const auto version = in.take<std::uint8_t>(); version != tx::version)
    return fail(errc::bad_tx_version, std::to_string(version));
  if (const auto type = in.take<std::uint8_t>(); type != tx::payment)
    return fail(errc::bad_tx_format, "type " + std::to_string(type));
  tx t;
  t.sender.value = in.take<32>();
  t.nonce = in.take<std::uint64_t>();
  t.recipient.value = in.take<32>();
  t.value.value = in.take<std::uint64_t>();
  t.fee.value = in.take<std::uint64_t>();
  t.expiry.value = in.take<std::uint32_t>();
  const auto n = in.take<std::uint8_t>();
  if (n > tx::max_memo) return fail(errc::bad_tx_size, "memo above 80 bytes");
  const auto memo = in.take(std::size_t{n});
  t.memo.assign(memo.begin(), memo.end());
  t.seal.value = in.take<64>();
  if (!in.done())
    return fail(errc::bad_tx_size, std::to_string(raw.size())
                                       + " bytes with a memo of "
                                       + std::to_string(n));
  t.id = {hash("st/tx", {network.value, raw.first(raw.size() - 64)})};
  return t;
}
} // namespace spacetime::codec
