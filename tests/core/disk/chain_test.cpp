// The chain in a real store: loading it, and finding any damage in it.

#include "core/disk/chain_verifier.hpp"
#include "disk_fixture.hpp"
#include "tests/support/stored_chain.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::test;

namespace {
chain_maker& maker() {
  static chain_maker m{network_with("regtest"), 60, 2};
  return m;
}

/// Sixty real blocks, with payments and with gaps of an era.
const std::vector<made_block>& chain() {
  static const auto made = [] {
    std::vector<made_block> out;
    std::uint64_t nonce = 0;
    for (std::uint64_t i = 0; i < 60; ++i) {
      block_options o;
      if (i % 7 == 3)
        for (int n = 0; n < 3; ++n)
          o.txs.push_back(
              maker().payment(1, nonce++, maker().payout_of(i % 4), 5'000));
      o.skip = i % 20 == 10 ? 9 : 0;
      out.push_back(
          maker().next(out.empty() ? maker().genesis() : out.back(), o));
      check(out.back().valid, "the blocks of a test are valid");
    }
    return out;
  }();
  return made;
}

const made_block& at(std::size_t h) {
  return h == 0 ? maker().genesis() : chain()[h - 1];
}

/// A store with all of the chain.
struct stored {
  temporary_directory directory;
  disk::store store = *open_chain(*directory, maker());

  stored() { REQUIRE(store_chain(store, maker(), chain())); }

  [[nodiscard]] result<disk::verify_summary> verify(unsigned threads = 1) {
    return disk::verify_chain(maker().rules(), store, {threads, nullptr, {}});
  }
  /// Why verification fails; empty if it passes.
  [[nodiscard]] std::string fault() {
    const auto out = verify();
    if (out) return {};
    CHECK(out.error() == errc::corrupt);
    return out.error().detail;
  }
  void write(const disk::commit& change) { REQUIRE(store.apply(change)); }
  /// Stores another record, body or undo record for a block.
  void replace(std::size_t h, bytes index, bytes raw,
               std::optional<bytes> undo = {}) {
    disk::commit c;
    c.blocks.push_back({at(h).id(), std::move(index), std::move(raw), undo});
    write(c);
  }
  void restore(std::size_t h) {
    disk::commit c;
    c.blocks.push_back(
        {at(h).id(), codec::encode(at(h).context), at(h).raw,
         h == 0 ? std::optional<bytes>{} : state::encode(at(h).change)});
    c.connected.push_back({height{static_cast<std::uint32_t>(h)}, at(h).id()});
    write(c);
  }
};

std::string at_height(std::size_t h) {
  return "block at height " + std::to_string(h) + ":";
}

bool begins(const std::string& text, const std::string& with) {
  return text.substr(0, with.size()) == with;
}

constexpr std::size_t some_heights[] = {1, 2, 11, 35, 59, 60};
} // namespace

TEST_CASE("genesis is written once and found again") {
  temporary_directory directory;
  {
    auto s = open_chain(*directory, maker());
    REQUIRE(s);
    REQUIRE(disk::ensure_genesis(maker().rules(), *s));
    CHECK(s->tip() == maker().genesis().id());
    CHECK(s->block(maker().genesis().id()) == maker().genesis().raw);
    REQUIRE(disk::ensure_genesis(maker().rules(), *s));
    REQUIRE(s->apply(commit_of(at(1))));
    REQUIRE(disk::ensure_genesis(maker().rules(), *s)); // not back to it
    CHECK(s->tip() == at(1).id());
    REQUIRE(s->close());
  }
  auto s = open_chain(*directory, maker());
  REQUIRE(s);
  REQUIRE(disk::ensure_genesis(maker().rules(), *s));
  CHECK(s->tip() == at(1).id());
}

TEST_CASE("another network's genesis is wrong_network") {
  temporary_directory directory;
  auto s = open_chain(*directory, maker());
  REQUIRE(s);
  REQUIRE(disk::ensure_genesis(maker().rules(), *s));
  const consensus::protocol other{network_with("devnet")};
  CHECK(disk::ensure_genesis(other, *s).error() == errc::wrong_network);
}

TEST_CASE("a network without a seed has not started") {
  temporary_directory directory;
  auto s = open_chain(*directory, maker());
  REQUIRE(s);
  const consensus::protocol mainnet{network_with("mainnet")};
  REQUIRE_FALSE(mainnet.spec.genesis.seed);
  CHECK(disk::ensure_genesis(mainnet, *s).error() == errc::bad_config);
  CHECK(s->tip().error() == errc::not_found);
}

TEST_CASE("an empty store has no chain to load or verify") {
  temporary_directory directory;
  auto s = open_chain(*directory, maker());
  REQUIRE(s);
  CHECK(disk::load_chain(maker().rules(), *s).error() == errc::not_found);
  const auto verified = disk::verify_chain(maker().rules(), *s, {});
  REQUIRE_FALSE(verified);
  CHECK(verified.error() == errc::not_found);
}

TEST_CASE("a chain is loaded as it was at its tip, block after block") {
  temporary_directory directory;
  auto s = open_chain(*directory, maker());
  REQUIRE(s);
  REQUIRE(disk::ensure_genesis(maker().rules(), *s));
  for (std::size_t h = 0; h <= 60; ++h) {
    if (h > 0) REQUIRE(s->apply(commit_of(at(h))));
    const auto loaded = disk::load_chain(maker().rules(), *s);
    REQUIRE(loaded);
    CHECK(loaded->tip == at(h).context);
    CHECK(loaded->ledger.state_root() == at(h).head().state_root);
    CHECK(loaded->ledger.rewards() == at(h).ledger.rewards());
    CHECK(loaded->ledger.height() == at(h).head().height);
  }
}

TEST_CASE("a stored archive answers as chain_state asks") {
  stored x;
  const auto archive = disk::archive_of(x.store);
  for (const auto h : some_heights) {
    CHECK(archive.context(at(h).id()) == at(h).context);
    CHECK(archive.raw(at(h).id()) == at(h).raw);
    CHECK(archive.undo(at(h).id()) == state::encode(at(h).change));
    CHECK(archive.id_at(at(h).head().height) == at(h).id());
  }
  CHECK(archive.context({}).error() == errc::not_found);
  CHECK(archive.id_at(height{61}).error() == errc::not_found);
}

TEST_CASE("a changed, a missing and an additional account do not load") {
  stored x;
  const auto payee = maker().payout_of(1);
  const auto right = x.store.account(payee);
  REQUIRE(right);
  const auto broken = [&](const disk::commit& c) {
    x.write(c);
    const auto loaded = disk::load_chain(maker().rules(), x.store);
    const bool found = !loaded && loaded.error() == errc::corrupt;
    const bool verified = x.verify().has_value();
    disk::commit back;
    back.accounts = {{payee, *right}, {account_id{some_id(1)}, {}}};
    back.rewards = state::encode(at(60).ledger.rewards());
    x.write(back);
    return found && !verified;
  };
  disk::commit changed, missing, more, garbage, reward, none;
  changed.accounts = {{payee, *right}};
  (*changed.accounts[0].value)[15] ^= 1;
  missing.accounts = {{payee, {}}};
  more.accounts = {{account_id{some_id(1)}, *right}};
  garbage.accounts = {{payee, bytes{1, 2, 3}}};
  auto rewards = at(60).ledger.rewards();
  ++rewards.back().value.value;
  reward.rewards = state::encode(rewards);
  none.rewards = state::encode(std::span<const state::reward>{});
  for (const auto* c : {&changed, &missing, &more, &garbage, &reward, &none})
    CHECK(broken(*c));
  CHECK(disk::load_chain(maker().rules(), x.store));
  CHECK(x.fault().empty());
}

TEST_CASE("a tip that is not the stored block's does not load") {
  stored x;
  disk::commit c;
  c.tip = at(59).id();
  x.write(c);
  CHECK(disk::load_chain(maker().rules(), x.store).error() == errc::corrupt);
  CHECK_FALSE(x.fault().empty());
  c.tip = at(60).id();
  x.write(c);
  x.replace(60, codec::encode(at(59).context), {});
  CHECK(disk::load_chain(maker().rules(), x.store).error() == errc::corrupt);
}

TEST_CASE("sixty good blocks verify, with any number of threads") {
  stored x;
  std::size_t txs = 0, entries = 0;
  for (const auto& b : chain()) {
    txs += b.value.txs.size();
    entries += b.head().time_entries.size();
  }
  for (const unsigned threads : {0u, 1u, 3u}) {
    const auto out = x.verify(threads);
    REQUIRE(out);
    CHECK(out->blocks == 60);
    CHECK(out->txs == txs);
    CHECK(out->time_proofs == entries);
    CHECK(out->tip == at(60).id());
    CHECK(out->state_root == at(60).head().state_root);
  }
}

TEST_CASE("verification reports progress and can be cancelled") {
  stored x;
  std::vector<std::uint64_t> seen;
  std::atomic<bool> cancel{false};
  disk::verify_options o;
  o.cancel = &cancel;
  o.progress = [&](std::uint64_t done, std::uint64_t total) {
    CHECK(total == 60);
    seen.push_back(done);
    cancel = done == 17;
  };
  CHECK(disk::verify_chain(maker().rules(), x.store, o).error()
        == errc::cancelled);
  REQUIRE(seen.size() == 17);
  for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i] == i + 1);
}

