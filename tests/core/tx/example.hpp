#pragma once
// Rules, keys and transactions for tests of the ledger's parts.

#include "core/base/hex.hpp"
#include "core/chain/spec.hpp"
#include "core/codec/tx.hpp"
#include "core/crypto/account.hpp"
#include "core/crypto/sign.hpp"

#include <random>

namespace spacetime::test {
using random_source = std::mt19937_64;

/// Regtest's rules as far as the ledger reads them.
inline rule_set example_rules() {
  rule_set r;
  r.maturity = 4;
  r.subsidy = 50'000'000'000;
  r.halving = 100;
  r.tail = 500'000'000;
  r.max_body_bytes = 2u << 20;
  r.max_txs = 10'000;
  r.min_fee_rate = 1;
  r.header_version = 1;
  return r;
}

inline network_id example_network() {
  return {hash("st/network", {view("example")})};
}

template <std::size_t N>
std::array<std::uint8_t, N> random_bytes(random_source& random) {
  std::array<std::uint8_t, N> out{};
  for (auto& b : out) b = static_cast<std::uint8_t>(random());
  return out;
}

inline secret_key key(std::uint8_t n) {
  bytes32 scalar{};
  scalar[31] = n;
  return *secret_key::from(scalar);
}

/// A key that signs nothing: enough where signatures are not looked at.
inline public_key name(std::uint8_t n) {
  return {hash("st/test-name", {be(n)})};
}
inline account_id account_named(std::uint8_t n) {
  return account_of(name(n));
}

inline tx payment(const public_key& from, std::uint64_t nonce,
                  const account_id& to, std::uint64_t value,
                  std::uint64_t fee = 1000) {
  tx t;
  t.sender = from;
  t.nonce = nonce;
  t.recipient = to;
  t.value = {value};
  t.fee = {fee};
  t.id = codec::id_of(example_network(), t);
  return t;
}

/// Completes a changed transaction: id and, with its key, seal.
inline tx sealed(tx t, const secret_key& by) {
  t.id = codec::id_of(example_network(), t);
  t.seal = by.sign(t.id.value);
  return t;
}

/// Changes a few bytes of `raw`: flips, overwrites, inserts or deletes.
inline bytes mutated(bytes raw, random_source& random) {
  for (auto n = 1 + random() % 3; n > 0; --n) {
    const auto at = raw.empty() ? 0 : random() % raw.size();
    const auto where = raw.begin() + static_cast<std::ptrdiff_t>(at);
    const auto value = static_cast<std::uint8_t>(random());
    switch (raw.empty() ? 2 : random() % 8) {
    case 0: raw[at] = value; break;
    case 1: raw.erase(where); break;
    case 2: raw.insert(where, value); break;
    default: raw[at] ^= static_cast<std::uint8_t>(1u << random() % 8); break;
    }
  }
  return raw;
}
} // namespace spacetime::test
