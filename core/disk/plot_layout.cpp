#include "core/disk/plot_layout.hpp"

#include "core/base/hex.hpp"
#include "core/crypto/hash.hpp"
#include "core/space/quality.hpp"

namespace spacetime::disk {
bytes32 take32(byte_view raw, std::size_t at) {
  bytes32 out;
  std::copy_n(raw.begin() + static_cast<std::ptrdiff_t>(at), 32, out.begin());
  return out;
}

plot_id recomputed_id(const plot_info& info) {
  return space::make_plot_id(info.network_id, info.k, info.strength,
                             info.farmer_key, info.payout, info.seed);
}

header_bytes make_header(const plot_info& info, const bytes32& data_digest) {
  header_bytes out{};
  const auto put = [&](std::size_t at, byte_view raw) {
    std::copy(raw.begin(), raw.end(),
              out.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(0, magic);
  put_le(out, 8, std::uint16_t{1});
  out[10] = info.k;
  out[11] = info.strength;
  out[12] = info.testnet ? 1 : 0;
  out[13] = static_cast<std::uint8_t>(info.k - 1);
  out[14] = 4;
  out[15] = 6;
  put(16, info.plot_id.value);
  put(48, info.network_id.value);
  put(80, info.farmer_key.value);
  put(112, info.payout);
  put(144, info.seed);
  put_le(out, 176, info.entries);
  put_le(out, 184, std::uint64_t{group_count(info.k)});
  put_le(out, 192, index_offset);
  put_le(out, 200, data_offset(info.k));
  put_le(out, 208, info.file_size);
  put_le(out, 216, info.created_unix);
  put(224, data_digest);
  put(digest_at, sha256({byte_view{out}.first(digest_at)}));
  return out;
}

plot_info parse_header(byte_view raw) {
  plot_info out;
  out.k = raw[10];
  out.strength = raw[11];
  out.testnet = raw[12] != 0;
  out.plot_id.value = take32(raw, 16);
  out.network_id.value = take32(raw, 48);
  out.farmer_key.value = take32(raw, 80);
  out.payout = take32(raw, 112);
  out.seed = take32(raw, 144);
  out.entries = take_le<std::uint64_t>(raw, 176);
  out.file_size = take_le<std::uint64_t>(raw, 208);
  out.created_unix = take_le<std::uint64_t>(raw, 216);
  return out;
}

space::plot_params params_of(const plot_info& info) {
  return {info.plot_id, info.k, info.strength, info.testnet};
}

std::string plot_file_name(const plot_info& info) {
  return "p" + std::to_string(info.k) + "-"
         + to_hex(byte_view{info.plot_id.value}.first(4)) + ".plot";
}
} // namespace spacetime::disk
