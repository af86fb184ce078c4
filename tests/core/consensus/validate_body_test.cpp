// R11 to R14 of docs/protocol.md: the body and what it does to the accounts.

#include "core/codec/tx.hpp"
#include "core/crypto/account.hpp"
#include "tests/core/consensus/consensus_fixture.hpp"

using namespace spacetime;
using namespace spacetime::test;

namespace {
chain_maker& simulated() {
  static chain_maker maker{network_with("sim"), 11};
  return maker;
}

const account_id friend_id{hash("st/test-friend", {})};

made_block with(std::vector<tx> txs) {
  block_options o;
  o.txs = std::move(txs);
  return simulated().next(simulated().genesis(), o);
}

tx pays(std::uint64_t nonce, std::uint64_t value = 1'000'000) {
  return simulated().payment(0, nonce, friend_id, value);
}

errc refusal_with(std::vector<tx> txs) {
  return refusal(simulated(), simulated().genesis(), with(std::move(txs)).raw);
}

/// A block whose body is another than the one its header was made for.
errc refusal_of_body(const made_block& b, std::vector<tx> txs) {
  auto other = b.value;
  other.txs = std::move(txs);
  return refusal(simulated(), simulated().genesis(), other);
}
} // namespace

TEST_CASE("R11 to R14: a body of good payments is valid") {
  const auto b = with({pays(0), pays(1), pays(2)});
  REQUIRE(b.valid);
  CHECK(verdict(simulated(), simulated().genesis(), b.raw));
  CHECK(b.ledger.find(friend_id).balance.value == 3'000'000);
}

TEST_CASE("R11: too many transactions or bytes are body_too_large") {
  const std::vector<tx> four{pays(0), pays(1), pays(2), pays(3)};
  for (const auto& [rule, enough, too_few] :
       {std::tuple{"max_txs", 4u, 3u},
        std::tuple{"max_body_bytes", 4u + 7 * 161, 3u + 7 * 161}}) {
    auto txs = four;
    if (std::string_view{rule} == "max_body_bytes") // at least 1,024 allowed
      for (std::uint64_t n = 4; n < 7; ++n) txs.push_back(pays(n));
    block_options o;
    o.txs = txs;
    chain_maker wide{network_with("sim", {{rule, enough}}), 1};
    chain_maker tight{network_with("sim", {{rule, too_few}}), 1};
    const auto b = wide.next(wide.genesis(), o);
    CHECK(verdict(wide, wide.genesis(), b.raw));
    CHECK(refusal(tight, tight.genesis(), b.raw) == errc::body_too_large);
  }
}

TEST_CASE("R11: another body than the header's is bad_tx_root") {
  const auto b = with({pays(0), pays(1)});
  const auto& txs = b.value.txs;
  CHECK(refusal_of_body(b, {}) == errc::bad_tx_root);
  CHECK(refusal_of_body(b, {txs[0]}) == errc::bad_tx_root);
  CHECK(refusal_of_body(b, {txs[1], txs[0]}) == errc::bad_tx_root);
  CHECK(refusal_of_body(b, {txs[0], txs[1], pays(2)}) == errc::bad_tx_root);
  CHECK(refusal_of_body(b, {txs[0], txs[1], txs[1]}) == errc::bad_tx_root);
  // The root covers signatures: a garbled one condemns the message alone.
  auto garbled = txs;
  garbled[0].seal.value[5] ^= 1;
  CHECK(refusal_of_body(b, garbled) == errc::bad_tx_root);
}

TEST_CASE("R12: a transaction's bad signature is bad_signature") {
  auto t = pays(0);
  t.seal.value[3] ^= 1;
  CHECK(refusal_with({t}) == errc::bad_signature);
  CHECK(refusal_with({pays(0),
                      [] {
                        auto u = pays(1);
                        u.seal = pays(2).seal;
                        return u;
                      }()})
        == errc::bad_signature);
}

TEST_CASE("R12: a signature known to be good is not verified again") {
  auto t = pays(0);
  t.seal.value[3] ^= 1;
  const auto b = with({t});
  verified_signatures known{10};
  const auto check = [&] {
    return consensus::check_body(simulated().rules(), b.head(), b.value.txs,
                                 {&known, 1});
  };
  CHECK(check().error() == errc::bad_signature);
  known.remember(t); // as no caller would
  CHECK(check());
}