TEST_CASE("a chain that grows under verification is followed to its tip") {
  temporary_directory directory;
  auto s = open_chain(*directory, maker());
  REQUIRE(s);
  const std::vector<made_block> first(chain().begin(), chain().begin() + 20);
  REQUIRE(store_chain(*s, maker(), first));
  disk::verify_options o;
  o.progress = [&](std::uint64_t done, std::uint64_t) {
    if (done <= 40) REQUIRE(s->apply(commit_of(at(20 + done))));
  };
  const auto out = disk::verify_chain(maker().rules(), *s, o);
  REQUIRE(out);
  CHECK(out->blocks == 60);
  CHECK(out->tip == at(60).id());
}

TEST_CASE("a reorganisation under verification is stale, and no damage") {
  block_options other;
  other.skip = 3;
  const auto side = maker().chain(at(15), 8, other);
  for (const std::size_t length : {3, 8}) // to a lower tip, to a higher one
    for (const std::uint64_t when : {16, 18, 20}) {
      CAPTURE(length);
      CAPTURE(when);
      temporary_directory directory;
      auto s = open_chain(*directory, maker());
      REQUIRE(s);
      REQUIRE(
          store_chain(*s, maker(), {chain().begin(), chain().begin() + 20}));
      disk::verify_options o;
      o.progress = [&](std::uint64_t done, std::uint64_t) {
        if (done != when) return;
        disk::commit c;
        c.truncate_heights_above = height{15};
        for (std::size_t i = 0; i < length; ++i) {
          const auto one = commit_of(side[i]);
          c.blocks.push_back(one.blocks.front());
          c.connected.push_back(one.connected.front());
        }
        c.tip = side[length - 1].id();
        REQUIRE(s->apply(c));
      };
      const auto out = disk::verify_chain(maker().rules(), *s, o);
      REQUIRE_FALSE(out);
      CHECK(out.error() == errc::stale);
    }
}

