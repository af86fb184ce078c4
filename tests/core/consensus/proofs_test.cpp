#include "core/codec/proofs.hpp"
#include "core/crypto/account.hpp"
#include "tests/core/consensus/consensus_fixture.hpp"
#include "tests/core/tx/example.hpp"

using namespace spacetime;
using namespace spacetime::test;
using namespace spacetime::consensus;

namespace {
constexpr std::size_t length = 140;
constexpr std::uint32_t payments = 7;
const account_id nobody{bytes32{9, 9}};

chain_maker& maker() {
  static chain_maker maker{network_with("sim"), 5, 2};
  return maker;
}

/// Genesis and blocks of a simulated network; the last has some payments.
const std::vector<made_block>& chain() {
  static const auto made = [] {
    std::vector<made_block> out{maker().genesis()};
    for (const auto& b : maker().chain(maker().genesis(), length))
      out.push_back(b);
    block_options o;
    for (std::uint32_t n = 0; n < payments; ++n)
      o.txs.push_back(maker().payment(
          0, n, {hash("st/test-receiver", {be(n % 4)})}, 1'000 + n));
    out.push_back(maker().next(out.back(), o));
    return out;
  }();
  return made;
}

const made_block& last() {
  return chain().back();
}
account_id payer() {
  return account_of(maker().premine_key(0).public_part());
}
network_id network() {
  return maker().rules().spec.network();
}

result<chain_context> context_at(height h) {
  if (h.value >= chain().size()) return fail(errc::not_found);
  return chain()[h.value].context;
}

std::vector<codec::proof> some_proofs() {
  const auto& head = last().head();
  const auto history = prove_history(head, context_at, {77});
  REQUIRE(history);
  return {{network(), prove_account(head, last().ledger, payer())},
          {network(), prove_account(head, last().ledger, nobody)},
          {network(), *history},
          {network(), prove_tx(last().value, 3)}};
}

/// Whether what a proof claims is so. An absence may be proven for many ids.
bool is_true(const codec::proof& p) {
  if (const auto* a = std::get_if<account_proof>(&p.of))
    return last().ledger.find(a->id) == a->value.value_or(state::account{});
  if (const auto* h = std::get_if<history_proof>(&p.of))
    return h->at < last().head().height && chain()[h->at.value].id() == h->id
           && chain()[h->at.value].context.weight == h->weight;
  const auto& t = std::get<tx_proof>(p.of).value;
  return std::ranges::find(last().value.txs, t) != last().value.txs.end();
}

/// Accepted by someone who knows that `last` is a block.
bool accepted(const codec::proof& p) {
  return codec::id_of(p.network, codec::header_of(p)) == last().id()
         && codec::check(p).has_value();
}
} // namespace

TEST_CASE("a header proves every account of its state, and each absence") {
  const auto& head = last().head();
  std::size_t n = 0;
  last().ledger.accounts().for_each([&](const state::account_entry& e) {
    const auto p = prove_account(head, last().ledger, e.id);
    CHECK(p.value == e.value);
    CHECK(check(p));
    auto gone = p;
    gone.value.reset();
    CHECK(check(gone).error() == errc::bad_state_root);
    auto richer = p;
    ++richer.value->balance.value;
    CHECK(check(richer).error() == errc::bad_state_root);
    ++n;
  });
  CHECK(n >= 5);
  const auto absent = prove_account(head, last().ledger, nobody);
  CHECK_FALSE(absent.value);
  CHECK(check(absent));
  auto there = absent;
  there.value = state::account{0, {1}, {}};
  CHECK(check(there).error() == errc::bad_state_root);
}

TEST_CASE("an account proof does not hold under another block's header") {
  auto p = prove_account(last().head(), last().ledger, payer());
  p.head = chain()[length].head();
  CHECK(check(p).error() == errc::bad_state_root);
  p.head = last().head();
  p.rewards_root[0] ^= 1;
  CHECK(check(p).error() == errc::bad_state_root);
}

TEST_CASE("every block of the chain is proven under every later header") {
  for (std::uint32_t n = 1; n < chain().size(); ++n)
    for (std::uint32_t at = 0; at < n; ++at) {
      const auto p = prove_history(chain()[n].head(), context_at, {at});
      REQUIRE(p);
      REQUIRE(p->id == chain()[at].id());
      REQUIRE(p->weight == chain()[at].context.weight);
      REQUIRE(check(*p));
    }
}

TEST_CASE("a block, a height or a weight that is not the chain's is not "
          "proven") {
  const auto good = prove_history(last().head(), context_at, {42});
  REQUIRE(good);
  auto p = *good;
  p.id = chain()[43].id();
  CHECK(check(p).error() == errc::bad_history_root);
  p = *good;
  p.at.value = 43;
  CHECK(check(p).error() == errc::bad_history_root);
  p = *good;
  p.weight += 1;
  CHECK(check(p).error() == errc::bad_history_root);
  p = *good;
  p.path.pop_back();
  CHECK(check(p).error() == errc::bad_history_root);
  p = *good;
  p.at = p.head.height;
  CHECK(check(p).error() == errc::bad_height);
  CHECK(prove_history(last().head(), context_at, last().head().height).error()
        == errc::not_found);
}

TEST_CASE("contexts of two chains give no proof but `stale`") {
  block_options o;
  o.skip = 1;
  const auto other = maker().chain(chain()[40], length - 40, o);
  const auto mixed = [&](height h) -> result<chain_context> {
    if (h.value > 40 && h.value % 2 == 0) return other[h.value - 41].context;
    return context_at(h);
  };
  const auto p = prove_history(last().head(), mixed, {3});
  REQUIRE_FALSE(p);
  CHECK(p.error() == errc::stale);
}

TEST_CASE("a header proves each of its transactions, and none besides") {
  for (std::uint32_t i = 0; i < payments; ++i) {
    const auto p = prove_tx(last().value, i);
    CHECK(p.value == last().value.txs[i]);
    CHECK(check(p));
    auto other = p;
    other.value.value.value += 1;
    maker().seal(other.value, 0);
    CHECK(check(other).error() == errc::bad_tx_root);
    other = p;
    other.index = (i + 1) % payments;
    CHECK(check(other).error() == errc::bad_tx_root);
    other = p;
    other.value.seal.value[5] ^= 1;
    CHECK(check(other).error() == errc::bad_tx_root);
    other = p;
    other.head = chain()[7].head();
    CHECK(check(other).error() == errc::bad_tx_root);
  }
}

TEST_CASE("a body whose transaction is not signed proves nothing") {
  auto b = last().value;
  b.txs[2].seal.value[5] ^= 1;
  b.head.tx_root = codec::tx_root(b.txs);
  CHECK(check(prove_tx(b, 2)).error() == errc::bad_signature);
  CHECK(check(prove_tx(b, 1)));
}

TEST_CASE("any proof is read back as it was written") {
  for (const auto& p : some_proofs()) {
    CHECK(accepted(p));
    const auto raw = codec::encode(p);
    const auto back = codec::decode_proof(raw);
    REQUIRE(back);
    CHECK(*back == p);
  }
}

TEST_CASE("trie paths of any depth are read back; empty siblings take a bit") {
  random_source random{3};
  for (int i = 0; i < 300; ++i) {
    state::trie_proof p;
    std::size_t full = 0;
    p.siblings.resize(i == 0 ? 256 : random() % 257);
    for (auto& s : p.siblings)
      if (random() % 3 == 0) {
        s = random_bytes<32>(random);
        ++full;
      }
    if (random() % 2 == 0)
      p.other = state::account_entry{{random_bytes<32>(random)},
                                     {random() % 3, {1}, {}}};
    const auto raw = codec::encode(p);
    CHECK(raw.size() == 35 + (p.other ? 80 : 0) + 32 * full);
    CHECK(codec::decode_trie_proof(raw) == p);
    for (std::size_t n = 0; n < raw.size(); ++n)
      REQUIRE_FALSE(codec::decode_trie_proof(byte_view{raw}.first(n)));
  }
}

TEST_CASE("a trie path has one encoding") {
  state::trie_proof p;
  p.siblings = {bytes32{1}, bytes32{}, bytes32{2}};
  const auto good = codec::encode(p);
  REQUIRE(codec::decode_trie_proof(good) == p);
  const auto refused = [&](std::size_t at, std::uint8_t value) {
    auto raw = good;
    raw[at] = value;
    return !codec::decode_trie_proof(raw).has_value();
  };
  CHECK(refused(2, 0x41)); // sibling 7 of three is empty
  CHECK(refused(33, 1));   // so is 255
  CHECK(refused(34, 2));   // neither other leaf nor none
  CHECK(refused(0, 1));    // 259 siblings
  auto raw = good;
  std::fill(raw.begin() + 35, raw.begin() + 67, std::uint8_t{0});
  CHECK_FALSE(codec::decode_trie_proof(raw)); // empty, and written out
  raw = good;
  raw.push_back(0);
  CHECK_FALSE(codec::decode_trie_proof(raw));
}

TEST_CASE("no truncation of a proof decodes, nor one with a byte more") {
  for (const auto& p : some_proofs()) {
    auto raw = codec::encode(p);
    for (std::size_t n = 0; n < raw.size(); ++n)
      REQUIRE_FALSE(codec::decode_proof(byte_view{raw}.first(n)));
    raw.push_back(0);
    CHECK_FALSE(codec::decode_proof(raw));
  }
}

TEST_CASE("no mutated proof is accepted for a claim that is false, and none "
          "crashes") {
  random_source random{4};
  int decoded = 0, kept = 0;
  for (const auto& p : some_proofs()) {
    const auto raw = codec::encode(p);
    for (int i = 0; i < (slow_build ? 1'000 : 10'000); ++i) {
      const auto changed = mutated(raw, random);
      const auto back = codec::decode_proof(changed);
      if (!back) continue;
      ++decoded;
      REQUIRE(codec::encode(*back) == changed); // one encoding of a value
      if (!accepted(*back)) continue;
      ++kept; // as with another signature: it is no part of the id
      REQUIRE(is_true(*back));
    }
  }
  CHECK(decoded > 1'000);
  CHECK(kept > 0);
}

TEST_CASE("noise is no proof, nor is noise behind a proof's start") {
  random_source random{5};
  const auto good = codec::encode(some_proofs()[0]);
  for (int i = 0; i < 20'000; ++i) {
    bytes raw(random() % 600);
    for (auto& b : raw) b = static_cast<std::uint8_t>(random());
    CHECK_FALSE(codec::decode_proof(raw));
    CHECK_FALSE(codec::decode_trie_proof(raw));
    bytes started(good.begin(), good.begin() + 6);
    started[5] = static_cast<std::uint8_t>(1 + random() % 3);
    started.insert(started.end(), raw.begin(), raw.end());
    const auto back = codec::decode_proof(started);
    CHECK((!back || !accepted(*back)));
  }
}
