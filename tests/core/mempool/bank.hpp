#pragma once

#include "core/mempool/pool.hpp"
#include "tests/core/tx/example.hpp"

namespace spacetime::test {
/// The accounts that a pool sees, by name.
struct bank {
  std::map<account_id, state::account> accounts;
  rule_set rules = example_rules();
  height next{10};
  timestamp now{1'000'000};
  mempool::account_view view = [this](const account_id& id) {
    const auto at = accounts.find(id);
    return at == accounts.end() ? state::account{} : at->second;
  };

  bank() = default;
  bank(const bank&) = delete;
  bank& operator=(const bank&) = delete;

  state::account& of(std::uint8_t n) { return accounts[account_named(n)]; }
  [[nodiscard]] mempool::tip_view tip() const {
    return {rules, next, now, view};
  }
};
} // namespace spacetime::test
