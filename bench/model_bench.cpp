// Accounts or unspent outputs: the same random payments through core's ledger
// and through a small ledger of outputs, under the same kind of commitment.
// docs/adr/0014 has the figures. Signatures are counted in neither.
//
// model_bench [users] [blocks] [transfers in a block]

#include "bench/timing.hpp"
#include "bench/utxo.hpp"
#include "core/base/check.hpp"
#include "core/codec/tx.hpp"
#include "core/state/ledger.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>

using namespace spacetime;
using namespace spacetime::bench;

namespace {
constexpr std::uint64_t first_balance = 1'000'000'000'000; // motes
constexpr std::uint64_t fee = 1'000;
constexpr std::size_t reorg_blocks = 100, reorg_transfers = 100;

rule_set some_rules() {
  rule_set r;
  r.maturity = 4;
  r.subsidy = 50'000'000'000;
  r.halving = 1'000'000;
  r.tail = 500'000'000;
  r.min_fee_rate = 1;
  return r;
}

struct coin {
  outpoint at;
  std::uint64_t value;
};

/// What its wallet knows of a user.
struct user {
  public_key key;
  account_id id;
  std::uint64_t nonce = 0, balance = first_balance;
  std::vector<coin> coins;
};

/// One block in both models, and what undoes it.
struct both {
  std::vector<tx> account_txs;
  std::vector<utxo_tx> utxo_txs;
  std::vector<std::pair<outpoint, output>> reward;
  state::block_info info;
  state::delta delta;
  utxo_set::undo undo;
};

class comparison {
public:
  explicit comparison(std::size_t users) {
    std::vector<premine_entry> premine;
    for (std::uint64_t i = 0; i < users; ++i) {
      user u;
      u.key = {hash("bench/user", {be(i)})};
      u.id = account_of(u.key);
      u.coins.push_back({{{hash("bench/premine", {be(i)})}, 0}, first_balance});
      premine.push_back({u.id, {first_balance}});
      users_.push_back(std::move(u));
    }
    ledger_ = *state::ledger::genesis(premine);
    std::vector<std::pair<outpoint, output>> made;
    for (const auto& u : users_)
      made.push_back({u.coins[0].at, {u.id, {u.coins[0].value}}});
    check(set_.apply({}, made).has_value(), "the first outputs are made");
  }

  /// A block of random payments; its times are added to the lists.
  both next(std::size_t transfers) {
    both b;
    for (std::size_t i = 0; i < transfers; ++i) pay(b);
    const auto payee = random_() % users_.size();
    b.info = {{ledger_.height().value + 1}, users_[payee].id};
    payees_.push_back(payee);
    account_ms.push_back(cpu_ms([&] { apply_accounts(b); }));
    mature(b);
    utxo_ms.push_back(cpu_ms([&] { apply_outputs(b); }));
    return b;
  }

  void apply_accounts(both& b) {
    auto d = ledger_.apply(rules_, b.info, b.account_txs);
    check(d.has_value(), "the payments are valid");
    b.delta = std::move(*d);
  }
  void apply_outputs(both& b) {
    auto u = set_.apply(b.utxo_txs, b.reward);
    check(u.has_value(), "the payments are valid");
    b.undo = std::move(*u);
  }
  void undo_accounts(const both& b) {
    check(ledger_.undo(b.delta).has_value(), "undo works");
  }
  void undo_outputs(const both& b) {
    check(set_.take_back(b.undo).has_value(), "undo works");
  }

  /// Both models must have come to the same balances.
  void check_balances() const {
    std::map<account_id, std::uint64_t> sums;
    set_.outputs().for_each([&](const state::account_entry& e) {
      sums[{e.value.extension}] += e.value.balance.value;
    });
    for (const auto& u : users_)
      check(ledger_.find(u.id).balance.value == u.balance
                && sums[u.id] == u.balance,
            "the models agree");
  }

  [[nodiscard]] const state::ledger& accounts() const { return ledger_; }
  [[nodiscard]] const utxo_set& outputs() const { return set_; }
  [[nodiscard]] const std::vector<user>& users() const { return users_; }

