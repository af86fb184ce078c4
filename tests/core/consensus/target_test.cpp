#include "core/consensus/era.hpp"
#include "tests/core/crypto/vectors.hpp"
#include "tests/support/chain_maker.hpp"

using namespace spacetime;
using namespace spacetime::test;
using consensus::difficulty;

namespace {
std::int64_t number(const nlohmann::json& x) {
  return std::stoll(text(x));
}

difficulty of(std::string_view network) {
  return difficulty{network_with(network)};
}

/// An era that nobody found a block in, and the next.
consensus::era_state after_empty(const consensus::protocol& p,
                                 const consensus::era_state& era) {
  return consensus::next_era(p, era, {}, {consensus::block_facts{}});
}
} // namespace

TEST_CASE("targets are those of the known answers") {
  const auto v = vectors("target.json");
  REQUIRE(v["cases"].size() >= 20);
  for (const auto& c : v["cases"]) {
    CAPTURE(c.dump());
    CHECK(to_hex(to_bytes(of(text(c["network"])).target(number(c["z"]))))
          == text(c["target"]));
  }
}

TEST_CASE("the accumulator's ends are those of the known answers") {
  const auto answers = vectors("target.json");
  for (const auto& c : answers["bounds"]) {
    CAPTURE(c.dump());
    const auto d = of(text(c["network"]));
    CHECK(d.lowest() == number(c["lowest"]));
    CHECK(d.highest() == number(c["highest"]));
  }
}

TEST_CASE("the ends are the first and last accumulator of their targets") {
  for (const auto name : chain_spec::names()) {
    const auto d = of(name);
    CHECK(d.target(d.highest()) == max_u256());
    CHECK(d.target(d.highest() - 1) < max_u256());
    CHECK(d.target(d.lowest()) == 1);
    CHECK(d.target(d.lowest() + 1) > 1);
    CHECK(d.target(0) == network_with(name).genesis.target);
  }
}

TEST_CASE("the accumulator moves as in the known answers") {
  const auto answers = vectors("target.json");
  for (const auto& c : answers["steps"]) {
    CAPTURE(c.dump());
    CHECK(of(text(c["network"]))
              .next(number(c["z"]), c["epochs"].get<std::uint64_t>(),
                    c["blocks"].get<std::uint64_t>())
          == number(c["next"]));
  }
}

TEST_CASE("weights are those of the known answers") {
  const auto answers = vectors("target.json");
  for (const auto& c : answers["weights"])
    CHECK(to_bytes(consensus::weight_of(to_u256(raw<32>(c["target"]))))
          == raw<32>(c["weight"]));
}

TEST_CASE("a target never falls as the accumulator grows") {
  for (const auto name : {"mainnet", "regtest"}) {
    const auto d = of(name);
    const auto far = (d.highest() - d.lowest()) / 40'000 + 1;
    u256 last = 0;
    for (auto z = d.lowest() - far; z <= d.highest() + far; z += far) {
      const auto t = d.target(z);
      CHECK(t >= last);
      last = t;
    }
    for (std::int64_t z = -20'000; z < 20'000; ++z) // without a gap
      REQUIRE(d.target(z) <= d.target(z + 1));
  }
}

TEST_CASE("the power's cubic rises from 1 to 2 and never falls") {
  CHECK(consensus::exponential_factor(0) == 65536);
  std::uint64_t last = 0;
  for (std::uint64_t f = 0; f < 65536; ++f) {
    const auto now = consensus::exponential_factor(f);
    REQUIRE(now >= last);
    last = now;
  }
  CHECK(last <= 131072);
  CHECK(last >= 131070);
}

TEST_CASE("the target doubles and halves with each half-life") {
  const auto d = of("regtest"); // 1 * 32 epochs
  const auto genesis = d.target(0);
  CHECK(d.target(-32) == genesis / 2);
  CHECK(d.target(-320) == genesis / 1024);
  CHECK(d.target(32) == max_u256()); // 2^256 does not fit
}

TEST_CASE("a network that finds what it should keeps its target") {
  const auto d = of("sim"); // 127/50 epochs per block, 64 to an era
  std::int64_t z = 0;
  std::uint64_t blocks = 0;
  for (std::uint64_t era = 1; era <= 127; ++era) {
    const auto due = era * 64 * 50 / 127;
    z = d.next(z, 64, due - blocks);
    blocks = due;
    CHECK(z >= 0);
    CHECK(z < 127); // less than a block behind
  }
  CHECK(z == 0);
}

TEST_CASE("no run of empty eras counts more than one half-life") {
  for (const auto name : {"testnet", "regtest", "sim"}) {
    const consensus::protocol p{network_with(name)};
    const auto half = p.fixed().half_life, k = p.fixed().ticks_per_era;
    const auto den = static_cast<std::int64_t>(p.fixed().spacing_denominator);
    auto era = consensus::first_era(p, {});
    era.accumulator = p.target.lowest(); // far from the other end
    const auto start = era.accumulator;
    for (std::uint64_t j = 1; j < 5 * half / k; ++j) {
      era = after_empty(p, era);
      const auto counted = static_cast<std::int64_t>(std::min(j * k, half));
      CHECK(era.accumulator == start + counted * den);
      CHECK(era.target == p.target.target(era.accumulator));
    }
  }
}

TEST_CASE("a half-life that is no multiple of an era is cut to the epoch") {
  const consensus::protocol p{network_with("regtest", {{"half_life", 13}})};
  auto era = consensus::first_era(p, {}); // eras of 8
  era.accumulator = p.target.lowest();
  const auto start = era.accumulator;
  for (const auto sum : {8, 13, 13, 13}) {
    era = after_empty(p, era);
    CHECK(era.accumulator == start + sum);
  }
}

TEST_CASE("a block ends a run of empty eras, and the next run counts anew") {
  const consensus::protocol p{network_with("regtest")}; // 32, eras of 8
  auto era = consensus::first_era(p, {});
  era.accumulator = p.target.lowest();
  for (int i = 0; i < 10; ++i) era = after_empty(p, era);
  const auto slept = era.accumulator;
  CHECK(slept == p.target.lowest() + 32);
  era.blocks = 1; // counts all of its 8 epochs again
  era = after_empty(p, era);
  CHECK(era.accumulator == slept + 8 - 2);
  for (int i = 0; i < 10; ++i) era = after_empty(p, era);
  CHECK(era.accumulator == slept + 8 - 2 + 32);
}

TEST_CASE("a network that slept does not return with a flood of blocks") {
  const consensus::protocol p{network_with("mainnet")};
  auto era = consensus::first_era(p, {});
  era.blocks = 25;
  era = after_empty(p, era);
  const auto awake = era.target;
  for (int i = 0; i < 945; ++i) era = after_empty(p, era); // a week
  CHECK(era.target <= awake * 2 + 2);
}
