#include "core/sim/traffic.hpp"

#include "core/base/check.hpp"
#include "core/chain/public_keys.hpp"
#include "core/codec/tx.hpp"
#include "core/crypto/account.hpp"
#include "core/crypto/hash.hpp"
#include "core/tx/rules.hpp"

namespace spacetime::sim {
namespace {
/// A network of one's own often keeps the premine of the one it was made from.
std::vector<secret_key> public_keys_of(const chain_spec& spec) {
  constexpr std::uint32_t keys_of_a_network = 8;
  std::vector<secret_key> out;
  for (const auto name : chain_spec::names())
    for (std::uint32_t i = 0; i < keys_of_a_network; ++i) {
      const auto key = public_test_key(name, i);
      if (!key) continue;
      const auto id = account_of(key->public_part());
      for (const auto& p : spec.genesis.premine)
        if (p.account == id) out.push_back(*key);
    }
  return out;
}
} // namespace

result<traffic> traffic::open(const chain_spec& spec, std::uint64_t seed,
                              std::uint32_t accounts, std::uint32_t per_block) {
  if (accounts < 2)
    return fail(errc::bad_config, "payments need two accounts or more");
  traffic out{spec.network(), seed, accounts, per_block};
  for (const auto& key : public_keys_of(spec))
    out.rich_.push_back({key, account_of(key.public_part())});
  if (out.rich_.empty())
    return fail(errc::not_found,
                spec.genesis.name
                    + " has no premine whose key is public; nobody can pay");
  return out;
}

traffic::owner traffic::new_owner() const {
  const auto key = secret_key::from(
      hash("st/sim-account",
           {be(seed_), be(static_cast<std::uint64_t>(owners_.size()))}));
  check(key.has_value(), "nearly every hash is a key");
  return {*key, account_of(key->public_part())};
}

bool traffic::pay(const rule_set& rules, const state::ledger& at,
                  const owner& from, const account_id& to, bool fresh,
                  std::uint64_t share, std::vector<tx>& out) {
  const auto known = at.find(from.id);
  auto& purse = purses_
                    .try_emplace(from.id, traffic::purse{known.nonce,
                                                         known.balance.value})
                    .first->second;
  tx t;
  t.sender = from.key.public_part();
  t.nonce = purse.nonce;
  t.recipient = to;
  t.value = {std::max<std::uint64_t>(purse.balance / share, 1)};
  const auto fee = least_fee(rules, t, fresh);
  if (!fee || fee->value > purse.balance
      || t.value.value > purse.balance - fee->value)
    return false;
  t.fee = *fee;
  t.id = codec::id_of(network_, t);
  t.seal = from.key.sign(t.id.value);
  ++purse.nonce;
  purse.balance -= t.value.value + t.fee.value;
  out.push_back(std::move(t));
  return true;
}

bool traffic::add_one(const rule_set& rules, const state::ledger& at,
                      std::vector<tx>& out) {
  if (owners_.size() < wanted_) {
    const auto fresh = new_owner();
    const auto& from = rich_[owners_.size() % rich_.size()];
    // The last one still gets a part of what was there at first.
    if (pay(rules, at, from, fresh.id, true, 2ull * wanted_, out)) {
      owners_.push_back(fresh);
      return true;
    }
  }
  if (owners_.size() < 2) return false;
  constexpr int tries = 8;
  for (int i = 0; i < tries; ++i) {
    const auto from = dice_.below(owners_.size());
    const auto to =
        (from + 1 + dice_.below(owners_.size() - 1)) % owners_.size();
    if (pay(rules, at, owners_[from], owners_[to].id, false,
            10 + dice_.below(90), out))
      return true;
  }
  return false;
}

std::vector<tx> traffic::next(const rule_set& rules, const state::ledger& at) {
  purses_.clear();
  std::vector<tx> out;
  const auto most = std::min<std::uint64_t>(per_block_, rules.max_txs);
  while (out.size() < most && add_one(rules, at, out)) {
  }
  return out;
}
} // namespace spacetime::sim
