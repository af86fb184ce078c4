#include "core/state/trie.hpp"
#include "tests/core/crypto/vectors.hpp"
#include "tests/core/tx/example.hpp"

#include <map>

using namespace spacetime;
using namespace spacetime::state;
using namespace spacetime::test;

namespace {
using contents = std::map<account_id, account>;

bool bit(const account_id& id, unsigned at) {
  return (id.value[at / 8] >> (7 - at % 8) & 1) != 0;
}

/// The definition of docs/protocol.md, word by word.
bytes32 reference_root(const contents& all, unsigned depth = 0) {
  if (all.empty()) return {};
  if (all.size() == 1) {
    const auto& [id, value] = *all.begin();
    return hash("st/leaf", {id.value, encode(value)});
  }
  contents left, right;
  for (const auto& [id, value] : all)
    (bit(id, depth) ? right : left).emplace(id, value);
  return hash("st/node", {reference_root(left, depth + 1),
                          reference_root(right, depth + 1)});
}

/// Ids that share long prefixes with one another as often as not.
account_id crowded_id(random_source& random) {
  account_id id;
  switch (random() % 4) {
  case 0: id.value = random_bytes<32>(random); break;
  case 1: id.value[31] = static_cast<std::uint8_t>(random()); break;
  case 2:
    id.value.fill(0x5a);
    id.value[random() % 32] ^= static_cast<std::uint8_t>(random() % 16);
    break;
  default:
    id.value[0] = static_cast<std::uint8_t>(random() % 8);
    id.value[random() % 32] = static_cast<std::uint8_t>(random() % 4);
    break;
  }
  return id;
}

std::vector<account_entry> sorted(const contents& changes) {
  std::vector<account_entry> out;
  for (const auto& [id, value] : changes) out.push_back({id, value});
  return out;
}

/// A batch of sets and erasures, half of them of accounts that are there.
contents any_changes(const contents& now, random_source& random) {
  contents out;
  for (auto n = random() % 20; n > 0; --n) {
    auto id = crowded_id(random);
    if (!now.empty() && random() % 2 == 0) {
      const auto at = now.lower_bound(id);
      id = at == now.end() ? now.begin()->first : at->first;
    }
    account value;
    if (random() % 3 != 0) value = {random() % 4, {1 + random() % 9}, {}};
    out[id] = value;
  }
  return out;
}

void put(contents& now, const contents& changes) {
  for (const auto& [id, value] : changes)
    if (exists(value))
      now[id] = value;
    else
      now.erase(id);
}

/// Values of the same ids before `changes`: a batch that takes them back.
contents inverse(const contents& now, const contents& changes) {
  contents out;
  for (const auto& [id, value] : changes) {
    const auto at = now.find(id);
    out[id] = at == now.end() ? account{} : at->second;
  }
  return out;
}

trie trie_of(const contents& all) {
  trie t;
  t.update(sorted(all));
  return t;
}

contents any_contents(random_source& random, int batches) {
  contents out;
  for (int i = 0; i < batches; ++i) put(out, any_changes(out, random));
  return out;
}

std::optional<account> value_in(const contents& all, const account_id& id) {
  const auto at = all.find(id);
  if (at == all.end()) return std::nullopt;
  return at->second;
}
} // namespace

TEST_CASE("accounts have the roots of the known answers") {
  const auto file = vectors("state.json");
  for (const auto& x : file["cases"]) {
    CAPTURE(text(x["name"]));
    contents all;
    for (const auto& a : x["accounts"]) {
      const auto value = decode_account(raw(a["account"]));
      REQUIRE(value);
      all[{raw<32>(a["id"])}] = *value;
    }
    CHECK(to_hex(trie_of(all).root()) == text(x["accounts_root"]));
    CHECK(to_hex(reference_root(all)) == text(x["accounts_root"]));
  }
}

TEST_CASE("after any batches the trie is what its definition says") {
  random_source random{21};
  for (int run = 0; run < 60; ++run) {
    contents now;
    trie t;
    for (int i = 0; i < 30; ++i) {
      const auto changes = any_changes(now, random);
      put(now, changes);
      t.update(sorted(changes));
      REQUIRE(t.root() == reference_root(now));
      REQUIRE(t.size() == now.size());
    }
    contents seen;
    account_id last;
    t.for_each([&](const account_entry& e) {
      if (!seen.empty()) CHECK(last < e.id);
      last = e.id;
      seen[e.id] = e.value;
      CHECK(t.find(e.id) == e.value);
    });
    CHECK(seen == now);
  }
}

TEST_CASE("taking a batch back restores the root, and every later one") {
  random_source random{22};
  for (int run = 0; run < 200; ++run) {
    const auto now = any_contents(random, 5);
    auto t = trie_of(now);
    const auto untouched = t;
    const auto changes = any_changes(now, random);
    t.update(sorted(changes));
    t.update(sorted(inverse(now, changes)));
    REQUIRE(t.root() == untouched.root());
    const auto later = any_changes(now, random);
    auto expected = untouched;
    expected.update(sorted(later));
    t.update(sorted(later));
    REQUIRE(t.root() == expected.root());
  }
}

