#include "core/base/hex.hpp"
#include "core/chain/public_keys.hpp"
#include "core/chain/spec.hpp"
#include "core/crypto/hash.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace spacetime;

namespace {
chain_spec network(std::string_view name) {
  auto out = chain_spec::embedded(name);
  REQUIRE(out);
  return *out;
}

account_id test_account(std::string_view name, std::uint32_t index) {
  const auto key = public_test_key(name, index);
  REQUIRE(key);
  return {hash("st/account", {bytes{0}, key->public_part().value})};
}

/// The target at which plots of size k that fill `space` bytes win one epoch
/// in two and a half: floor(2^256 * 1/2 * 2^filter * plot_bytes / space), with
/// plot_bytes = floor((k + 1.54) * 2^k / 8).
u256 target_for(unsigned k, unsigned filter, std::uint64_t space) {
  const auto plot_bytes = (100 * k + 154) * (std::uint64_t{1} << k) / 800;
  return u256{(u1024{plot_bytes} << (255 + filter)) / space};
}

/// A second writer of the canonical bytes, by the document alone.
bytes genesis_by_hand(const genesis_section& g) {
  writer w;
  w.put(std::uint8_t(g.name.size())).put(view(g.name));
  w.put(std::uint8_t(g.hrp.size())).put(view(g.hrp));
  w.put(g.time.value);
  w.put(g.seed ? *g.seed : bytes32{});
  w.put(std::uint8_t(g.mode == time_mode::simulated ? 1 : 0));
  w.put(g.vdf_bits).put(g.squarings).put(g.k).put(g.strength);
  w.put(std::uint8_t(g.test_plots ? 1 : 0));
  w.put(*from_hex<32>([&] {
    auto digits = g.target.str(0, std::ios_base::hex);
    return std::string(64 - digits.size(), '0') + digits;
  }()));
  w.put(std::uint16_t(g.premine.size()));
  for (const auto& x : g.premine) w.put(x.account.value).put(x.value.value);
  return std::move(w).take();
}

bytes rules_by_hand(const rule_set& r) {
  const std::uint64_t values[] = {r.tau_ms,
                                  r.tau_min_ms,
                                  r.drift_ms,
                                  r.ticks_per_era,
                                  r.infusion_lag,
                                  r.retarget_period,
                                  r.squarings_floor,
                                  r.squarings_cap,
                                  r.filter_bits,
                                  r.spacing_numerator,
                                  r.spacing_denominator,
                                  r.half_life,
                                  r.maturity,
                                  r.max_reorg,
                                  r.subsidy,
                                  r.halving,
                                  r.tail,
                                  r.max_body_bytes,
                                  r.max_txs,
                                  r.min_fee_rate,
                                  r.header_version};
  writer w;
  for (auto value : values)
    w.put(std::uint16_t{1}).put(std::uint64_t{0}).put(value);
  w.put(std::uint16_t{1}).put(std::uint64_t{0}).put(bytes32{});
  return std::move(w).take();
}

struct ids {
  const char *name, *network, *rules;
};

// Computed by another program, written from docs/protocol.md in another
// language: SHA-256 of these canonical bytes. A change splits the network.
constexpr ids known[] = {
    {"mainnet",
     "4b67cb3b48c3f50ed34802d73fc3c48496cc1c4b243bf574eaa66b3e67c3d5b3",
     "88e787126c34ef73114783f4ccab13f4709d014cdbcc635072e6bae7e1c356f1"},
    {"testnet",
     "211c792415c16ac1d0609ca74b6b532ecf118f6f45212033dfb1fc50827131cb",
     "f1f53a6eafc86af36e72383fb10dc0723010f83f996371c097a1b7553ec0e890"},
    {"devnet",
     "7da1eb8269cbb1d0be2fcec70bd1c33639e3e6c4bedb96ffe96ccdbb2b2bc8e7",
     "b0eb98f6e17396c20e062196215e8bdcbdc849d391e7e6bbad216862ea8491b0"},
    {"regtest",
     "4e24ad0c95a9c738278ec2be4edeb2872de9c44322507d4065a732ef8549dc0a",
     "5d60339489a00ad6a977b92ba2696df76976599802749e39c68d337e09a980ee"},
    {"sim", "8890ffe8c1b1172e5d004f0c952b50ceab58f8fe14dcd6300a40c2928f8efe4b",
     "98a3b0d1591fd3abfb5ac44b4eacf982b6a0c43c05f7d4b1ca38f9aaa6b06f80"},
};
} // namespace

