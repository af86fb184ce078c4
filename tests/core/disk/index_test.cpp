// Indexes follow the best chain; pruning forgets what lies below them.

#include "core/disk/chain_pruner.hpp"
#include "paid_chain.hpp"

using namespace spacetime;
using namespace spacetime::test;
using disk::chain_index;

namespace {
using dump = std::vector<std::pair<bytes, bytes>>;

dump entries(const disk::reader& s, chain_index i) {
  dump out;
  REQUIRE(s.for_each_entry(i, [&](byte_view k, byte_view v) {
    out.emplace_back(bytes(k.begin(), k.end()), bytes(v.begin(), v.end()));
    return true;
  }));
  return out;
}

void same_indexes(const disk::reader& a, const disk::reader& b) {
  for (auto i : {chain_index::times, chain_index::txs, chain_index::history}) {
    CHECK(entries(a, i) == entries(b, i));
    CHECK(a.indexed(i) == b.indexed(i));
  }
}
} // namespace

TEST_CASE("every transaction of the best chain is found by its id, and no "
          "other") {
  stored s;
  add_all(s.store, trunk());
  std::size_t n = 0;
  for (const auto& b : trunk())
    for (std::uint32_t i = 0; i < b.value.txs.size(); ++i, ++n)
      CHECK(disk::find_tx(s.store, b.value.txs[i].id)
            == disk::tx_place{b.head().height, i});
  CHECK(n > 30);
  CHECK(entries(s.store, chain_index::txs).size() == n);
  CHECK(disk::find_tx(s.store, {some_id(3)}).error() == errc::not_found);
}

TEST_CASE("the block at or before a time is found for every time") {
  stored s;
  add_all(s.store, trunk());
  const auto at = [&](std::uint64_t t) {
    return disk::height_at(s.store, {t});
  };
  CHECK(at(maker().genesis().head().time.value - 1).error() == errc::not_found);
  CHECK(at(maker().genesis().head().time.value) == height{0});
  for (const auto& b : trunk()) {
    CHECK(at(b.head().time.value) == b.head().height);
    CHECK(at(b.head().time.value - 1) == height{b.head().height.value - 1});
  }
  CHECK(at(~std::uint64_t{0}) == trunk().back().head().height);
}

