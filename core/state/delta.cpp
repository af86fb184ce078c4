#include "core/state/delta.hpp"

namespace spacetime::state {
namespace {
constexpr std::size_t reward_bytes = 4 + 32 + 8;
constexpr std::size_t change_bytes = 32 + 2 * account_bytes;

void put(writer& out, const reward& r) {
  out.put(r.height.value).put(r.payee.value).put(r.value.value);
}

reward take_reward(reader& in) {
  reward r;
  r.height.value = in.take<std::uint32_t>();
  r.payee.value = in.take<32>();
  r.value.value = in.take<std::uint64_t>();
  return r;
}

account_change take_change(reader& in) {
  account_change c;
  c.id.value = in.take<32>();
  c.before = take_account(in);
  c.after = take_account(in);
  return c;
}
} // namespace

bool well_formed(const delta& d) {
  if (d.earned.height != d.height || d.height.value == 0) return false;
  if (d.credited && d.credited->height >= d.height) return false;
  for (std::size_t i = 0; i < d.accounts.size(); ++i) {
    const auto& c = d.accounts[i];
    if (c.before == c.after) return false;
    if (i > 0 && d.accounts[i - 1].id >= c.id) return false;
  }
  return true;
}

bytes encode(const delta& d) {
  writer out;
  out.put(d.height.value);
  out.put(static_cast<std::uint8_t>(d.credited ? 1 : 0));
  if (d.credited) put(out, *d.credited);
  put(out, d.earned);
  out.put(d.root_before).put(d.root_after);
  out.put(static_cast<std::uint32_t>(d.accounts.size()));
  for (const auto& c : d.accounts)
    out.put(c.id.value).put(encode(c.before)).put(encode(c.after));
  return std::move(out).take();
}

result<delta> decode_delta(byte_view raw) {
  reader in{raw};
  delta d;
  d.height.value = in.take<std::uint32_t>();
  const auto has_credited = in.take<std::uint8_t>();
  if (has_credited > 1) return fail(errc::malformed, "undo record flag");
  if (has_credited == 1) d.credited = take_reward(in);
  d.earned = take_reward(in);
  d.root_before = in.take<32>();
  d.root_after = in.take<32>();
  const std::size_t n = in.take<std::uint32_t>();
  // Compared before anything is allocated: n may be any number.
  if (!in.ok() || in.remaining() % change_bytes != 0
      || in.remaining() / change_bytes != n)
    return fail(errc::malformed, "undo record length");
  d.accounts.reserve(n);
  for (std::size_t i = 0; i < n; ++i) d.accounts.push_back(take_change(in));
  if (!well_formed(d)) return fail(errc::malformed, "undo record order");
  return d;
}

bytes encode(std::span<const reward> rewards) {
  writer out;
  out.put(static_cast<std::uint32_t>(rewards.size()));
  for (const auto& r : rewards) put(out, r);
  return std::move(out).take();
}

result<std::vector<reward>> decode_rewards(byte_view raw) {
  reader in{raw};
  const std::size_t n = in.take<std::uint32_t>();
  if (!in.ok() || in.remaining() % reward_bytes != 0
      || in.remaining() / reward_bytes != n)
    return fail(errc::malformed, "reward list length");
  std::vector<reward> out;
  out.reserve(n);
  for (std::size_t i = 0; i < n; ++i) out.push_back(take_reward(in));
  if (!well_formed(out)) return fail(errc::malformed, "reward list order");
  return out;
}

bool well_formed(std::span<const reward> rewards) {
  for (std::size_t i = 0; i < rewards.size(); ++i) {
    const std::uint64_t at = rewards[i].height.value;
    if (at == 0) return false;
    if (i > 0 && at != rewards[i - 1].height.value + std::uint64_t{1})
      return false;
  }
  return true;
}
} // namespace spacetime::state
