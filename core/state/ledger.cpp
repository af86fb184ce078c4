#include "core/state/ledger.hpp"

#include "core/base/check.hpp"
#include "core/base/checked.hpp"
#include "core/crypto/hash.hpp"
#include "core/state/transition.hpp"

#include <map>

namespace spacetime::state {
namespace {
std::vector<account_entry> values(const delta& d,
                                  account account_change::*side) {
  std::vector<account_entry> out;
  out.reserve(d.accounts.size());
  for (const auto& c : d.accounts) out.push_back({c.id, c.*side});
  return out;
}

bool ascend(std::span<const account_entry> accounts) {
  for (std::size_t i = 1; i < accounts.size(); ++i)
    if (accounts[i - 1].id >= accounts[i].id) return false;
  return true;
}
} // namespace

amount subsidy(const rule_set& rules, height at) {
  check(rules.halving > 0, "a halving takes at least one block");
  if (at.value == 0) return {};
  const auto halvings =
      std::min<std::uint64_t>(63, (at.value - 1) / rules.halving);
  return {std::max(rules.tail, rules.subsidy >> halvings)};
}

bytes32 rewards_root(std::span<const reward> rewards) {
  return hash("st/rewards", {encode(rewards)});
}

bytes32 state_root(const bytes32& accounts_root, const bytes32& rewards_root) {
  return hash("st/state", {accounts_root, rewards_root});
}

result<ledger> ledger::genesis(std::span<const premine_entry> premine) {
  std::map<account_id, std::uint64_t> sums;
  std::uint64_t total = 0;
  for (const auto& p : premine) {
    const auto sum = checked_add(total, p.value.value);
    if (!sum) return fail(errc::amount_overflow, "premine");
    total = *sum;
    sums[p.account] += p.value.value;
  }
  std::vector<account_entry> accounts;
  for (const auto& [id, sum] : sums)
    accounts.push_back({id, account{0, {sum}, {}}});
  ledger out;
  out.accounts_.update(accounts);
  return out;
}

result<ledger> ledger::restore(spacetime::height at,
                               std::span<const account_entry> accounts,
                               std::vector<reward> rewards) {
  if (!ascend(accounts)) return fail(errc::malformed, "order of accounts");
  for (const auto& e : accounts)
    if (!exists(e.value)) return fail(errc::malformed, "account of zeros");
  const auto last =
      rewards.empty() ? spacetime::height{} : rewards.back().height;
  if (!well_formed(rewards) || last != at)
    return fail(errc::malformed, "reward list");
  ledger out;
  out.accounts_.update(accounts);
  out.rewards_ = std::move(rewards);
  out.height_ = at;
  return out;
}

std::optional<reward> ledger::matured(const rule_set& rules,
                                      spacetime::height at) const {
  if (rewards_.empty()) return std::nullopt;
  const auto& oldest = rewards_.front();
  const std::uint64_t age = at.value - oldest.height.value;
  if (age != rules.maturity) return std::nullopt;
  return oldest;
}

result<delta> ledger::apply(const rule_set& rules, const block_info& block,
                            std::span<const tx> txs) {
  if (block.height.value != std::uint64_t{height_.value} + 1)
    return fail(errc::bad_height, "not the ledger's next block");
  transition next{accounts_, rules, block.height};
  delta d;
  d.height = block.height;
  d.credited = matured(rules, block.height);
  if (d.credited)
    if (auto ok = next.credit(d.credited->payee, d.credited->value); !ok)
      return fail(ok.error());
  for (const auto& t : txs)
    if (auto ok = next.pay(t); !ok) return fail(ok.error());
  const auto earned =
      checked_add(next.fees().value, subsidy(rules, block.height).value);
  if (!earned) return fail(errc::amount_overflow, "fees + subsidy");
  d.earned = {block.height, block.payee, {*earned}};
  d.accounts = next.changes();
  d.root_before = state_root();
  forward(d);
  d.root_after = state_root();
  return d;
}

void ledger::forward(const delta& d) {
  accounts_.update(values(d, &account_change::after));
  if (d.credited) rewards_.erase(rewards_.begin());
  rewards_.push_back(d.earned);
  height_ = d.height;
}

void ledger::backward(const delta& d) {
  accounts_.update(values(d, &account_change::before));
  rewards_.pop_back();
  if (d.credited) rewards_.insert(rewards_.begin(), *d.credited);
  --height_.value;
}

bool ledger::ends_with(const delta& d) const {
  if (!well_formed(d) || d.height != height_ || rewards_.empty()
      || rewards_.back() != d.earned || d.root_after != state_root())
    return false;
  return std::all_of(
      d.accounts.begin(), d.accounts.end(),
      [this](const account_change& c) { return find(c.id) == c.after; });
}

status ledger::undo(const delta& d) {
  if (!ends_with(d)) return fail(errc::corrupt, "undo of another block");
  backward(d);
  if (state_root() == d.root_before) return {};
  forward(d);
  return fail(errc::corrupt, "undo record");
}

void ledger::redo(const delta& d) {
  check(d.height.value == std::uint64_t{height_.value} + 1
            && state_root() == d.root_before,
        "what is redone was undone");
  forward(d);
}

result<bytes32> ledger::root_after(const rule_set& rules,
                                   const block_info& block,
                                   std::span<const tx> txs) {
  const auto d = apply(rules, block, txs);
  if (!d) return fail(d.error());
  check(undo(*d).has_value(), "a block just applied can be undone");
  return d->root_after;
}

std::vector<tx> ledger::applicable(const rule_set& rules,
                                   const block_info& block,
                                   std::span<const tx> candidates) const {
  transition next{accounts_, rules, block.height};
  std::vector<tx> out;
  const auto credited = matured(rules, block.height);
  if (credited && !next.credit(credited->payee, credited->value)) return out;
  for (const auto& t : candidates)
    if (next.pay(t)) out.push_back(t);
  return out;
}

bytes32 ledger::state_root() const {
  return state::state_root(accounts_.root(), rewards_root(rewards_));
}

u256 ledger::total_supply() const {
  u256 out = 0;
  accounts_.for_each(
      [&out](const account_entry& e) { out += e.value.balance.value; });
  for (const auto& r : rewards_) out += r.value.value;
  return out;
}
} // namespace spacetime::state