TEST_CASE("what an account's history adds up to is its balance") {
  stored s;
  add_all(s.store, trunk());
  const auto& ledger = trunk().back().ledger;
  std::size_t accounts = 0;
  ledger.accounts().for_each([&](const state::account_entry& a) {
    ++accounts;
    auto rows = disk::history_of(s.store, a.id, {}, 1'000);
    REQUIRE(rows);
    std::uint64_t in = 0;
    std::uint64_t out = 0;
    for (const auto& row : *rows) {
      const auto& txs = row.at == height{0}
                            ? maker().genesis().value.txs
                            : trunk()[row.at.value - 1].value.txs;
      if (row.kind == disk::history_kind::incoming)
        in += txs.at(row.sequence - 1).value.value;
      else if (row.kind == disk::history_kind::outgoing)
        out += txs.at(row.sequence - 1).value.value
               + txs.at(row.sequence - 1).fee.value;
      else
        in += row.value.value;
    }
    CHECK(in - out == a.value.balance.value);
    // In pages, the same.
    std::vector<disk::history_row> paged;
    std::optional<std::pair<height, std::uint32_t>> below;
    while (true) {
      auto page = disk::history_of(s.store, a.id, below, 7);
      REQUIRE(page);
      paged.insert(paged.end(), page->begin(), page->end());
      if (page->size() < 7) break;
      below = {page->back().at, page->back().sequence};
    }
    CHECK(paged == *rows);
  });
  CHECK(accounts > 5);
}

TEST_CASE("after reorganisations of any depth the indexes are those of the "
          "new chain alone") {
  for (const std::size_t depth : {1u, 2u, 10u, 40u}) {
    stored s;
    add_all(s.store, trunk());
    const auto& fork = depth == 40 ? maker().genesis() : trunk()[39 - depth];
    const auto other = branch(fork, depth + 2, 90 + depth);
    reorganise(s.store, other);
    stored straight;
    std::vector<made_block> all{trunk().begin(),
                                trunk().end() - static_cast<long>(depth)};
    all.insert(all.end(), other.begin(), other.end());
    reorganise(straight.store, all);
    same_indexes(s.store, straight.store);
    // And back again, from what is stored.
    const std::vector<made_block> old{trunk().end() - static_cast<long>(depth),
                                      trunk().end()};
    reorganise(s.store, old);
    stored whole;
    reorganise(whole.store, trunk());
    same_indexes(s.store, whole.store);
  }
}

TEST_CASE("an index that is turned on later equals one kept from the start, "
          "also when building it was stopped in between") {
  stored kept;
  add_all(kept.store, trunk());
  stored later{{false, false}};
  reorganise(later.store, trunk());
  CHECK(entries(later.store, chain_index::txs).empty());
  CHECK(entries(later.store, chain_index::history).empty());
  int asked = 0;
  const auto stopped =
      disk::prepare_indexes(maker().rules(), later.store, everything,
                            {{}, [&] { return ++asked > 0; }});
  CHECK(stopped.error() == errc::cancelled);
  later.reopen();
  std::uint64_t reported = 0;
  REQUIRE(disk::prepare_indexes(maker().rules(), later.store, everything,
                                {[&](std::uint64_t done, std::uint64_t total) {
                                   CHECK(done <= total);
                                   reported = done;
                                 },
                                 {}}));
  CHECK(reported == 41);
  same_indexes(later.store, kept.store);
}

TEST_CASE("an index that is turned off is dropped, and a question names the "
          "key that turns it on") {
  stored s;
  add_all(s.store, trunk());
  prepare(s.store, {false, false});
  CHECK(entries(s.store, chain_index::txs).empty());
  CHECK(entries(s.store, chain_index::history).empty());
  const auto tx = disk::find_tx(s.store, trunk()[20].value.txs.empty()
                                             ? tx_id{}
                                             : trunk()[20].value.txs[0].id);
  CHECK(tx.error() == errc::unavailable);
  CHECK(tx.error().detail.find("storage.tx_index = true") != std::string::npos);
  const auto rows = disk::history_of(s.store, payer_account(), {}, 5);
  CHECK(rows.error() == errc::unavailable);
  CHECK(rows.error().detail.find("storage.history_index = true")
        != std::string::npos);
  CHECK(disk::height_at(s.store, trunk()[3].head().time) == height{4});
}

TEST_CASE("an index that fell behind, or follows another chain, is mended at "
          "the next start") {
  stored right;
  reorganise(right.store, trunk());
  stored s;
  add_all(s.store, {trunk().begin(), trunk().begin() + 20});
  // As a program would that knows of no indexes.
  for (std::size_t i = 20; i < 40; ++i)
    REQUIRE(s.store.apply(commit_of(trunk()[i])));
  CHECK(s.store.indexed(chain_index::txs)->next == 21);
  prepare(s.store);
  same_indexes(s.store, right.store);

  stored moved;
  add_all(moved.store, {trunk().begin(), trunk().begin() + 20});
  add_all(moved.store, branch(trunk()[19], 3, 7));
  auto back = commit_of(trunk()[20]);
  back.truncate_heights_above = height{20};
  REQUIRE(moved.store.apply(back));
  for (std::size_t i = 21; i < 40; ++i)
    REQUIRE(moved.store.apply(commit_of(trunk()[i])));
  prepare(moved.store);
  same_indexes(moved.store, right.store);
}

namespace {
/// The tables of schema 1, with what a store has in them.
void write_schema_1(const path& from, const path& to) {
  const std::vector<std::string> old{"meta",     "blocks",    "heights",
                                     "accounts", "rewards",   "undo",
                                     "ticks",    "era_proofs"};
  disk::environment_options o;
  o.tables = old;
  o.map_start = 1 << 22;
  auto source = disk::environment::open(from, o);
  auto target = disk::environment::open(to, o);
  REQUIRE(source);
  REQUIRE(target);
  auto read = source->read();
  REQUIRE(read);
  REQUIRE(target->write([&](disk::write_transaction& w) -> status {
    for (const auto& name : old)
      if (auto ok = read->for_each(
              source->table_named(name), {},
              [&](byte_view k, byte_view v) {
                const std::string key{k.begin(), k.end()};
                if (name == "meta" && key.starts_with("index_")) return true;
                const auto one = be(std::uint32_t{1});
                return w
                    .put(target->table_named(name), k,
                         name == "meta" && key == "schema" ? byte_view{one} : v)
                    .has_value();
              });
          !ok)
        return ok;
    return {};
  }));
  std::filesystem::copy(from / "blocks", to / "blocks");
}
} // namespace

TEST_CASE("a database of schema 1 opens, is carried over, and gets its "
          "indexes") {
  stored s;
  add_all(s.store, trunk());
  REQUIRE(s.store.close());
  const auto old = *s.directory / "old";
  { auto gone = std::move(s.store); }
  write_schema_1(*s.directory / "chain", old);
  {
    auto seen = disk::store::open_read_only(old);
    REQUIRE(seen);
    CHECK(seen->tip() == trunk().back().id());
    CHECK(disk::find_tx(*seen, {some_id(1)}).error() == errc::unavailable);
    CHECK(disk::height_at(*seen, {0}).error() == errc::not_found);
    CHECK(seen->segment_heights()->empty());
  }
  auto opened = open_small(old);
  if (!opened) FAIL(to_string(opened.error()));
  prepare(*opened);
  stored right;
  reorganise(right.store, trunk());
  same_indexes(*opened, right.store);
  CHECK(opened->segment_heights() == right.store.segment_heights());
  CHECK(opened->segment_heights()->size() > 5);
}

TEST_CASE("pruning removes whole segments and undo records below what a "
          "reorganisation may need, and nothing above") {
  stored s;
  add_all(s.store, trunk());
  const disk::prune_policy policy{0, 2}; // max_reorg + 1 eras
  const auto kept = disk::kept_from(maker().rules(), s.store, policy);
  REQUIRE(kept);
  REQUIRE(kept->value > 10);
  const auto tip_era = trunk().back().context.era.number;
  CHECK(trunk()[kept->value - 1].context.era.number >= tip_era - 2);
  CHECK(trunk()[kept->value - 2].context.era.number < tip_era - 2);
  REQUIRE(disk::prune(maker().rules(), s.store, policy));
  CHECK(s.store.undo_from() == *kept);
  const auto holds = [&] {
    std::size_t gone = 0;
    for (const auto& b : trunk()) {
      const auto raw = s.store.block(b.id());
      const auto undo = s.store.undo(b.id());
      if (b.head().height >= *kept) {
        CHECK(raw == b.raw);
        CHECK(undo == state::encode(b.change));
        continue;
      }
      CHECK(undo.error() == errc::not_found);
      if (raw) continue; // shares a file with a block that stays
      ++gone;
      CHECK(raw.error() == errc::not_found);
      CHECK(raw.error().detail.starts_with("pruned"));
      CHECK(s.store.index_record(b.id()) == codec::encode(b.context));
    }
    CHECK(gone > 5);
    CHECK_FALSE(
        std::filesystem::exists(*s.directory / "chain/blocks/000000.seg"));
  };
  holds();
  s.reopen();
  holds();
  // It goes on, and once there is nothing to do does nothing.
  add_all(s.store, branch(trunk().back(), 2, 4));
  const auto first = s.store.first_segment();
  REQUIRE(disk::prune(maker().rules(), s.store, {100'000, 0}));
  CHECK(s.store.first_segment() == first);
  // An index made now begins where the bodies do.
  prepare(s.store, {false, false});
  prepare(s.store);
  const auto range = s.store.indexed(chain_index::txs);
  REQUIRE(range);
  CHECK(range->from.value > 5);
  CHECK(range->from <= *kept);
  CHECK(range->next == 43);
}

TEST_CASE("a crash between forgetting segments and removing their files is "
          "made good at the next start") {
  stored s;
  add_all(s.store, trunk());
  const auto saved = *s.directory / "saved";
  std::filesystem::copy(*s.directory / "chain/blocks", saved);
  REQUIRE(s.store.forget_segments(3));
  for (const char* name : {"000001.seg", "000002.seg"})
    std::filesystem::copy(saved / name, *s.directory / "chain/blocks" / name);
  s.reopen();
  CHECK_FALSE(
      std::filesystem::exists(*s.directory / "chain/blocks/000001.seg"));
  CHECK_FALSE(
      std::filesystem::exists(*s.directory / "chain/blocks/000002.seg"));
  CHECK(s.store.block(trunk()[0].id()).error() == errc::not_found);
  CHECK(s.store.block(trunk().back().id()) == trunk().back().raw);
}

TEST_CASE("a pruning policy is read from text, and refused below what a "
          "reorganisation may need") {
  CHECK(disk::parse_prune("off") == disk::prune_policy{});
  CHECK(disk::parse_prune("5000 blocks") == disk::prune_policy{5000, 0});
  CHECK(disk::parse_prune("60 eras") == disk::prune_policy{0, 60});
  for (const char* bad : {"", "on", "60", "60eras", "60 era", "-1 eras",
                          "0 blocks", "1 blocks ", "99999999999999999999 eras"})
    CHECK(disk::parse_prune(bad).error() == errc::bad_encoding);
  const auto& rules = maker().rules().fixed(); // max_reorg 1, 8 ticks an era
  CHECK(disk::check_prune({}, rules));
  CHECK(disk::check_prune({0, 2}, rules));
  const auto few = disk::check_prune({0, 1}, rules);
  CHECK(few.error() == errc::bad_config);
  CHECK(few.error().detail.find("at least 2 eras") != std::string::npos);
  CHECK(disk::check_prune({1, 0}, rules).error() == errc::bad_config);
  CHECK(disk::check_prune({100'000, 0}, rules));
}
