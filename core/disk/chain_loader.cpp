#include "core/disk/chain_loader.hpp"

#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"

namespace spacetime::disk {
namespace {
result<state::ledger> load_ledger(const consensus::protocol&, const reader& s,
                                  height at) {
  std::vector<state::account_entry> accounts;
  std::optional<error> bad;
  auto read = s.for_each_account([&](const account_id& id, byte_view raw) {
    auto value = state::decode_account(raw);
    if (!value) {
      bad = error{errc::corrupt, "stored account " + to_hex(id.value)};
      return false;
    }
    accounts.push_back({id, *value});
    return true;
  });
  if (!read) return fail(read.error());
  if (bad) return fail(*bad);
  auto raw = s.rewards();
  if (!raw) return fail(raw.error());
  auto rewards = state::decode_rewards(*raw);
  if (!rewards) return fail(errc::corrupt, "stored rewards");
  auto out = state::ledger::restore(at, accounts, std::move(*rewards));
  if (!out) return fail(errc::corrupt, "stored accounts");
  return out;
}

result<block> genesis_of(const consensus::protocol& p) {
  if (!p.spec.genesis.seed)
    return fail(errc::bad_config, p.spec.genesis.name + " has not started");
  auto premine = state::ledger::genesis(p.spec.genesis.premine);
  if (!premine) return fail(premine.error());
  return consensus::genesis_block(p, premine->state_root());
}
} // namespace

status ensure_genesis(const consensus::protocol& p, store& s) {
  auto genesis = genesis_of(p);
  if (!genesis) return fail(genesis.error());
  const auto context = consensus::genesis_context(p, *genesis);
  if (auto stored = s.id_at({0})) {
    if (*stored == context.id) return {};
    return fail(errc::wrong_network, "stored genesis block "
                                         + to_hex(stored->value) + ", not "
                                         + to_hex(context.id.value));
  } else if (stored.error() != errc::not_found) {
    return fail(stored.error());
  }
  commit first;
  first.blocks.push_back({context.id,
                          codec::encode(context),
                          codec::encode(*genesis),
                          {},
                          height{0}});
  first.connected.push_back({height{0}, context.id});
  auto premine = state::ledger::genesis(p.spec.genesis.premine);
  premine->accounts().for_each([&](const state::account_entry& a) {
    const auto raw = state::encode(a.value);
    first.accounts.push_back({a.id, bytes(raw.begin(), raw.end())});
  });
  first.rewards = state::encode(std::span<const state::reward>{});
  first.tip = context.id;
  return s.apply(first);
}

result<consensus::chain_context> context_of(const reader& s,
                                            const block_id& id) {
  auto raw = s.index_record(id);
  if (!raw) return fail(raw.error());
  return codec::decode_context(*raw);
}

consensus::archive archive_of(const reader& s) {
  const auto* from = &s;
  return {[from](const block_id& id) { return context_of(*from, id); },
          [from](const block_id& id) { return from->block(id); },
          [from](const block_id& id) { return from->undo(id); },
          [from](height at) { return from->id_at(at); }};
}

result<loaded_chain> load_chain(const consensus::protocol& p, const reader& s) {
  auto tip = s.tip();
  if (!tip) return fail(tip.error());
  auto context = context_of(s, *tip);
  if (!context) return fail(context.error());
  if (context->id != *tip)
    return fail(errc::corrupt, "stored context of " + to_hex(tip->value));
  auto raw = s.block(*tip);
  if (!raw) return fail(raw.error());
  auto head = codec::header_of_block(*raw);
  if (!head) return fail(errc::corrupt, "stored tip " + to_hex(tip->value));
  auto ledger = load_ledger(p, s, context->facts.height);
  if (!ledger) return fail(ledger.error());
  if (ledger->state_root() != head->state_root)
    return fail(errc::corrupt,
                "stored accounts do not lead to the state root "
                "of the tip, height "
                    + std::to_string(context->facts.height.value));
  return loaded_chain{std::move(*context), std::move(*ledger)};
}
} // namespace spacetime::disk
