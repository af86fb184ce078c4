#include "space_fixture.hpp"

#include <cmath>
#include <random>

using namespace spacetime;
using namespace spacetime::space;
using namespace spacetime::test;

namespace {
struct solved_ticket : ticket {
  bytes proof;
};

const solved_ticket& one() {
  static const auto made = [] {
    const auto t = some_ticket();
    auto proof = solve(some_params(), t.challenge, t.chain);
    REQUIRE(proof);
    return solved_ticket{t, std::move(*proof)};
  }();
  return made;
}
} // namespace

TEST_CASE("a chain becomes a proof that verifies as that chain") {
  for (std::uint64_t from : {0u, 50u, 100u}) {
    const auto t = some_ticket(from);
    for (unsigned threads : {1u, 3u}) {
      const auto proof =
          solve(some_params(), t.challenge, t.chain, {threads, nullptr});
      REQUIRE(proof);
      CHECK(proof->size() == proof_size(18));
      const auto quality = verify(some_params(), t.challenge, *proof);
      REQUIRE(quality);
      CHECK(*quality == quality_blob(2, t.chain));
    }
  }
}

TEST_CASE("no proof survives the flip of any bit") {
  auto proof = one().proof;
  for (std::size_t bit = 0; bit < 8 * proof.size(); ++bit) {
    proof[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    CAPTURE(bit);
    const auto verdict = verify(some_params(), one().challenge, proof);
    REQUIRE_FALSE(verdict);
    REQUIRE(verdict.error() == errc::bad_proof_of_space);
    proof[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
  }
  CHECK(verify(some_params(), one().challenge, proof));
}

TEST_CASE("no truncation and no longer proof verifies") {
  auto proof = one().proof;
  proof.push_back(0);
  CHECK_FALSE(verify(some_params(), one().challenge, proof));
  for (std::size_t n = 0; n < one().proof.size(); ++n)
    REQUIRE_FALSE(verify(some_params(), one().challenge,
                         byte_view{one().proof}.first(n)));
}

TEST_CASE("random bytes never verify") {
  std::mt19937_64 next{3};
  bytes proof(proof_size(18));
  for (int i = 0; i < 20'000; ++i) {
    for (auto& byte : proof) byte = static_cast<std::uint8_t>(next());
    REQUIRE_FALSE(verify(some_params(), one().challenge, proof));
  }
}

TEST_CASE("a proof is of one plot, one challenge and one order") {
  const auto& t = one();
  auto other = some_params();
  other.id.value[31] ^= 1;
  CHECK_FALSE(verify(other, t.challenge, t.proof));
  other = some_params();
  other.strength = 3;
  CHECK_FALSE(verify(other, t.challenge, t.proof));
  other = some_params();
  other.testnet = false;
  CHECK_FALSE(verify(other, t.challenge, t.proof));
  auto challenge = t.challenge;
  challenge[0] ^= 128;
  CHECK_FALSE(verify(some_params(), challenge, t.proof));
  auto proof = t.proof; // 18 bytes are the 8 x values of one fragment
  std::swap_ranges(proof.begin(), proof.begin() + 18, proof.begin() + 18);
  CHECK_FALSE(verify(some_params(), t.challenge, proof));
  other.k = 19;
  CHECK(verify(other, t.challenge, t.proof).error()
        == errc::bad_plot_parameters);
}

TEST_CASE("the solver refuses fragments that are not of the plot") {
  auto c = one().chain;
  c.fragments[5] ^= 1;
  const auto solved = solve(some_params(), one().challenge, c);
  REQUIRE_FALSE(solved);
  CHECK((solved.error() == errc::not_found
         || solved.error() == errc::bad_proof_of_space));
  c.fragments[5] = ~std::uint64_t{0};
  CHECK(solve(some_params(), one().challenge, c).error() == errc::not_found);
}

TEST_CASE("the solver refuses a chain that answers another challenge") {
  CHECK(solve(some_params(), sha256({}), one().chain).error()
        == errc::bad_proof_of_space);
}

TEST_CASE("the solver stops at its flag") {
  const std::atomic<bool> flag = true;
  CHECK(solve(some_params(), one().challenge, one().chain, {2, &flag}).error()
        == errc::cancelled);
}

// A chain passes each set four times, so a lookup of sets of n1..n4 fragments
// expects 0.694 * (n1/64)^4 * ... * (n4/64)^4 chains; 0.694 is the last
// link's limit / 2^52. For a plot of 2^k fragments that is 1.0 in the mean,
// but one per cent more fragments are 16 per cent more chains. The standard
// deviation of one count is about 1.6: four of the mean's.
TEST_CASE("a plot has as many chains as its sets promise, about one") {
  constexpr std::uint64_t challenges = slow_build ? 2'000 : 4'000;
  const auto p = some_params();
  const tables plot{p};
  double expected = 0;
  std::uint64_t chains = 0, none = 0;
  for (std::uint64_t i = 0; i < challenges; ++i) {
    const auto found = look_up(plot, some_fragments(), sha256({be(i)})).size();
    chains += found;
    none += found == 0;
    double product = 0.694395;
    for (const auto set : derive_keys(p.id, p.k, sha256({be(i)})).sets)
      product *= std::pow(
          static_cast<double>(set_in(p.k, some_fragments(), set).size()) / 64,
          4);
    expected += product;
  }
  const auto off = (static_cast<double>(chains) - expected) / challenges;
  CHECK(std::abs(off) < 4 * 1.6 / std::sqrt(static_cast<double>(challenges)));
  CHECK(expected / challenges > 0.8);
  CHECK(expected / challenges < 1.2);
  CHECK(none > challenges / 2);
}

TEST_CASE("empty sets have no chain, and sets no plot has end the search") {
  const tables plot{some_params()};
  const auto keys = derive_keys(some_params().id, 18, sha256({}));
  CHECK(find_chains(plot, keys, {}).empty());
  const auto all = std::span{some_fragments()}.first(60'000);
  CHECK(find_chains(plot, keys, {all, all, all, all}).size() < 5'000'000);
}
