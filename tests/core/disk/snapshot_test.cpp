// From one node's database into a file, and out of it into another's.

#include "core/disk/chain_verifier.hpp"
#include "core/disk/header_batch.hpp"
#include "core/disk/snapshot.hpp"
#include "core/disk/snapshot_file.hpp"
#include "disk_fixture.hpp"
#include "tests/support/stored_chain.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::test;

namespace {
constexpr std::size_t length = 300;

chain_maker& maker() {
  static chain_maker m{network_with("sim"), 61, 2};
  return m;
}

/// Genesis and more blocks than one batch, with payments.
const std::vector<made_block>& chain() {
  static const auto made = [] {
    std::vector<made_block> out{maker().genesis()};
    std::uint64_t nonce = 0;
    while (out.size() <= length) {
      block_options o;
      if (out.size() % 9 == 4)
        o.txs.push_back(
            maker().payment(0, nonce++, account_id{some_id(nonce)}, 5'000));
      out.push_back(maker().next(out.back(), o));
      check(out.back().valid, "the blocks of a test are valid");
    }
    return out;
  }();
  return made;
}

/// A node's database, and a directory for files.
struct exporting {
  temporary_directory directory;
  disk::store store = *open_chain(directory / "chain", maker());
  path file = directory / "a.snapshot";

  exporting() {
    REQUIRE(store_chain(store, maker(), {chain().begin() + 1, chain().end()}));
  }
  result<disk::snapshot_summary>
  write(std::optional<height> at = {},
        const disk::snapshot_options& o = {}) const {
    return disk::export_snapshot(maker().rules(), store, file, at, o);
  }
  [[nodiscard]] result<disk::snapshot_summary>
  read(const char* to = "other", const disk::snapshot_options& o = {}) const {
    return disk::import_snapshot(maker().rules(), file, directory / to, o);
  }
  [[nodiscard]] std::size_t files() const {
    const std::filesystem::directory_iterator all{*directory};
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
};

status take(disk::store& s, const made_block& b) {
  return s.apply(commit_of(b));
}
} // namespace

TEST_CASE("a node starts from a snapshot of another, and goes on from there") {
  exporting x;
  const auto out = x.write();
  REQUIRE(out);
  CHECK(out->id == chain().back().id());
  CHECK(out->at.value == length);
  CHECK(out->weight == chain().back().context.weight);
  CHECK(out->bytes == std::filesystem::file_size(x.file));
  for (const unsigned threads : {1u, 3u}) {
    const auto name = "other" + std::to_string(threads);
    disk::snapshot_options o;
    o.threads = threads;
    const auto in = x.read(name.c_str(), o);
    REQUIRE(in);
    CHECK(in->state_root == out->state_root);
    CHECK(in->accounts == out->accounts);
    auto s = open_chain(x.directory / name.c_str(), maker());
    REQUIRE(s);
    CHECK(s->was_clean());
    const auto loaded = disk::load_chain(maker().rules(), *s);
    REQUIRE(loaded);
    CHECK(loaded->tip == chain().back().context);
    CHECK(loaded->ledger.rewards() == chain().back().ledger.rewards());
    const auto next = maker().next(chain().back());
    REQUIRE(take(*s, next));
    CHECK(disk::load_chain(maker().rules(), *s)->tip == next.context);
  }
}

TEST_CASE("a chain from a snapshot verifies: headers below it, and every rule "
          "above") {
  exporting x;
  REQUIRE(x.write(height{290}));
  REQUIRE(x.read());
  auto s = open_chain(x.directory / "other", maker());
  REQUIRE(s);
  auto seen = disk::verify_chain(maker().rules(), *s, {2, nullptr, {}});
  REQUIRE(seen);
  CHECK(seen->headers_only == 290);
  CHECK(seen->blocks == 290);
  for (std::size_t h = 291; h <= length; ++h) REQUIRE(take(*s, chain()[h]));
  seen = disk::verify_chain(maker().rules(), *s, {2, nullptr, {}});
  REQUIRE(seen);
  CHECK(seen->headers_only == 290);
  CHECK(seen->blocks == length);
  CHECK(seen->state_root == chain().back().head().state_root);
  // Damage above and below is found.
  disk::commit c;
  c.accounts = {{account_id{some_id(77)}, bytes(48, 1)}};
  REQUIRE(s->apply(c));
  CHECK(disk::verify_chain(maker().rules(), *s, {}).error() == errc::corrupt);
  c.accounts[0].value.reset();
  REQUIRE(s->apply(c));
  REQUIRE(disk::verify_chain(maker().rules(), *s, {}));
  disk::commit lost;
  lost.blocks.push_back({chain()[295].id(),
                         codec::encode(chain()[295].context),
                         {chain()[295].raw.begin(),
                          chain()[295].raw.begin() + 4
                              + static_cast<std::ptrdiff_t>(
                                  codec::encode(chain()[295].head()).size())},
                         {}});
  REQUIRE(s->apply(lost));
  const auto found = disk::verify_chain(maker().rules(), *s, {});
  REQUIRE_FALSE(found);
  CHECK(found.error().detail.find("295") != std::string::npos);
}

TEST_CASE("a snapshot below the tip is undone to, as far as records reach") {
  exporting x;
  const auto out = x.write(height{42});
  REQUIRE(out);
  CHECK(out->id == chain()[42].id());
  CHECK(out->state_root == chain()[42].head().state_root);
  REQUIRE(x.read());
  std::filesystem::remove(x.file);
  CHECK(x.write(height{length + 1}).error() == errc::not_found);
  disk::commit lost;
  lost.undo_erased = {chain()[100].id()};
  REQUIRE(x.store.apply(lost));
  CHECK(x.write(height{100}));
  std::filesystem::remove(x.file);
  const auto no = x.write(height{99});
  REQUIRE_FALSE(no);
  CHECK(no.error() == errc::not_found);
  CHECK(no.error().detail.find("100") != std::string::npos);
}

TEST_CASE("a node from a snapshot refuses a fork below it, and follows one "
          "above") {
  exporting x;
  REQUIRE(x.write(height{290}));
  REQUIRE(x.read());
  auto s = open_chain(x.directory / "other", maker());
  REQUIRE(s);
  REQUIRE(take(*s, chain()[291]));
  auto loaded = disk::load_chain(maker().rules(), *s);
  REQUIRE(loaded);
  consensus::chain_state state{maker().rules(), disk::archive_of(*s),
                               loaded->tip, loaded->ledger};
  const auto root = state.ledger().state_root();
  const auto offer_branch = [&](std::size_t fork) {
    block_options o;
    o.epoch_ms = 9'600;
    auto at = chain()[fork];
    result<consensus::chain_step> last = fail(errc::not_found);
    while (!last || last->connected.empty()) {
      o.payee = account_id{some_id(fork)};
      at = maker().next(at, o);
      last = state.offer(at.context, at.raw, {});
      if (!last) return last;
      disk::commit side;
      side.blocks.push_back({at.id(), codec::encode(at.context), at.raw, {}});
      REQUIRE(s->apply(side));
      if (last->connected.empty()) state.settle();
    }
    return last;
  };
  const auto below = offer_branch(288);
  REQUIRE_FALSE(below);
  CHECK(below.error() == errc::stale);
  CHECK(below.error().detail.find("snapshot") != std::string::npos);
  CHECK(state.tip().id == chain()[291].id());
  CHECK(state.ledger().state_root() == root);
  const auto above = offer_branch(290);
  REQUIRE(above);
  CHECK(above->fork.value == 290);
}

TEST_CASE("a snapshot goes into a new home alone") {
  exporting x;
  REQUIRE(x.write());
  CHECK(x.write().error() == errc::duplicate);
  CHECK(x.read("chain").error() == errc::duplicate);
  REQUIRE(x.read());
  CHECK(x.read().error() == errc::duplicate);
  CHECK(x.files() == 3);
}

TEST_CASE("a cancelled export or import leaves nothing") {
  exporting x;
  const auto before = x.files();
  for (const std::string_view during : {"undoing", "headers", "accounts"}) {
    std::atomic<bool> cancel{false};
    disk::snapshot_options o;
    o.cancel = &cancel;
    o.progress = [&](std::string_view what, std::uint64_t, std::uint64_t) {
      cancel = cancel || what == during;
    };
    const auto out = x.write(height{250}, o);
    CHECK((out || out.error() == errc::cancelled));
    if (!out) CHECK(x.files() == before);
    std::filesystem::remove(x.file);
  }
  REQUIRE(x.write());
  for (const std::string_view during : {"headers", "accounts", "writing"}) {
    std::atomic<bool> cancel{false};
    disk::snapshot_options o;
    o.cancel = &cancel;
    o.progress = [&](std::string_view what, std::uint64_t, std::uint64_t) {
      cancel = cancel || what == during;
    };
    const auto in = x.read("other", o);
    CHECK((in || in.error() == errc::cancelled));
    if (!in) CHECK(x.files() == before + 1);
    std::filesystem::remove_all(x.directory / "other");
  }
}

TEST_CASE("a flipped byte, a missing one and one more are refused, naming the "
          "section") {
  exporting x;
  REQUIRE(x.write(height{3}));
  const auto good = read_whole(x.file);
  const auto network = maker().rules().spec.network();
  std::map<std::string, int> found;
  const auto refused = [&](const bytes& raw) {
    write_whole(x.file, raw);
    const auto out = disk::read_snapshot(x.file, network, {});
    REQUIRE_FALSE(out);
    for (const auto* section : {"head", "headers", "accounts", "rewards"})
      if (out.error().detail.find(std::string{"section "} + section + ":")
          != std::string::npos)
        ++found[section];
    return out.error().code;
  };
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto raw = good;
    raw[i] ^= static_cast<std::uint8_t>(1u << i % 8);
    const auto why = refused(raw);
    CHECK((why == errc::corrupt
           || (i >= 8 && i < 12 && why == errc::bad_config)));
  }
  CHECK(found["head"] > 80);
  CHECK(found["headers"] > 1'000);
  CHECK(found["accounts"] > 80);
  CHECK(found["rewards"] > 80);
  for (std::size_t n = 0; n < good.size(); n += 1 + n % 7)
    CHECK(refused({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)})
          == errc::corrupt);
  auto longer = good;
  longer.push_back(0);
  CHECK(refused(longer) == errc::corrupt);
  write_whole(x.file, good);
  CHECK(disk::read_snapshot(x.file, network, {}));
  CHECK(disk::read_snapshot(x.file, network_id{some_id(1)}, {}).error()
        == errc::wrong_network);
}

namespace {
/// A snapshot with other contents and good checksums: a lie, no damage.
struct forged {
  exporting x;
  std::vector<header> headers;
  std::vector<state::account_entry> accounts;
  std::vector<state::reward> rewards;
  block_id id = chain()[20].id();

  forged() {
    for (std::size_t h = 0; h <= 20; ++h) headers.push_back(chain()[h].head());
    chain()[20].ledger.accounts().for_each(
        [&](const state::account_entry& e) { accounts.push_back(e); });
    rewards = chain()[20].ledger.rewards();
  }
  result<disk::snapshot_summary> imported() {
    std::filesystem::remove(x.file);
    auto out = disk::snapshot_writer::create(
        x.file, {maker().rules().spec.network(),
                 {static_cast<std::uint32_t>(headers.size() - 1)},
                 id,
                 accounts.size()});
    REQUIRE(out);
    for (const auto& h : headers) REQUIRE(out->put_header(codec::encode(h)));
    for (const auto& a : accounts) REQUIRE(out->put_account(a));
    REQUIRE(out->put_rewards(state::encode(rewards)));
    REQUIRE(out->finish());
    auto in = x.read();
    if (!in) CHECK_FALSE(std::filesystem::exists(x.directory / "other"));
    return in;
  }
  /// Which rule refuses it.
  errc verdict() {
    const auto in = imported();
    REQUIRE_FALSE(in);
    return in.error().code;
  }
};
} // namespace

TEST_CASE("a snapshot that lies is refused by the rule that it breaks") {
  CHECK(forged{}.imported());
  forged richer;
  ++richer.accounts[1].value.balance.value;
  CHECK(richer.verdict() == errc::bad_state_root);
  forged missing;
  missing.accounts.pop_back();
  CHECK(missing.verdict() == errc::bad_state_root);
  forged unsorted;
  std::swap(unsorted.accounts[0], unsorted.accounts[1]);
  CHECK(unsorted.verdict() == errc::malformed);
  forged zero;
  zero.accounts[0].value = {};
  CHECK(zero.verdict() == errc::malformed);
  forged reward;
  ++reward.rewards[0].value.value;
  CHECK(reward.verdict() == errc::bad_state_root);
  forged unsigned_header;
  unsigned_header.headers[7].payee.value[0] ^= 1;
  CHECK(unsigned_header.verdict() == errc::bad_signature);
  forged resigned; // by the plot's owner: then the next one's parent is gone
  resigned.headers[7].payee.value[0] ^= 1;
  maker().seal(resigned.headers[7]);
  const auto in = resigned.imported();
  REQUIRE_FALSE(in);
  CHECK((in.error() == errc::unknown_parent || in.error() == errc::bad_payee));
  CHECK(in.error().detail.find("height") != std::string::npos);
  forged gap;
  gap.headers.erase(gap.headers.begin() + 5);
  CHECK(gap.verdict() == errc::unknown_parent);
  forged other_id;
  other_id.id = chain()[19].id();
  CHECK(other_id.verdict() == errc::malformed);
  forged genesis;
  genesis.headers[0].time.value += 1;
  CHECK(genesis.verdict() == errc::wrong_network);
}

TEST_CASE("a chain lighter than the network's least is refused") {
  exporting x;
  REQUIRE(x.write(height{20}));
  auto heavier = maker().rules();
  heavier.spec.minimum_weight = chain()[20].context.weight + 1;
  const auto in = disk::import_snapshot(heavier, x.file, x.directory / "other",
                                        disk::snapshot_options{});
  REQUIRE_FALSE(in);
  CHECK(in.error() == errc::invalid_ancestor);
  heavier.spec.minimum_weight = chain()[20].context.weight;
  CHECK(disk::import_snapshot(heavier, x.file, x.directory / "other",
                              disk::snapshot_options{}));
}

TEST_CASE("headers with real proofs give the same verdict on any number of "
          "threads") {
  chain_maker m{network_with("regtest"), 62, 2};
  const auto blocks = m.chain(m.genesis(), 6);
  std::vector<header> good;
  for (const auto& b : blocks) good.push_back(b.head());
  for (const unsigned threads : {1u, 3u}) {
    consensus::time_proofs time{m.rules()};
    const auto out = disk::check_headers(m.rules(), time, m.genesis().context,
                                         good, threads);
    REQUIRE(out);
    for (std::size_t i = 0; i < blocks.size(); ++i)
      CHECK((*out)[i] == blocks[i].context);
    auto bad = good;
    bad[3].time_entries[0].proof[40] ^= 1;
    m.seal(bad[3]);
    consensus::time_proofs fresh{m.rules()};
    const auto no = disk::check_headers(m.rules(), fresh, m.genesis().context,
                                        bad, threads);
    REQUIRE_FALSE(no);
    CHECK(no.error() == errc::bad_proof_of_time);
    CHECK(no.error().detail.find("height 4") != std::string::npos);
  }
}