  std::vector<double> account_ms, utxo_ms;

private:
  void pay(both& b) {
    auto& from = users_[random_() % users_.size()];
    auto& to = users_[random_() % users_.size()];
    // 0.01 % to 50 % of what the sender has, each size as likely as another.
    const double share = std::exp(uniform_(random_));
    const auto value =
        static_cast<std::uint64_t>(static_cast<double>(from.balance) * share);
    if (&from == &to || value == 0 || value + fee > from.balance) return pay(b);
    b.account_txs.push_back(account_payment(from, to, value));
    b.utxo_txs.push_back(utxo_payment(from, to, value));
    from.balance -= value + fee;
    to.balance += value;
  }

  static tx account_payment(user& from, const user& to, std::uint64_t value) {
    tx t;
    t.sender = from.key;
    t.nonce = from.nonce++;
    t.recipient = to.id;
    t.value = {value};
    t.fee = {fee};
    t.id = codec::id_of(network_id{}, t);
    return t;
  }

  /// Largest coins first, what is left over to the sender.
  static utxo_tx utxo_payment(user& from, user& to, std::uint64_t value) {
    auto& coins = from.coins;
    std::sort(coins.begin(), coins.end(),
              [](const coin& a, const coin& b) { return a.value > b.value; });
    utxo_tx t;
    t.sender = from.key;
    std::uint64_t sum = 0;
    for (; sum < value + fee; sum += coins[t.inputs.size() - 1].value)
      t.inputs.push_back(coins[t.inputs.size()].at);
    coins.erase(coins.begin(),
                coins.begin() + static_cast<std::ptrdiff_t>(t.inputs.size()));
    t.outputs.push_back({to.id, {value}});
    if (sum > value + fee) t.outputs.push_back({from.id, {sum - value - fee}});
    t.id = {hash("st/tx", {encode_unsigned(t)})};
    to.coins.push_back({{t.id, 0}, value});
    if (t.outputs.size() == 2)
      coins.push_back({{t.id, 1}, t.outputs[1].value.value});
    return t;
  }

  /// The reward that this block credits is an output, too.
  void mature(both& b) {
    if (!b.delta.credited) return;
    const auto& r = *b.delta.credited;
    const outpoint at{{hash("bench/reward", {be(r.height.value)})}, 0};
    b.reward.push_back({at, {r.payee, r.value}});
    auto& u = users_[payees_[r.height.value - 1]];
    u.balance += r.value.value;
    u.coins.push_back({at, r.value.value});
  }