TEST_CASE("another body in a block's place is found, with its height") {
  stored x;
  for (const auto h : some_heights) {
    CAPTURE(h);
    const auto index = codec::encode(at(h).context);
    auto garbled = at(h).raw; // one bit of the signature: the id stays
    garbled[garbled.size() - codec::body_size(at(h).value.txs) - 1] ^= 1;
    auto cut = at(h).raw;
    cut.pop_back();
    for (const auto& raw : {at(h - 1).raw, garbled, cut, bytes{1, 2, 3}}) {
      x.replace(h, index, raw);
      CHECK(begins(x.fault(), at_height(h)));
    }
    x.restore(h);
  }
  x.replace(0, codec::encode(at(0).context), at(1).raw);
  CHECK(begins(x.fault(), at_height(0)));
  x.restore(0);
  CHECK(x.fault().empty());
}

TEST_CASE("another transaction list under a header is found") {
  stored x;
  const auto h = std::size_t{4};
  REQUIRE(!at(h).value.txs.empty());
  auto b = at(h).value;
  b.txs.pop_back();
  x.replace(h, codec::encode(at(h).context), codec::encode(b));
  const auto why = x.fault();
  CHECK(begins(why, at_height(h)));
  CHECK(why.find("bad_tx_root") != std::string::npos);
}

TEST_CASE("another index record is found, with its height") {
  stored x;
  for (const std::size_t h : {0, 1, 2, 11, 35, 59}) {
    CAPTURE(h);
    auto weight = at(h).context;
    ++weight.weight;
    auto base = at(h).context;
    ++base.era.retarget_base.time.value;
    for (const auto& index :
         {codec::encode(weight), codec::encode(base),
          codec::encode(at(h + 1).context), bytes{1, 2, 3}}) {
      x.replace(h, index, {});
      CHECK(begins(x.fault(), at_height(h)));
    }
    x.restore(h);
  }
  CHECK(x.fault().empty());
}

TEST_CASE("another undo record is found, with its height; so is a lost one") {
  stored x;
  for (const auto h : some_heights) {
    CAPTURE(h);
    auto change = at(h).change;
    ++change.earned.value.value;
    for (const auto& undo : {state::encode(change), bytes{},
                             state::encode(at(h == 60 ? 1 : h + 1).change)}) {
      x.replace(h, codec::encode(at(h).context), {}, undo);
      CHECK(begins(x.fault(), at_height(h)));
    }
    disk::commit lost;
    lost.undo_erased = {at(h).id()};
    x.write(lost);
    CHECK(begins(x.fault(), at_height(h)));
    x.restore(h);
  }
  CHECK(x.fault().empty());
}

TEST_CASE("undo records that no reorganisation reaches may be gone") {
  auto spec = network_with("regtest", {{"max_reorg", 2}});
  chain_maker m{spec, 60, 2};
  temporary_directory directory;
  auto s = open_chain(*directory, m);
  REQUIRE(s);
  REQUIRE(store_chain(*s, m, chain()));
  const auto tip_era = at(60).context.era.number;
  for (std::size_t h = 60; h > 0; --h) {
    disk::commit lost;
    lost.undo_erased = {at(h).id()};
    const bool reached = at(h).context.era.number + 3 >= tip_era;
    if (reached) continue;
    REQUIRE(s->apply(lost));
  }
  CHECK(disk::verify_chain(m.rules(), *s, {}));
}

TEST_CASE("another id at a height is found, with the height") {
  stored x;
  for (const auto h : some_heights) {
    if (h == 60) continue;
    CAPTURE(h);
    for (const auto& id : {at(h + 1).id(), at(h - 1).id(), block_id{}}) {
      disk::commit c;
      c.connected = {{height{static_cast<std::uint32_t>(h)}, id}};
      x.write(c);
      CHECK(begins(x.fault(), at_height(h)));
    }
    x.restore(h);
  }
  CHECK(x.fault().empty());
}
