// Blocks that are written many at a time.

#include "core/disk/chain_indexes.hpp"
#include "core/disk/chain_verifier.hpp"
#include "core/disk/chain_writer.hpp"
#include "disk_fixture.hpp"
#include "tests/support/stored_chain.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::test;

namespace {
struct batches {
  chain_maker maker{network_with("sim"), 1};
  std::vector<made_block> chain = maker.chain(maker.genesis(), 40);
  temporary_directory directory;
  disk::store store = *open_chain(*directory, maker);
  disk::chain_batch out;

  batches() {
    REQUIRE(disk::ensure_genesis(maker.rules(), store));
    REQUIRE(disk::prepare_indexes(maker.rules(), store, {true, true}, {}));
  }
  void add(std::size_t from, std::size_t to) {
    for (auto i = from; i < to; ++i)
      out.add(chain[i].context, chain[i].raw, chain[i].change);
  }
  status write(const state::ledger& at_tip) {
    return disk::write_indexed(maker.rules(), store, out.take(at_tip));
  }
  bool verifies() {
    return disk::verify_chain(maker.rules(), store, {}).has_value();
  }
};
} // namespace

TEST_CASE_FIXTURE(batches, "a chain written in batches is the chain") {
  add(0, 25);
  CHECK(out.blocks() == 25);
  CHECK(out.size() > 25 * 200);
  CHECK(store.tip() == maker.genesis().id()); // nothing of it yet
  REQUIRE(write(chain[24].ledger));
  CHECK(out.blocks() == 0);
  CHECK(store.tip() == chain[24].id());
  CHECK(verifies());
  add(25, 40);
  REQUIRE(write(chain[39].ledger));
  CHECK(store.tip() == chain[39].id());
  CHECK(verifies());
  for (std::uint32_t h = 1; h <= 40; ++h)
    CHECK(disk::check_index_entries(maker.rules(), store, {h}));
  CHECK(disk::height_at(store, chain[39].head().time) == height{40});
  CHECK(out.take(chain[39].ledger).blocks.empty());
}

TEST_CASE_FIXTURE(batches, "a side branch is stored and changes no tip") {
  add(0, 40);
  REQUIRE(write(chain[39].ledger));
  block_options o;
  o.skip = 1;
  const auto side = maker.next(chain[30], o);
  REQUIRE(side.id() != chain[31].id());
  out.add_aside(side.context, side.raw);
  REQUIRE(write(side.ledger));
  CHECK(store.tip() == chain[39].id());
  CHECK(store.block(side.id()) == side.raw);
  CHECK(disk::context_of(store, side.id()) == side.context);
  CHECK(verifies());
}