  rule_set rules_ = some_rules();
  std::mt19937_64 random_{2026};
  std::uniform_real_distribution<double> uniform_{std::log(1e-4),
                                                  std::log(0.5)};
  std::vector<user> users_;
  std::vector<std::size_t> payees_; // of block 1 on
  state::ledger ledger_ = *state::ledger::genesis({});
  utxo_set set_;
};

void print(const char* what, double accounts, double outputs,
           const char* unit) {
  std::printf("%-44s %10.2f %10.2f %-6s %7.2f\n", what, accounts, outputs, unit,
              outputs / accounts);
}

/// Bytes on the wire and in undo records of all blocks so far, per transfer.
struct sizes {
  double transfers = 0, account_tx = 0, utxo_tx = 0, account_undo = 0,
         utxo_undo = 0, inputs = 0;
  void add(const both& b) {
    transfers += static_cast<double>(b.account_txs.size());
    for (const auto& t : b.account_txs)
      account_tx += static_cast<double>(codec::encode(t).size());
    for (const auto& t : b.utxo_txs) {
      utxo_tx += static_cast<double>(encode_unsigned(t).size() + 64);
      inputs += static_cast<double>(t.inputs.size());
    }
    account_undo += static_cast<double>(state::encode(b.delta).size());
    utxo_undo +=
        static_cast<double>(b.undo.spent.size() * utxo_set::spent_bytes);
  }
};

void reorganisation(comparison& c) {
  std::vector<both> branch;
  for (std::size_t i = 0; i < reorg_blocks; ++i)
    branch.push_back(c.next(reorg_transfers));
  const auto accounts = cpu_ms([&] {
    for (auto b = branch.rbegin(); b != branch.rend(); ++b) c.undo_accounts(*b);
    for (auto& b : branch) c.apply_accounts(b);
  });
  const auto outputs = cpu_ms([&] {
    for (auto b = branch.rbegin(); b != branch.rend(); ++b) c.undo_outputs(*b);
    for (auto& b : branch) c.apply_outputs(b);
  });
  print("undo and apply of 100 blocks of 100 transfers", accounts, outputs,
        "ms");
}

/// What shows one user's balance to a client that trusts the root.
void proofs(const comparison& c) {
  constexpr std::size_t sample = 2'000;
  const auto step = std::max<std::size_t>(1, c.users().size() / sample);
  double account_bytes = 0, utxo_bytes = 0, count = 0, users = 0;
  std::vector<std::function<bool()>> account_checks, utxo_checks;
  const auto& accounts = c.accounts().accounts();
  const auto& outputs = c.outputs().outputs();
  for (std::size_t i = 0; i < c.users().size(); i += step, ++users) {
    const auto& u = c.users()[i];
    const auto add = [](const state::trie& in, const account_id& id,
                        std::size_t entry, double& size, auto& checks) {
      auto proof = in.prove(id);
      size += static_cast<double>(32 * proof.siblings.size() + entry);
      checks.push_back([&in, id, value = in.find(id), p = std::move(proof)] {
        return verify_proof(in.root(), id, value, p);
      });
    };
    add(accounts, u.id, 32 + state::account_bytes, account_bytes,
        account_checks);
    count += static_cast<double>(u.coins.size());
    for (const auto& coin : u.coins)
      add(outputs, utxo_set::key_of(coin.at), utxo_set::entry_bytes, utxo_bytes,
          utxo_checks);
  }
  const auto all = [](const auto& checks) {
    for (const auto& one : checks) check(one(), "a proof verifies");
  };
  print("proofs for one balance", 1, count / users, "");
  print("bytes of proof for one balance", account_bytes / users,
        utxo_bytes / users, "B");
  print("verification for one balance",
        cpu_ms([&] { all(account_checks); }) * 1'000 / users,
        cpu_ms([&] { all(utxo_checks); }) * 1'000 / users, "us");
}

std::size_t argument(int argc, char** argv, int at, std::size_t otherwise) {
  if (argc <= at) return otherwise;
  const auto n = std::strtoull(argv[at], nullptr, 10);
  if (n > 0) return n;
  std::fprintf(stderr, "model_bench [users] [blocks] [transfers in a block]\n");
  std::exit(2);
}
} // namespace

int main(int argc, char** argv) {
  const auto users = argument(argc, argv, 1, 1'000'000);
  const auto blocks = argument(argc, argv, 2, 100);
  const auto transfers = argument(argc, argv, 3, 10'000);
  comparison c{users};
  sizes all;
  for (std::size_t i = 0; i < blocks; ++i) all.add(c.next(transfers));
  c.check_balances();

  std::printf("%zu users, %zu blocks of %zu transfers\n", users, blocks,
              transfers);
  std::printf("%-44s %10s %10s %6s %7s\n", "", "accounts", "outputs", "",
              "ratio");
  print("a block applied, first", c.account_ms[0], c.utxo_ms[0], "ms");
  print("a block applied, median", median(c.account_ms), median(c.utxo_ms),
        "ms");
  print("bytes of a transfer", all.account_tx / all.transfers,
        all.utxo_tx / all.transfers, "B");
  print("undo record of a transfer", all.account_undo / all.transfers,
        all.utxo_undo / all.transfers, "B");
  const auto n = static_cast<double>(users);
  const auto a = static_cast<double>(c.accounts().accounts().size()) / n;
  const auto o = static_cast<double>(c.outputs().outputs().size()) / n;
  print("entries of state for a user", a, o, "");
  print("bytes of state for a user", a * (32 + state::account_bytes),
        o * utxo_set::entry_bytes, "B");
  proofs(c);
  reorganisation(c);
  std::printf("inputs of a transfer: %.2f\n", all.inputs / all.transfers);
}
