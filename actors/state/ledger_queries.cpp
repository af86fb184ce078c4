#include "actors/state/ledger_queries.hpp"

#include "core/codec/messages.hpp"
#include "core/codec/tx.hpp"

namespace spacetime {
namespace {
struct draft {
  block_id parent;
  account_id payee;
  spacetime::epoch epoch;
  std::vector<tx> txs;
};

result<draft> open(const consensus::protocol& p, const draft_msg& m) {
  draft out;
  bool ok = true;
  if (m.try_read([&](schema::Draft::Reader in) {
        out.parent.value = fixed<32>(in.getParent(), ok);
        out.payee.value = fixed<32>(in.getPayee(), ok);
        out.epoch.value = in.getEpoch();
        for (auto raw : in.getTxs())
          if (auto t = codec::decode_tx(p.spec.network(), view(raw)))
            out.txs.push_back(std::move(*t));
          else
            ok = false;
      })
      || !ok)
    return fail(errc::malformed, "draft message");
  return out;
}

} // namespace

result<draft_answer_msg> try_draft(const consensus::protocol& p,
                                   consensus::chain_state& chain,
                                   const draft_msg& m) {
  auto d = open(p, m);
  if (!d) return fail(d.error());
  if (chain.unsettled() || d->parent != chain.tip().id)
    return fail(errc::stale, "the tip has changed");
  auto& ledger = chain.ledger();
  const auto& rules = p.spec.at(d->epoch);
  const state::block_info block{{ledger.height().value + 1}, d->payee};
  const auto accepted = ledger.applicable(rules, block, d->txs);
  auto root = ledger.root_after(rules, block, accepted);
  if (!root) return fail(root.error());
  return draft_answer_msg::build([&](schema::DraftAnswer::Builder out) {
    out.setStateRoot(blob(*root));
    auto list = out.initAccepted(static_cast<unsigned>(accepted.size()));
    unsigned at = 0;
    for (unsigned i = 0; i < d->txs.size() && at < list.size(); ++i)
      if (d->txs[i].id == accepted[at].id) list.set(at++, i);
  });
}

account_msg account_at(const consensus::chain_state& chain,
                       const account_id& id) {
  const auto a = chain.ledger().find(id);
  std::uint64_t immature = 0;
  for (const auto& r : chain.ledger().rewards())
    if (r.payee == id) immature += r.value.value;
  return account_msg::build([&](schema::Account::Builder out) {
    out.setNonce(a.nonce);
    out.setBalance(a.balance.value);
    out.setImmature(immature);
    out.setHeight(chain.ledger().height().value);
  });
}

result<account_list_msg> accounts_at(const consensus::chain_state& chain,
                                     const id_list_msg& m) {
  result<std::vector<bytes32>> ids = fail(errc::malformed, "id list message");
  if (m.try_read([&](schema::IdList::Reader in) { ids = codec::read(in); }))
    return fail(errc::malformed, "id list message");
  if (!ids) return fail(ids.error());
  const auto& ledger = chain.ledger();
  return account_list_msg::build([&](schema::AccountList::Builder out) {
    out.setHeight(ledger.height().value);
    auto list = out.initAccounts(static_cast<unsigned>(ids->size()));
    for (unsigned i = 0; i < list.size(); ++i) {
      const auto a = ledger.find({(*ids)[i]});
      list[i].setNonce(a.nonce);
      list[i].setBalance(a.balance.value);
    }
  });
}
} // namespace spacetime
