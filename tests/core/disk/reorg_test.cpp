// Reorganisations in a real store: what every table holds before and after.

#include "core/codec/block.hpp"
#include "core/crypto/account.hpp"
#include "core/disk/chain_commit.hpp"
#include "tests/core/disk/disk_fixture.hpp"
#include "tests/support/stored_chain.hpp"

#include <doctest/doctest.h>

#include <optional>

using namespace spacetime;
using namespace spacetime::test;

namespace {
chain_maker& maker() {
  static chain_maker m{
      network_with("sim", {{"ticks_per_era", 8}, {"infusion_lag", 2}}), 51, 4};
  return m;
}

bytes flat(const std::vector<block_id>& ids) {
  bytes out;
  for (const auto& id : ids)
    out.insert(out.end(), id.value.begin(), id.value.end());
  return out;
}

/// All that the store says of the chain, by table.
std::map<std::string, bytes> tables_of(const disk::reader& s) {
  std::map<std::string, writer> out;
  const auto tip = s.tip();
  REQUIRE(tip);
  out["tip"].put(tip->value);
  for (std::uint32_t h = 0;; ++h) {
    const auto id = s.id_at({h});
    if (!id) break;
    out["heights"].put(h).put(id->value);
  }
  REQUIRE(s.for_each_account([&](const account_id& id, byte_view value) {
    out["accounts"].put(id.value).put(value);
    return true;
  }));
  std::vector<block_id> ids;
  REQUIRE(s.for_each_index([&](const block_id& id, byte_view record) {
    out["blocks"].put(id.value).put(record);
    ids.push_back(id);
    return true;
  }));
  for (const auto& id : ids)
    if (const auto undo = s.undo(id))
      out["undo"].put(id.value).put(byte_view{*undo});
  out["rewards"].put(byte_view{*s.rewards()});
  std::map<std::string, bytes> all;
  for (auto& [name, w] : out) all[name] = std::move(w).take();
  all["side"] = flat(*s.side_blocks());
  all["invalidated"] = flat(*s.invalidated());
  return all;
}

/// A node of a store and a chain_state, without actors.
class stored_node {
public:
  explicit stored_node(const chain_maker& m) : maker_(m) { open(); }

  [[nodiscard]] consensus::chain_state& chain() { return *chain_; }
  [[nodiscard]] disk::store& store() { return *store_; }

  void offer(const made_block& b) {
    auto step = chain_->offer(b.context, b.raw, {});
    REQUIRE(step);
    const disk::fresh_block fresh{b.context, b.raw};
    keep(*step, &fresh);
  }
  void offer_all(const std::vector<made_block>& blocks) {
    for (const auto& b : blocks) offer(b);
  }
  consensus::chain_step invalidate(const block_id& id) {
    return keep(*chain_->invalidate(id));
  }
  consensus::chain_step reconsider(const block_id& id) {
    return keep(*chain_->reconsider(id));
  }
  void reopen() {
    chain_.reset();
    store_.reset();
    open();
    REQUIRE(chain_->resume());
    chain_->settle();
  }

private:
  void open() {
    auto s = open_chain(*directory_, maker_);
    REQUIRE(s);
    store_.emplace(std::move(*s));
    REQUIRE(disk::ensure_genesis(maker_.rules(), *store_));
    auto loaded = disk::load_chain(maker_.rules(), *store_);
    REQUIRE(loaded);
    auto beside = disk::load_forks(*store_);
    REQUIRE(beside);
    chain_.emplace(maker_.rules(), disk::archive_of(*store_),
                   std::move(loaded->tip), std::move(loaded->ledger), *beside);
  }
  consensus::chain_step keep(consensus::chain_step step,
                             const disk::fresh_block* fresh = nullptr) {
    REQUIRE(store_->apply(disk::commit_of(step, chain_->ledger(), fresh)));
    chain_->settle();
    return step;
  }

