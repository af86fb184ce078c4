#pragma once
// Made blocks in a real store.

#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/disk/chain_loader.hpp"
#include "core/disk/chain_writer.hpp"
#include "tests/support/chain_maker.hpp"

namespace spacetime::test {
/// What a node writes for a block that extends its tip.
inline disk::commit commit_of(const made_block& b) {
  disk::chain_batch one;
  one.add(b.context, b.raw, b.change);
  return one.take(b.ledger);
}

/// A store for tests: no power loss matters.
inline result<disk::store> open_chain(const disk::path& where,
                                      const chain_maker& m) {
  disk::store_options o;
  o.map_start = 1 << 22;
  o.sync = disk::sync_policy::batch;
  o.low_below = o.low_until = 0;
  return disk::store::open(where, m.rules().spec.network(), o);
}

/// Writes genesis and these blocks, each in a commit of its own.
inline status store_chain(disk::store& s, const chain_maker& m,
                          const std::vector<made_block>& blocks) {
  if (auto ok = disk::ensure_genesis(m.rules(), s); !ok) return ok;
  for (const auto& b : blocks)
    if (auto ok = s.apply(commit_of(b)); !ok) return ok;
  return {};
}
} // namespace spacetime::test
