#include "actors/commit_message.hpp"

#include "core/codec/context.hpp"

namespace spacetime {
namespace {
using id_list = capnp::List<capnp::Data>;

void put_ids(id_list::Builder out, const std::vector<block_id>& ids) {
  for (unsigned i = 0; i < out.size(); ++i) out.set(i, blob(ids[i].value));
}

bytes to_bytes(capnp::Data::Reader raw) {
  return {raw.begin(), raw.end()};
}

/// Opens fields; whether each id had its length is asked at the end.
struct opener {
  bool ok = true;

  template <class Id>
  Id id(capnp::Data::Reader raw) {
    return Id{fixed<32>(raw, ok)};
  }
  std::vector<block_id> ids(id_list::Reader all) {
    std::vector<block_id> out;
    for (auto raw : all) out.push_back(id<block_id>(raw));
    return out;
  }
  disk::new_block block(schema::Commit::NewBlock::Reader b) {
    disk::new_block out{id<block_id>(b.getId()),
                        to_bytes(b.getContext()),
                        to_bytes(b.getRaw()),
                        {}};
    if (b.getUndo().size() != 0) out.undo = to_bytes(b.getUndo());
    if (auto c = codec::decode_context(out.index_record))
      out.at = c->facts.height;
    return out;
  }
  disk::account_write account(schema::Commit::AccountWrite::Reader a) {
    disk::account_write out{id<account_id>(a.getId()), {}};
    if (a.getValue().size() != 0) out.value = to_bytes(a.getValue());
    return out;
  }
  /// What only a step to another tip has.
  void place(schema::Commit::Reader in, disk::commit& out) {
    height at{in.getForkHeight()};
    out.tip = id<block_id>(in.getTip());
    out.truncate_heights_above = at;
    for (const auto& connected : ids(in.getConnected())) {
      ++at.value;
      out.connected.push_back({at, connected});
    }
  }
};

disk::commit opened(schema::Commit::Reader in, bool& ok) {
  disk::commit out;
  opener from;
  for (auto b : in.getBlocks()) out.blocks.push_back(from.block(b));
  for (auto a : in.getAccounts()) out.accounts.push_back(from.account(a));
  if (in.getRewards().size() != 0) out.rewards = to_bytes(in.getRewards());
  if (in.getTip().size() != 0) from.place(in, out);
  out.invalidated = from.ids(in.getInvalidated());
  out.reconsidered = from.ids(in.getReconsidered());
  if (in.getBatch()) out.sync = disk::sync_policy::batch;
  ok = from.ok && (out.tip || in.getConnected().size() == 0);
  return out;
}
} // namespace

commit_msg message_of(const disk::commit& c) {
  const auto size = [](const auto& x) {
    return static_cast<unsigned>(x.size());
  };
  return commit_msg::build([&](schema::Commit::Builder out) {
    auto blocks = out.initBlocks(size(c.blocks));
    for (unsigned i = 0; i < blocks.size(); ++i) {
      blocks[i].setId(blob(c.blocks[i].id.value));
      blocks[i].setContext(blob(c.blocks[i].index_record));
      blocks[i].setRaw(blob(c.blocks[i].raw));
      if (c.blocks[i].undo) blocks[i].setUndo(blob(*c.blocks[i].undo));
    }
    auto accounts = out.initAccounts(size(c.accounts));
    for (unsigned i = 0; i < accounts.size(); ++i) {
      accounts[i].setId(blob(c.accounts[i].id.value));
      if (c.accounts[i].value) accounts[i].setValue(blob(*c.accounts[i].value));
    }
    if (c.rewards) out.setRewards(blob(*c.rewards));
    out.setBatch(c.sync == disk::sync_policy::batch);
    put_ids(out.initInvalidated(size(c.invalidated)), c.invalidated);
    put_ids(out.initReconsidered(size(c.reconsidered)), c.reconsidered);
    if (!c.tip) return;
    out.setTip(blob(c.tip->value));
    out.setForkHeight(c.truncate_heights_above.value_or(height{}).value);
    auto connected = out.initConnected(size(c.connected));
    for (unsigned i = 0; i < connected.size(); ++i)
      connected.set(i, blob(c.connected[i].id.value));
  });
}

result<disk::commit> open(const commit_msg& m) {
  disk::commit out;
  bool ok = false;
  if (m.try_read([&](schema::Commit::Reader in) { out = opened(in, ok); })
      || !ok)
    return fail(errc::malformed, "commit message");
  return out;
}
} // namespace spacetime
