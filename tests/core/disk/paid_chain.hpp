#pragma once
// A chain of blocks with payments, and a store that keeps its indexes.

#include "core/crypto/account.hpp"
#include "core/disk/chain_indexes.hpp"
#include "tests/core/disk/disk_fixture.hpp"
#include "tests/support/stored_chain.hpp"

#include <doctest/doctest.h>

#include <random>

namespace spacetime::test {
inline constexpr disk::index_choice everything{true, true};

inline chain_maker& maker() {
  static chain_maker m{network_with("sim", {{"max_reorg", 1},
                                            {"ticks_per_era", 8},
                                            {"infusion_lag", 2},
                                            {"maturity", 3}}),
                       70, 2};
  return m;
}

/// Number of the key that holds the premine.
inline std::uint32_t payer() {
  for (std::uint32_t i = 0; i < 4; ++i)
    if (account_of(maker().premine_key(i).public_part())
        == maker().rules().spec.genesis.premine.front().account)
      return i;
  FAIL("no key of the premine");
  return 0;
}

inline account_id payer_account() {
  return account_of(maker().premine_key(payer()).public_part());
}

/// Blocks on `parent`, each with up to three payments of increasing nonces.
inline std::vector<made_block> branch(const made_block& parent, std::size_t n,
                                      std::uint64_t seed) {
  std::mt19937_64 next{seed};
  std::vector<made_block> out;
  for (std::size_t i = 0; i < n; ++i) {
    const auto& on = out.empty() ? parent : out.back();
    auto nonce = on.ledger.find(payer_account()).nonce;
    block_options o;
    o.skip = next() % 3;
    for (auto left = next() % 4; left > 0; --left)
      o.txs.push_back(maker().payment(payer(), nonce++, {some_id(next() % 5)},
                                      1'000'000 + next() % 1000, 1'000'000));
    out.push_back(maker().next(on, o));
    REQUIRE(out.back().valid);
  }
  return out;
}

inline const std::vector<made_block>& trunk() {
  static const auto made = branch(maker().genesis(), 40, 1);
  return made;
}

inline result<disk::store> open_small(const path& where) {
  disk::store_options o;
  o.map_start = 1 << 22;
  o.segment_bytes = 6'000; // a few blocks each
  o.sync = disk::sync_policy::batch;
  o.sync_segment = [](int) { return 0; }; // no test here loses power
  o.low_below = o.low_until = 0;
  return disk::store::open(where, maker().rules().spec.network(), o);
}

inline void prepare(disk::store& s, disk::index_choice which = everything) {
  auto done = disk::prepare_indexes(maker().rules(), s, which, {});
  if (!done) FAIL(to_string(done.error()));
}

/// As the storage actor commits.
inline void add(disk::store& s, disk::commit c) {
  REQUIRE(disk::add_index_entries(maker().rules(), s, c));
  REQUIRE(s.apply(c));
}

inline void add_all(disk::store& s, const std::vector<made_block>& blocks) {
  for (const auto& b : blocks) add(s, commit_of(b));
}

/// Replaces all above the parent of the first block, in one commit.
inline void reorganise(disk::store& s, const std::vector<made_block>& to) {
  disk::commit all;
  for (const auto& b : to) {
    auto one = commit_of(b);
    all.blocks.push_back(one.blocks.front());
    all.connected.push_back(one.connected.front());
    all.rewards = one.rewards;
    all.tip = one.tip;
  }
  all.truncate_heights_above = height{to.front().head().height.value - 1};
  to.back().ledger.accounts().for_each([&](const state::account_entry& a) {
    const auto raw = state::encode(a.value);
    all.accounts.push_back({a.id, bytes(raw.begin(), raw.end())});
  });
  add(s, std::move(all));
}

struct stored {
  temporary_directory directory;
  disk::store store = *open_small(*directory / "chain");

  explicit stored(disk::index_choice which = everything) {
    REQUIRE(disk::ensure_genesis(maker().rules(), store));
    prepare(store, which);
  }
  void reopen() {
    { auto gone = std::move(store); }
    auto again = open_small(*directory / "chain");
    if (!again) FAIL(to_string(again.error()));
    store = std::move(*again);
  }
};
} // namespace spacetime::test
