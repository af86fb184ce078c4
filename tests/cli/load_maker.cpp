// Signs transfers for the load tests: load_maker SPEC ACCOUNTS TRANSFERS SEED.
//
// The same arguments print the same lines, each of one word and its values:
//   phase             what follows needs all before it to be in blocks
//   account ID        an account that has coins in the end
//   tx SENDER TXID RAW
// First the network's premine, whose keys are public, pays some accounts, then
// these the others; then each account pays about TRANSFERS / ACCOUNTS times, a
// part of it to accounts that are new. A sender's nonces ascend.

#include "core/base/check.hpp"
#include "core/base/hex.hpp"
#include "core/chain/public_keys.hpp"
#include "core/chain/spec.hpp"
#include "core/codec/tx.hpp"
#include "core/crypto/account.hpp"
#include "core/tx/rules.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

using namespace spacetime;

namespace {
constexpr std::uint64_t coin = 1'000'000'000;
constexpr std::size_t children = 60;    // of one payer; a pool keeps 64 waiting
constexpr std::uint64_t new_every = 50; // every n-th transfer is to a new one

struct payer {
  secret_key key;
  account_id id;
  std::uint64_t nonce = 0;
};

class maker {
public:
  maker(const chain_spec& spec, std::size_t accounts, std::uint64_t seed)
      : spec_(spec), random_(seed), seed_(seed) {
    for (std::uint32_t i = 0; i < spec.genesis.premine.size(); ++i)
      premine_.push_back(premine_payer(i));
    for (std::size_t i = 0; i < accounts; ++i) accounts_.push_back(made(i));
  }

  void print_accounts() const {
    for (const auto* group : {&premine_, &accounts_})
      for (const auto& p : *group) print_account(p.id);
  }

  void fund() {
    const auto n = accounts_.size();
    const auto first = std::min(n, premine_.size() * children);
    const auto rest = (n - first + first - 1) / first; // of each of the first
    check(rest <= children, "at most premines * 60 * 61 accounts");
    std::puts("phase");
    for (std::size_t i = 0; i < first; ++i)
      pay(premine_[i % premine_.size()], accounts_[i].id,
          (100 + 101 * rest) * coin, true);
    std::puts("phase");
    for (std::size_t i = first; i < n; ++i)
      pay(accounts_[i % first], accounts_[i].id, 100 * coin, true);
    std::puts("phase");
  }

  void transfer(std::uint64_t count) {
    std::vector<std::size_t> order(accounts_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    for (std::uint64_t n = 0; n < count; ++n) {
      if (n % order.size() == 0) std::ranges::shuffle(order, random_);
      auto& from = accounts_[order[n % order.size()]];
      const amount value{1 + random_() % (coin / 100)};
      const bool is_new = n % new_every == 0;
      auto to = is_new ? fresh(n) : accounts_[random_() % order.size()].id;
      if (to == from.id) to = premine_.front().id;
      pay(from, to, value.value, is_new);
    }
  }

private:
  payer premine_payer(std::uint32_t i) const {
    std::vector<std::string_view> names = chain_spec::names();
    names.push_back(spec_.genesis.name);
    for (const auto name : names) {
      const auto key = public_test_key(name, i);
      if (key
          && account_of(key->public_part()) == spec_.genesis.premine[i].account)
        return {*key, spec_.genesis.premine[i].account};
    }
    check(false, "the premine's keys are public");
    return {};
  }
  payer made(std::uint64_t i) const {
    const auto key =
        secret_key::from(hash("test/load-key", {be(seed_), be(i)}));
    check(key.has_value(), "a hash is a scalar");
    return {*key, account_of(key->public_part())};
  }
  account_id fresh(std::uint64_t n) const {
    const account_id id{hash("test/load-fresh", {be(seed_), be(n)})};
    print_account(id);
    return id;
  }
  static void print_account(const account_id& id) {
    std::printf("account %s\n", to_hex(id.value).c_str());
  }

  void pay(payer& from, const account_id& to, std::uint64_t value,
           bool creates) {
    tx t;
    t.sender = from.key.public_part();
    t.nonce = from.nonce++;
    t.recipient = to;
    t.value = {value};
    t.fee.value =
        least_fee(spec_.fixed(), t, creates)->value * (1 + random_() % 4);
    t.id = codec::id_of(spec_.network(), t);
    t.seal = from.key.sign(t.id.value);
    std::printf("tx %s %s %s\n", to_hex(from.id.value).c_str(),
                to_hex(t.id.value).c_str(), to_hex(codec::encode(t)).c_str());
  }

  const chain_spec& spec_;
  std::mt19937_64 random_;
  std::uint64_t seed_;
  std::vector<payer> premine_, accounts_;
};
} // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: load_maker SPEC ACCOUNTS TRANSFERS SEED\n", stderr);
    return 2;
  }
  std::ifstream file{argv[1]};
  std::ostringstream text;
  text << file.rdbuf();
  const auto spec = chain_spec::parse(text.str());
  if (!spec || spec->genesis.premine.empty()) {
    std::fprintf(stderr, "%s: no spec with a premine\n", argv[1]);
    return 2;
  }
  const auto number = [&](int i) {
    return std::strtoull(argv[i], nullptr, 10);
  };
  maker m{*spec, std::max(number(2), 2ull), number(4)};
  m.print_accounts();
  m.fund();
  m.transfer(number(3));
  return 0;
}