TEST_CASE("a root depends on the accounts, not on how they came") {
  random_source random{23};
  for (int run = 0; run < 50; ++run) {
    const auto all = any_contents(random, 6);
    auto ids = sorted(all);
    std::shuffle(ids.begin(), ids.end(), random);
    trie one_by_one;
    for (const auto& e : ids) one_by_one.update({&e, 1});
    CHECK(one_by_one.root() == trie_of(all).root());
    for (auto& e : ids) {
      e.value = {};
      one_by_one.update({&e, 1});
    }
    CHECK(one_by_one.root() == bytes32{});
    CHECK(one_by_one.size() == 0);
  }
}

TEST_CASE("an absent account is found as zeros") {
  trie t;
  CHECK(t.find(account_named(1)) == account{});
  t.update(std::vector<account_entry>{{account_named(2), {1, {}, {}}}});
  CHECK(t.find(account_named(1)) == account{});
}

TEST_CASE("every proof of presence and absence holds, for its claim alone") {
  random_source random{24};
  for (int run = 0; run < 100; ++run) {
    const auto all = any_contents(random, static_cast<int>(random() % 7));
    const auto t = trie_of(all);
    auto ids = all;
    for (int i = 0; i < 20; ++i) ids[crowded_id(random)];
    for (const auto& [id, unused] : ids) {
      const auto value = value_in(all, id);
      const auto proof = t.prove(id);
      REQUIRE(verify_proof(t.root(), id, value, proof));
      auto wrong = value ? *value : account{};
      ++wrong.balance.value;
      CHECK_FALSE(verify_proof(t.root(), id, wrong, proof));
      CHECK_FALSE(verify_proof(t.root(), id, account{}, proof));
      if (value) CHECK_FALSE(verify_proof(t.root(), id, std::nullopt, proof));
      auto other_root = t.root();
      other_root[random() % 32] ^= 1;
      CHECK_FALSE(verify_proof(other_root, id, value, proof));
    }
  }
}

TEST_CASE("no proof of one id serves as a false proof of another") {
  random_source random{25};
  for (int run = 0; run < 30; ++run) {
    const auto all = any_contents(random, 4);
    const auto t = trie_of(all);
    for (const auto& [id, value] : all)
      for (const auto& [other, unused] : all) {
        const auto proof = t.prove(other);
        REQUIRE_FALSE(verify_proof(t.root(), id, std::nullopt, proof));
        if (other != id && value != unused)
          REQUIRE_FALSE(verify_proof(t.root(), id, unused, proof));
      }
  }
}

TEST_CASE("a mutated proof is refused") {
  random_source random{26};
  int mutations = 0;
  while (mutations < 50'000) {
    const auto all = any_contents(random, 4);
    const auto t = trie_of(all);
    auto id = crowded_id(random);
    if (!all.empty() && random() % 2 == 0) id = all.begin()->first;
    const auto value = value_in(all, id);
    const auto good = t.prove(id);
    for (int i = 0; i < 50; ++i, ++mutations) {
      auto bad = good;
      const auto kind = random() % 5;
      if (kind == 0 && !bad.siblings.empty())
        bad.siblings[random() % bad.siblings.size()][random() % 32] ^=
            static_cast<std::uint8_t>(1 + random() % 255);
      else if (kind == 1 && !bad.siblings.empty())
        bad.siblings.pop_back();
      else if (kind == 2)
        bad.siblings.push_back(random_bytes<32>(random));
      else if (kind == 3 && bad.other)
        bad.other->value.nonce ^= 1 + random() % 99;
      else if (kind == 4 && bad.other)
        bad.other.reset();
      else
        bad.other = {crowded_id(random), {1, {1}, {}}};
      if (bad == good) continue;
      REQUIRE_FALSE(verify_proof(t.root(), id, value, bad));
    }
  }
}

TEST_CASE("a proof with more siblings than an id has bits is refused") {
  trie_proof proof;
  proof.siblings.resize(257);
  CHECK_FALSE(verify_proof({}, account_named(1), std::nullopt, proof));
  proof.siblings.resize(100'000);
  CHECK_FALSE(verify_proof({}, account_named(1), account{1, {}, {}}, proof));
}

TEST_CASE("ids that share 255 bits cost no more accounts than others") {
  contents all;
  random_source random{27};
  for (int i = 0; i < 100; ++i) {
    account_id id{random_bytes<32>(random)};
    all[id] = {1, {1}, {}};
    id.value[31] ^= 1;
    all[id] = {2, {2}, {}};
  }
  const auto t = trie_of(all);
  CHECK(t.root() == reference_root(all));
  for (const auto& [id, value] : all) {
    const auto proof = t.prove(id);
    CHECK(proof.siblings.size() == 256);
    CHECK(verify_proof(t.root(), id, value, proof));
  }
}
