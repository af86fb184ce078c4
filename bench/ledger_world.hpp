#pragma once
// A store with many accounts and blocks to put on it, as a node has them.

#include "core/base/check.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/codec/tx.hpp"
#include "core/consensus/chain_state.hpp"
#include "core/consensus/validate.hpp"
#include "core/crypto/account.hpp"
#include "core/disk/chain_loader.hpp"
#include "core/sim/chain_maker.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <set>

namespace spacetime::bench {
inline constexpr std::size_t senders = 1000;

/// SPACETIME_BENCH_ACCOUNTS, for a quick look at a smaller state.
inline std::size_t accounts_wanted() {
  const char* n = std::getenv("SPACETIME_BENCH_ACCOUNTS");
  return n != nullptr ? std::max<std::size_t>(20'000, std::stoul(n))
                      : 1'000'000;
}

using made = sim::grown_block;

/// Simulated time and space, real keys, a real store on the disk of the
/// temporary directory.
class world {
public:
  world() : maker_(sim::network_with("sim"), 1, 1), directory_(temporary()) {
    for (std::size_t i = 0; i < senders; ++i)
      keys_.push_back(*secret_key::from(hash("st/bench-key", {be(i)})));
    const auto all = entries(accounts_wanted());
    auto restored = state::ledger::restore({}, all, {});
    check(restored.has_value(), "such a state can be");
    ledger = std::move(*restored);
    start_.value = consensus::genesis_block(rules(), ledger.state_root());
    start_.raw = codec::encode(start_.value);
    start_.context = consensus::genesis_context(rules(), start_.value);
    fill(all);
  }
  ~world() {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  [[nodiscard]] const consensus::protocol& rules() const {
    return maker_.rules();
  }
  [[nodiscard]] const made& start() const { return start_; }
  [[nodiscard]] disk::store& store() { return *store_; }
  [[nodiscard]] const disk::path& directory() const { return directory_; }
  /// Closes the store without `close`, as a crash would.
  void drop_store() { store_.reset(); }
  void open_store() {
    disk::store_options o;
    o.verify = disk::verify_policy::never;
    auto s = disk::store::open(directory_, rules().spec.network(), o);
    check(s.has_value(), "the store opens");
    store_ = std::make_unique<disk::store>(std::move(*s));
  }

  /// `n` transfers, a like number of each of `senders`, to accounts that
  /// exist, no two to the same; nonces from `first_nonce`.
  std::vector<tx> transfers(std::size_t n, std::uint64_t first_nonce,
                            std::uint64_t salt) {
    std::mt19937_64 random{salt};
    std::set<std::size_t> used;
    std::vector<tx> out;
    for (std::size_t i = 0; i < n; ++i) {
      auto to = random() % others_.size();
      while (!used.insert(to).second) to = random() % others_.size();
      tx t;
      const auto& key = keys_[i % senders];
      t.sender = key.public_part();
      t.nonce = first_nonce + i / senders;
      t.recipient = others_[to];
      t.value = {1000 + i};
      t.fee = {1000};
      t.id = codec::id_of(rules().spec.network(), t);
      t.seal = key.sign(t.id.value);
      out.push_back(std::move(t));
    }
    return out;
  }

  /// A valid child of `parent`; the ledger moves on by it.
  made next(const made& parent, std::vector<tx> txs, std::uint64_t skip = 0) {
    sim::block_options o;
    o.txs = std::move(txs);
    o.skip = skip;
    auto b = maker_.extend(parent.context, ledger, o);
    check(b && b->valid, "the blocks of a bench are valid");
    return std::move(*b);
  }

  /// The state at the tip of what was made last.
  state::ledger ledger;

private:
  static disk::path temporary() {
    const char* at = std::getenv("SPACETIME_BENCH_DIR");
    auto name = (std::filesystem::path{at != nullptr ? at : "."}
                 / "ledger-bench-XXXXXX")
                    .string(); // of the disk we stand on
    check(::mkdtemp(name.data()) != nullptr, "mkdtemp works");
    return name;
  }

  std::vector<state::account_entry> entries(std::size_t n) {
    std::vector<state::account_entry> out;
    const state::account rich{0, {1'000'000'000'000}, {}};
    for (const auto& k : keys_)
      out.push_back({account_of(k.public_part()), rich});
    for (std::uint64_t i = 0; out.size() < n; ++i) {
      others_.push_back({hash("st/bench-account", {be(i)})});
      out.push_back({others_.back(), {i % 7, {1'000'000 + i}, {}}});
    }
    std::sort(out.begin(), out.end(),
              [](const auto& a, const auto& b) { return a.id < b.id; });
    return out;
  }

  void fill(const std::vector<state::account_entry>& all) {
    open_store();
    disk::commit c;
    c.blocks.push_back(
        {start_.context.id, codec::encode(start_.context), start_.raw, {}});
    c.connected.push_back({height{}, start_.context.id});
    for (const auto& a : all) {
      const auto raw = state::encode(a.value);
      c.accounts.push_back({a.id, bytes(raw.begin(), raw.end())});
    }
    c.rewards = state::encode(std::span<const state::reward>{});
    c.tip = start_.context.id;
    check(store_->apply(c).has_value(), "the store fills");
  }

  sim::chain_maker maker_;
  disk::path directory_;
  std::vector<secret_key> keys_;
  std::vector<account_id> others_;
  made start_;
  std::unique_ptr<disk::store> store_;
};

inline void put_accounts(disk::commit& out,
                         const std::map<account_id, state::account>& all) {
  for (const auto& [id, a] : all) {
    out.accounts.push_back({id, {}});
    const auto raw = state::encode(a);
    if (state::exists(a))
      out.accounts.back().value = bytes(raw.begin(), raw.end());
  }
}

/// What a node writes for a step.
inline disk::commit commit_of(const consensus::chain_step& step,
                              const state::ledger& after) {
  disk::commit out;
  std::map<account_id, state::account> accounts;
  for (const auto& d : step.undone)
    for (const auto& a : d.accounts) accounts[a.id] = a.before;
  for (const auto& c : step.connected)
    for (const auto& a : c.change.accounts) accounts[a.id] = a.after;
  for (const auto& c : step.connected) {
    out.blocks.push_back({c.context.id, codec::encode(c.context), c.raw,
                          state::encode(c.change)});
    out.connected.push_back({c.context.facts.height, c.context.id});
  }
  put_accounts(out, accounts);
  out.truncate_heights_above = step.fork;
  out.rewards = state::encode(after.rewards());
  out.tip = step.connected.back().context.id;
  return out;
}

/// What takes it back, so that each iteration does the same.
inline disk::commit reverse_of(const consensus::chain_step& step,
                               const state::ledger& before,
                               const consensus::chain_context& tip,
                               const std::vector<block_id>& chain) {
  disk::commit out;
  std::map<account_id, state::account> accounts;
  for (auto i = step.connected.size(); i-- > 0;)
    for (const auto& a : step.connected[i].change.accounts)
      accounts[a.id] = a.before;
  for (auto i = step.undone.size(); i-- > 0;)
    for (const auto& a : step.undone[i].accounts) accounts[a.id] = a.after;
  put_accounts(out, accounts);
  out.truncate_heights_above = step.fork;
  auto at = step.fork;
  for (const auto& id : chain) out.connected.push_back({{++at.value}, id});
  out.rewards = state::encode(before.rewards());
  out.tip = tip.id;
  return out;
}
} // namespace spacetime::bench
