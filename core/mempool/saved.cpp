#include "core/mempool/saved.hpp"

#include "core/codec/tx.hpp"
#include "core/crypto/sha256_stream.hpp"

namespace spacetime::mempool {
namespace {
constexpr std::string_view magic = "STPOOL\r\n";
constexpr std::uint16_t version = 1;
constexpr std::size_t count_at = magic.size() + 2 + 32;
constexpr std::size_t head_bytes = count_at + 4;
constexpr std::size_t checksum_bytes = 32;

bytes32 checksum_of(byte_view all) {
  sha256_stream sum;
  sum.add(all);
  return sum.finish();
}
} // namespace

saved_writer::saved_writer(const network_id& network) {
  writer out;
  out.put(view(magic)).put(version).put(network.value).put(std::uint32_t{0});
  out_ = std::move(out).take();
}

void saved_writer::add(const tx& t, timestamp since) {
  const auto raw = codec::encode(t);
  const auto append = [this](byte_view x) {
    out_.insert(out_.end(), x.begin(), x.end());
  };
  append(be(since.value));
  append(be(static_cast<std::uint16_t>(raw.size())));
  append(raw);
  ++count_;
}

void seal(bytes& file, std::uint32_t count) {
  const auto n = be(count);
  std::copy(n.begin(), n.end(), file.begin() + count_at);
  const auto sum = checksum_of(file);
  file.insert(file.end(), sum.begin(), sum.end());
}

result<std::vector<saved_tx>> open_saved(const network_id& network,
                                         byte_view file) {
  if (file.size() < head_bytes + checksum_bytes)
    return fail(errc::malformed, "cut short");
  reader in{file.first(file.size() - checksum_bytes)};
  const auto mark = in.take(magic.size());
  if (!std::equal(mark.begin(), mark.end(), view(magic).begin()))
    return fail(errc::malformed, "no file of waiting transactions");
  const auto v = in.take<std::uint16_t>();
  if (v != version)
    return fail(errc::bad_version, "version " + std::to_string(v));
  const auto body = file.first(file.size() - checksum_bytes);
  const auto sum = checksum_of(body);
  if (!std::equal(sum.begin(), sum.end(), file.end() - checksum_bytes))
    return fail(errc::bad_checksum, "damaged or cut short");
  if (in.take<32>() != network.value) return fail(errc::wrong_network);
  const auto n = in.take<std::uint32_t>();
  std::vector<saved_tx> out; // grows with what is there, not with the count
  for (std::uint32_t i = 0; i < n; ++i) {
    const timestamp since{in.take<std::uint64_t>()};
    const auto raw = in.take(std::size_t{in.take<std::uint16_t>()});
    if (!in.ok()) return fail(errc::malformed, "fewer than it says");
    auto t = codec::decode_tx(network, raw);
    if (!t) return fail(t.error());
    out.push_back({std::move(*t), since});
  }
  if (!in.done()) return fail(errc::malformed, "surplus bytes");
  return out;
}
} // namespace spacetime::mempool
