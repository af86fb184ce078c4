#pragma once
// A ledger and a pool as a stranger's transaction meets them: from bytes.

#include "core/base/check.hpp"
#include "core/mempool/pool.hpp"
#include "core/state/ledger.hpp"
#include "core/state/transition.hpp"
#include "core/tx/rules.hpp"
#include "tests/core/tx/example.hpp"

namespace spacetime::test {
inline account_id id_of_key(std::uint8_t n) {
  return account_of(key(n).public_part());
}

/// A signed payment by key `from`.
inline tx signed_payment(std::uint8_t from, std::uint64_t nonce,
                         const account_id& to, std::uint64_t value,
                         std::uint64_t fee = 1'000) {
  return sealed(payment(key(from).public_part(), nonce, to, value, fee),
                key(from));
}

/// A network's ledger, and a pool that follows its tip.
struct node {
  network_id network = example_network();
  rule_set rules = example_rules();
  state::ledger ledger;
  mempool::pool pool{mempool::limits{}};
  mempool::account_view view = [this](const account_id& id) {
    return ledger.find(id);
  };

  explicit node(const std::vector<state::account_entry>& accounts) {
    auto sorted = accounts;
    std::sort(sorted.begin(), sorted.end(),
              [](const auto& a, const auto& b) { return a.id < b.id; });
    ledger = *state::ledger::restore({}, sorted, {});
  }
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  [[nodiscard]] height next() const { return {ledger.height().value + 1}; }

  /// R12, from bytes.
  [[nodiscard]] result<tx> opened(byte_view raw) const {
    auto t = codec::decode_tx(network, raw);
    if (!t) return t;
    if (auto ok = check_stateless(rules, *t); !ok) return fail(ok.error());
    return t;
  }
  /// R12 and R13 of a next block that holds it alone; changes nothing.
  [[nodiscard]] status verdict(byte_view raw) const {
    const auto t = opened(raw);
    if (!t) return fail(t.error());
    return state::transition{ledger.accounts(), rules, next()}.pay(*t);
  }
  [[nodiscard]] status verdict(const tx& t) const {
    return verdict(codec::encode(t));
  }
  /// What the pool says, which may keep it.
  status offer(const tx& t) {
    const auto in = opened(codec::encode(t));
    if (!in) return fail(in.error());
    return pool.add({rules, next(), {}, view}, *in);
  }
  /// A block of these; the pool hears of it.
  result<state::delta> connect(const std::vector<tx>& txs) {
    for (const auto& t : txs)
      if (auto in = opened(codec::encode(t)); !in) return fail(in.error());
    auto d = ledger.apply(rules, {next(), account_named(200)}, txs);
    if (d) pool.on_block(txs, view, {});
    return d;
  }
};

/// The code of a refusal; `internal` if there is none.
template <class Result>
errc code_of(const Result& r) {
  return r ? errc::internal : r.error().code;
}
} // namespace spacetime::test