TEST_CASE("R12: the error is that of the first transaction that fails, however "
          "many threads look") {
  std::vector<tx> good;
  for (std::uint64_t n = 0; n < 100; ++n) good.push_back(pays(n));
  const auto verdict_of = [](const std::vector<tx>& txs, unsigned threads) {
    header h; // of the rules, check_body reads the epoch and the root alone
    h.epoch.value = 1;
    h.tx_root = codec::tx_root(txs);
    const auto ok =
        consensus::check_body(simulated().rules(), h, txs, {nullptr, threads});
    return ok ? std::optional<errc>{} : ok.error().code;
  };
  for (const unsigned threads : {1u, 4u}) {
    CHECK_FALSE(verdict_of(good, threads));
    for (const std::size_t at : {0u, 50u, 99u}) {
      auto unsigned_one = good;
      unsigned_one[at].seal.value[9] ^= 1;
      CHECK(verdict_of(unsigned_one, threads) == errc::bad_signature);
      auto cheap = good; // its signature is bad, too: fees come first
      cheap[at].fee.value = 1;
      CHECK(verdict_of(cheap, threads) == errc::fee_below_minimum);
    }
    auto both = good;
    both[40].seal.value[9] ^= 1;
    both[60].fee.value = 1;
    CHECK(verdict_of(both, threads) == errc::bad_signature);
    both[20].fee.value = 1;
    CHECK(verdict_of(both, threads) == errc::fee_below_minimum);
  }
}

TEST_CASE("R12: a fee below its size is fee_below_minimum") {
  const auto enough = simulated().payment(0, 0, friend_id, 1, 159 + 256);
  CHECK(verdict(simulated(), simulated().genesis(), with({enough}).raw));
  CHECK(refusal_with({simulated().payment(0, 0, friend_id, 1, 158)})
        == errc::fee_below_minimum);
}

TEST_CASE("R12: nothing is paid to anybody, nor anything to oneself") {
  CHECK(refusal_with({pays(0, 0)}) == errc::zero_amount);
  const auto self = account_of(simulated().premine_key(0).public_part());
  CHECK(refusal_with({simulated().payment(0, 0, self, 5)})
        == errc::self_payment);
}

TEST_CASE("R12: a transaction of another network is bad_signature") {
  const chain_maker other{network_with("regtest"), 1, 0};
  auto t = other.payment(0, 0, friend_id, 5);
  t.id =
      codec::id_of(simulated().rules().spec.network(), t); // as it is decoded
  CHECK(refusal_with({t}) == errc::bad_signature);
}

TEST_CASE("R13: nonces follow each other") {
  CHECK(refusal_with({pays(1)}) == errc::nonce_too_high);
  CHECK(refusal_with({pays(0), pays(2)}) == errc::nonce_too_high);
  CHECK(refusal_with({pays(1), pays(0)}) == errc::nonce_too_high);
  CHECK(refusal_with({pays(0), pays(0)}) == errc::nonce_too_low);
}

TEST_CASE("R13: nobody spends more than they have") {
  const auto all = 1'000'000'000'000'000 - 1'000;
  CHECK(verdict(simulated(), simulated().genesis(), with({pays(0, all)}).raw));
  CHECK(refusal_with({pays(0, all + 1)}) == errc::insufficient_balance);
  CHECK(refusal_with({pays(0, all), pays(1, 1)}) == errc::insufficient_balance);
  CHECK(refusal_with({pays(0, ~std::uint64_t{0})}) == errc::amount_overflow);
}

TEST_CASE("R13: an expiry below the block's height is tx_expired") {
  const auto parent = simulated().next(simulated().genesis());
  const auto at = [&](std::uint32_t expiry) {
    block_options o;
    auto t = pays(0);
    t.expiry = {expiry};
    simulated().seal(t, 0);
    o.txs = {t};
    return simulated().next(parent, o).raw;
  };
  CHECK(refusal(simulated(), parent, at(1)) == errc::tx_expired);
  for (const auto expiry : {0u, 2u, 3u})
    CHECK(verdict(simulated(), parent, at(expiry)));
}

TEST_CASE("R13: a new account costs 256 bytes more") {
  const auto fee = [](std::uint64_t f) {
    return simulated().payment(0, 0, friend_id, 1, f);
  };
  CHECK(refusal_with({fee(159 + 255)}) == errc::fee_below_minimum);
  CHECK(
      verdict(simulated(), simulated().genesis(), with({fee(159 + 256)}).raw));
  // The second payment finds the account there.
  CHECK(verdict(
      simulated(), simulated().genesis(),
      with({pays(0), simulated().payment(0, 1, friend_id, 1, 159)}).raw));
}

TEST_CASE("R14: another state root is bad_state_root") {
  block_options o;
  o.txs = {pays(0)};
  o.state_root = simulated().genesis().head().state_root;
  const auto b = simulated().next(simulated().genesis(), o);
  CHECK_FALSE(b.valid);
  CHECK(refusal(simulated(), simulated().genesis(), b.raw)
        == errc::bad_state_root);
}