TEST_CASE("network ids and rules ids never change") {
  CHECK(chain_spec::names().size() == std::size(known));
  for (const auto& x : known) {
    const auto spec = network(x.name);
    CHECK(to_hex(spec.network().value) == x.network);
    CHECK(to_hex(spec.rules_id()) == x.rules);
  }
}

TEST_CASE("the ids hash the canonical bytes of the document") {
  for (const auto& x : known) {
    const auto spec = network(x.name);
    CHECK(spec.canonical_genesis() == genesis_by_hand(spec.genesis));
    CHECK(spec.canonical_rules(epoch{0}) == rules_by_hand(spec.fixed()));
    CHECK(spec.network().value
          == hash("st/network", {genesis_by_hand(spec.genesis)}));
    CHECK(spec.rules_id() == hash("st/rules", {rules_by_hand(spec.fixed())}));
  }
}

TEST_CASE("the embedded text is the network, whole") {
  for (auto name : chain_spec::names()) {
    const auto text = chain_spec::embedded_text(name);
    const auto parsed = chain_spec::parse(text);
    REQUIRE(parsed);
    CHECK(parsed->genesis.name == name);
    CHECK(parsed->network() == network(name).network());
    CHECK(parsed->rules_id() == network(name).rules_id());
    CHECK(text.ends_with("\n"));
  }
  CHECK(chain_spec::embedded("Mainnet").error() == errc::not_found);
  CHECK(chain_spec::embedded("").error() == errc::not_found);
}

TEST_CASE("only mainnet has no seed; the others hash their name") {
  for (auto name : chain_spec::names()) {
    const auto spec = network(name);
    if (name == "mainnet")
      CHECK_FALSE(spec.genesis.seed);
    else
      CHECK(spec.genesis.seed == hash("st/genesis-seed", {view(name)}));
  }
}

TEST_CASE("genesis targets follow from the space they name") {
  const auto target = [](const chain_spec& x, std::uint64_t space) {
    return target_for(x.genesis.k, static_cast<unsigned>(x.at({}).filter_bits),
                      space);
  };
  const auto mainnet = network("mainnet"), testnet = network("testnet");
  CHECK(mainnet.genesis.target == target(mainnet, 100'000'000'000'000));
  CHECK(testnet.genesis.target == target(testnet, 1'000'000'000'000));
  for (auto name : {"devnet", "regtest", "sim"})
    CHECK(network(name).genesis.target == u256{1} << 255);
}

TEST_CASE("a premine belongs to public keys, and mainnet has none") {
  constexpr std::uint64_t coin = 1'000'000'000;
  const std::map<std::string_view, std::pair<std::uint32_t, std::uint64_t>>
      expected{{"mainnet", {0, 0}},
               {"testnet", {1, 10'000'000 * coin}},
               {"devnet", {1, 1'000'000 * coin}},
               {"regtest", {4, 1'000'000 * coin}},
               {"sim", {1, 1'000'000 * coin}}};
  for (auto name : chain_spec::names()) {
    const auto [count, each] = expected.at(name);
    std::vector<premine_entry> premine;
    for (std::uint32_t i = 0; i < count; ++i)
      premine.push_back({test_account(name, i), {each}});
    CHECK(network(name).genesis.premine == premine);
  }
}

TEST_CASE("public keys differ by network and index") {
  const auto key = [](std::string_view name, std::uint32_t index) {
    return public_test_key(name, index)->public_part();
  };
  CHECK(key("devnet", 0) == key("devnet", 0));
  CHECK(key("devnet", 0) != key("devnet", 1));
  CHECK(key("devnet", 0) != key("regtest", 0));
}

TEST_CASE("address prefixes and network ids are all different") {
  std::map<std::string, int> prefixes;
  std::map<network_id, int> networks;
  for (auto name : chain_spec::names()) {
    ++prefixes[network(name).genesis.hrp];
    ++networks[network(name).network()];
  }
  CHECK(prefixes.size() == chain_spec::names().size());
  CHECK(networks.size() == chain_spec::names().size());
}

TEST_CASE("only the simulator simulates time and space") {
  for (auto name : chain_spec::names()) {
    const auto g = network(name).genesis;
    const bool simulated = name == "sim";
    CHECK((g.mode == time_mode::simulated) == simulated);
    CHECK((g.k == 0) == simulated);
    CHECK((g.strength == 0) == simulated);
    CHECK((g.vdf_bits == 0) == simulated);
  }
}
