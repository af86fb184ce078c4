#include "space_fixture.hpp"

using namespace spacetime;
using namespace spacetime::space;
using namespace spacetime::test;

namespace {
const network_id network{sha256({view("network")})};
const public_key farmer{sha256({view("farmer")})};
const bytes32 payout = sha256({view("payout")});
const bytes32 seed = sha256({view("seed")});
} // namespace

TEST_CASE("a plot id is the hash of everything the plot is bound to") {
  bytes fields;
  const auto add = [&](byte_view raw) {
    fields.insert(fields.end(), raw.begin(), raw.end());
  };
  add(network.value);
  fields.push_back(28);
  fields.push_back(2);
  add(farmer.value);
  add(payout);
  add(seed);
  const auto id = make_plot_id(network, 28, 2, farmer, payout, seed);
  CHECK(id.value == hash("st/plot", {fields}));
  CHECK(id != make_plot_id(network, 28, 3, farmer, payout, seed));
  CHECK(id != make_plot_id(network, 28, 2, farmer, seed, payout));
}

TEST_CASE("a plot's seed counts from the farm's secret, big-endian") {
  const bytes32 secret{9};
  CHECK(plot_seed(secret, 258)
        == hash("st/plot-seed", {secret, bytes{0, 0, 0, 0, 0, 0, 1, 2}}));
}

TEST_CASE("a quality blob is the strength and little-endian fragments") {
  chain c;
  for (std::size_t i = 0; i < chain_length; ++i)
    c.fragments[i] = 0x0807060504030201 + i;
  const auto blob = quality_blob(7, c);
  CHECK(blob[0] == 7);
  for (std::size_t i = 1; i <= 8; ++i) CHECK(blob[i] == i);
  CHECK(blob[1 + 8 * 15] == 16);
  CHECK(blob[128] == 8);
}

TEST_CASE("a filter of f bits lets one plot in 2^f pass") {
  const challenge c{sha256({view("epoch")})};
  std::size_t passed4 = 0;
  for (std::uint64_t i = 0; i < 4'000; ++i) {
    const plot_id id{sha256({be(i)})};
    CHECK(passes_filter(id, c, 0));
    const auto h = hash("st/filter", {id.value, c.value});
    CHECK(passes_filter(id, c, 1) == (h[0] < 128));
    CHECK(passes_filter(id, c, 8) == (h[0] == 0));
    CHECK(passes_filter(id, c, 9) == (h[0] == 0 && h[1] < 128));
    CHECK_FALSE(passes_filter(id, c, 256));
    passed4 += passes_filter(id, c, 4);
  }
  CHECK(passed4 > 180); // 250 and 4.6 standard deviations
  CHECK(passed4 < 320);
}

TEST_CASE("score, space challenge and simulated score are tagged hashes") {
  const challenge c{sha256({view("epoch")})};
  const plot_id id{sha256({view("plot")})};
  const bytes blob(129, 3);
  CHECK(score(c, blob) == to_u256(hash("st/score", {c.value, blob})));
  CHECK(space_challenge(id, c) == hash("st/space", {id.value, c.value}));
  CHECK(sim_score(c, id) == to_u256(hash("st/sim-score", {c.value, id.value})));
}