  const chain_maker& maker_;
  temporary_directory directory_;
  std::optional<disk::store> store_;
  std::optional<consensus::chain_state> chain_;
};

/// Blocks with a payment each, so that accounts come, change and go.
std::vector<made_block> busy_chain(const made_block& parent, std::size_t n) {
  std::vector<made_block> out;
  const auto* tip = &parent;
  for (std::size_t i = 0; i < n; ++i) {
    const auto from = maker().premine_key(0).public_part();
    const auto nonce = tip->ledger.find(account_of(from)).nonce;
    block_options o;
    o.txs = {maker().payment(0, nonce, maker().payout_of(200 + i % 40),
                             1'000'000 + i)};
    out.push_back(maker().next(*tip, o));
    REQUIRE(out.back().valid);
    tip = &out.back();
  }
  return out;
}

void check_same(const std::map<std::string, bytes>& now,
                const std::map<std::string, bytes>& before) {
  for (const auto& [name, value] : before) {
    CAPTURE(name);
    CHECK(now.at(name) == value);
  }
}
} // namespace

TEST_CASE("taken off and taken back, any depth of a chain leaves every table "
          "as it was, byte for byte") {
  const auto trunk = busy_chain(maker().genesis(), 130);
  stored_node node{maker()};
  node.offer_all(trunk);
  node.offer(maker().next(trunk[20], {})); // a side branch lies there, too
  const auto before = tables_of(node.store());
  for (const std::size_t depth : {1, 2, 10, 100, 130}) {
    CAPTURE(depth);
    const auto& first = trunk[trunk.size() - depth];
    const auto& below = depth == trunk.size() ? maker().genesis()
                                              : trunk[trunk.size() - depth - 1];
    auto step = node.invalidate(first.id());
    CHECK(step.disconnected.size() == depth);
    if (step.connected.empty()) { // else the side branch leads
      CHECK(node.store().tip() == below.id());
      const auto kept = disk::load_chain(maker().rules(), node.store());
      REQUIRE(kept);
      CHECK(kept->ledger.state_root() == below.ledger.state_root());
    }
    node.reopen(); // the mark and the forks are read back
    step = node.reconsider(first.id());
    CHECK(step.connected.size() == depth);
    check_same(tables_of(node.store()), before);
    node.reopen();
    check_same(tables_of(node.store()), before);
  }
}

TEST_CASE("a reorganisation leaves the accounts that the winning chain alone "
          "would have left") {
  const auto trunk = busy_chain(maker().genesis(), 12);
  block_options thin;
  thin.skip = 2;
  const auto losing = maker().chain(trunk.back(), 5, thin);
  const auto winning = busy_chain(trunk.back(), 8);
  stored_node alone{maker()}, node{maker()};
  alone.offer_all(trunk);
  alone.offer_all(winning);
  node.offer_all(trunk);
  node.offer_all(losing);
  REQUIRE(node.store().tip() == losing.back().id());
  node.offer_all(winning);
  REQUIRE(node.store().tip() == winning.back().id());
  const auto wanted = tables_of(alone.store());
  auto got = tables_of(node.store());
  for (const char* name : {"tip", "heights", "accounts", "rewards"}) {
    CAPTURE(name);
    CHECK(got.at(name) == wanted.at(name));
  }
  // Undo records of the branch that left are kept: it may come back.
  for (const auto& b : losing) CHECK(node.store().undo(b.id()));
  CHECK(node.store().side_blocks()->size() == losing.size());
  node.reopen();
  check_same(tables_of(node.store()), got);
}

TEST_CASE(
    "a commit that fails leaves the store and the ledger at the old tip") {
  const auto trunk = busy_chain(maker().genesis(), 6);
  stored_node node{maker()};
  node.offer_all(trunk);
  const auto before = tables_of(node.store());
  const auto root = node.chain().ledger().state_root();
  auto step = node.chain().invalidate(trunk[2].id());
  REQUIRE(step);
  auto change = disk::commit_of(*step, node.chain().ledger());
  change.blocks.push_back({trunk[0].id(), {}, bytes(65u << 20, 1), {}});
  CHECK(node.store().apply(change).error() == errc::too_large);
  node.chain().revert();
  CHECK(node.chain().ledger().state_root() == root);
  check_same(tables_of(node.store()), before);
  CHECK(node.invalidate(trunk[2].id()).disconnected.size() == 4);
}
