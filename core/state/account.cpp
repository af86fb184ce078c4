#include "core/state/account.hpp"

namespace spacetime::state {
std::array<std::uint8_t, account_bytes> encode(const account& a) {
  std::array<std::uint8_t, account_bytes> out{};
  const auto nonce = be(a.nonce);
  const auto balance = be(a.balance.value);
  auto to = std::copy(nonce.begin(), nonce.end(), out.begin());
  to = std::copy(balance.begin(), balance.end(), to);
  std::copy(a.extension.begin(), a.extension.end(), to);
  return out;
}

account take_account(reader& in) {
  account a;
  a.nonce = in.take<std::uint64_t>();
  a.balance.value = in.take<std::uint64_t>();
  a.extension = in.take<32>();
  return a;
}

result<account> decode_account(byte_view raw) {
  reader in{raw};
  const auto a = take_account(in);
  if (!in.done()) return fail(errc::malformed, "account length");
  if (!exists(a)) return fail(errc::malformed, "account of zeros");
  return a;
}
} // namespace spacetime::state
