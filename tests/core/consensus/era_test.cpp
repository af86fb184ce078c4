// Seeds, infusions, T and targets of random chains against a second reading
// of docs/protocol.md, sections 4.3, 4.4 and 12: slow, and from the whole
// chain each time.

#include "core/consensus/context.hpp"
#include "core/consensus/era.hpp"
#include "core/crypto/hash.hpp"
#include "core/time/simulated.hpp"
#include "tests/support/chain_maker.hpp"

#include <doctest/doctest.h>

#include <random>
#include <set>

using namespace spacetime;
using namespace spacetime::test;
using boost::multiprecision::cpp_int;
using consensus::block_facts;

namespace {
/// Simulated time with room for T to move.
chain_spec wide_spec() {
  auto spec = network_with("sim", {{"ticks_per_era", 8},
                                   {"infusion_lag", 2},
                                   {"retarget_period", 3},
                                   {"tau_min_ms", 1},
                                   {"half_life", 29},
                                   {"spacing_numerator", 5},
                                   {"spacing_denominator", 2},
                                   {"squarings_cap", 90'000}});
  for (std::size_t i = 0; i < rule_fields().size(); ++i)
    if (rule_fields()[i].name == "squarings_floor")
      spec.schedules[i] = {{epoch{0}, 3'000}};
  spec.genesis.squarings = 20'000;
  return finished(std::move(spec));
}

constexpr std::uint64_t k = 8, lag = 2, period = 3, tau = 10'000;

struct lived_block {
  std::uint64_t height, epoch, time;
  bytes32 infusion;
};

class second_reading {
public:
  explicit second_reading(const chain_spec& spec) : spec_(spec) {
    blocks_.push_back({0, 0, spec.genesis.time.value, {}});
  }
  void add(const made_block& b) {
    const auto& s = b.head().space;
    const auto plot =
        space::make_plot_id(spec_.network(), 0, 0, s.farmer, s.payout, s.seed);
    blocks_.push_back({b.head().height.value, b.head().epoch.value,
                       b.head().time.value,
                       hash("st/infusion", {plot.value, plot.value})});
  }

  [[nodiscard]] bytes32 infusion(std::uint64_t n) const {
    for (const auto& b : blocks_)
      if (b.height > 0 && b.epoch / k == n && b.epoch % k <= k - lag)
        return b.infusion;
    return {};
  }
  [[nodiscard]] bytes32 seed(std::uint64_t n) const {
    if (n == 0) return *spec_.genesis.seed;
    const auto s = seed(n - 1);
    return hash("st/era",
                {s, be(n - 1), vdf::simulated_tick(s, k), infusion(n - 1)});
  }

  /// The median of the last at most 11 blocks with epoch < p.
  [[nodiscard]] lived_block median_before(std::uint64_t p) const {
    std::vector<lived_block> last;
    for (const auto& b : blocks_)
      if (b.epoch < p) last.push_back(b);
    while (last.size() > 11) last.erase(last.begin());
    std::sort(last.begin(), last.end(), [](const auto& a, const auto& b) {
      return a.time != b.time ? a.time < b.time : a.height < b.height;
    });
    return last[(last.size() - 1) / 2];
  }
  [[nodiscard]] std::uint64_t squarings(std::uint64_t n) const {
    cpp_int t = spec_.genesis.squarings;
    for (std::uint64_t m = 1; m * period + 1 <= n; ++m) {
      const auto p = m * period * k;
      const auto a = median_before(p);
      const auto b = m == 1 ? blocks_.front() : median_before(p - period * k);
      if (a.height == b.height || a.time <= b.time) continue;
      cpp_int next = t * tau * (a.epoch - b.epoch) / (a.time - b.time);
      next = std::max<cpp_int>(next, t / 2);
      next = std::min<cpp_int>(next, 8 * t / 7);
      if (const auto bits = msb(next) + 1; bits >= 7) {
        const auto unit = cpp_int{1} << (bits - 6);
        const cpp_int rest = next % unit;
        next += rest * 2 >= unit ? cpp_int{unit - rest} : cpp_int{-rest};
      }
      t = std::min<cpp_int>(std::max<cpp_int>(next, 3'000), 90'000);
    }
    return static_cast<std::uint64_t>(t);
  }

  [[nodiscard]] u256 target(std::uint64_t n) const {
    const cpp_int half = 29, num = 5, den = 2, most = max_u256();
    // Both ends of Z are far outside of what these chains reach.
    cpp_int z = 0, run = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
      cpp_int dh = 0, du = k;
      for (const auto& b : blocks_)
        if (b.height > 0 && b.epoch / k == i) ++dh;
      ++run;
      if (dh > 0)
        run = 0;
      else
        du = std::min<cpp_int>(k, std::max<cpp_int>(0, half - (run - 1) * k));
      z += du * den - dh * num;
      if (z > highest) z = highest;
    }
    const cpp_int scaled = z * 65536, unit = den * half;
    cpp_int x = scaled / unit;
    if (x * unit > scaled) --x;
    cpp_int m = x / 65536;
    if (m * 65536 > x) --m;
    const cpp_int f = x - m * 65536;
    const cpp_int factor = 65536
                           + ((195766423245049 * f + 971821376 * f * f
                               + 5127 * f * f * f + (cpp_int{1} << 47))
                              >> 48);
    cpp_int out = cpp_int{spec_.genesis.target} * factor;
    const auto shift = static_cast<int>(m) - 16;
    out = shift >= 0 ? cpp_int{out << shift} : cpp_int{out >> -shift};
    out = std::min<cpp_int>(std::max<cpp_int>(out, 1), most);
    return static_cast<u256>(out);
  }

  std::int64_t highest = 0; ///< Z_hi; tested with the target

private:
  const chain_spec& spec_;
  std::vector<lived_block> blocks_;
};

/// What two readings of one chain must agree on, at its tip.
void agree(const made_block& b, const second_reading& other) {
  const auto& era = b.context.era;
  const auto n = b.head().epoch.value / k;
  CHECK(era.number == n);
  CHECK(era.seed == other.seed(n));
  CHECK(era.squarings == other.squarings(n));
  CHECK(era.infusion == other.infusion(n));
  CHECK(b.head().target == other.target(n));
}
} // namespace

TEST_CASE("eras of random chains are those of a second reading") {
  std::set<std::uint64_t> seen_squarings;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    chain_maker maker{wide_spec(), seed, 1 + seed % 3};
    second_reading other{maker.rules().spec};
    other.highest = maker.rules().target.highest();
    auto tip = maker.genesis();
    std::uint64_t pace = tau;
    for (int i = 0; i < 60; ++i) {
      block_options o;
      // Chains of odd seeds run fast, the others slow.
      if (random() % 8 == 0)
        pace = seed % 2 == 1 ? tau / 8 + random() % tau
                             : tau / 2 + random() % (3 * tau);
      o.epoch_ms = pace + random() % 100;
      // Mostly dense; sometimes eras without a block, or a whole period.
      o.skip = random() % 6 != 0 ? random() % 3 : random() % 70;
      o.sign = false;
      tip = maker.next(tip, o);
      other.add(tip);
      agree(tip, other);
      seen_squarings.insert(tip.context.era.squarings);
    }
  }
  CHECK(seen_squarings.size() > 30); // T did move
  CHECK(*seen_squarings.begin() == 3'000);
  CHECK(*seen_squarings.rbegin() == 90'000);
}

TEST_CASE("only the first block early enough in an era is infused") {
  chain_maker maker{wide_spec(), 3, 3};
  auto tip = maker.genesis();
  std::size_t infused = 0, ignored = 0;
  for (int i = 0; i < 200; ++i) {
    block_options o;
    o.sign = false;
    o.skip = static_cast<std::uint64_t>(i % 13);
    const auto b = maker.next(tip, o);
    const auto& before = tip.context.era;
    const auto& after = b.context.era;
    const auto tick = b.head().epoch.value % k;
    if (before.number == after.number && before.blocks > 0) {
      CHECK(after.infusion == before.infusion);
    } else if (tick > k - lag) {
      CHECK(after.infusion == bytes32{});
      ++ignored;
    } else {
      CHECK(after.infusion != bytes32{});
      ++infused;
    }
    tip = b;
  }
  CHECK(infused > 20);
  CHECK(ignored > 5);
}

TEST_CASE("era 0 of a chain that starts late is infused with zeros") {
  chain_maker maker{wide_spec(), 3};
  block_options o;
  o.skip = k; // era 1 or later
  const auto b = maker.next(maker.genesis(), o);
  const auto s0 = *maker.rules().spec.genesis.seed;
  auto seed = s0;
  for (std::uint64_t n = 0; n < b.context.era.number; ++n)
    seed =
        hash("st/era", {seed, be(n), vdf::simulated_tick(seed, k), bytes32{}});
  CHECK(b.context.era.seed == seed);
}

TEST_CASE("what a block says beside its plot does not change the next seed") {
  chain_maker maker{wide_spec(), 3, 1};
  block_options plain, dressed;
  dressed.epoch_ms = 3;
  dressed.payee = account_id{hash("st/test-payee", {})};
  dressed.txs = {maker.payment(0, 0, *dressed.payee, 5)};
  const auto a = maker.next(maker.genesis(), plain);
  const auto b = maker.next(maker.genesis(), dressed);
  REQUIRE(a.id() != b.id());
  block_options far;
  far.skip = 3 * k;
  const auto next_a = maker.next(a, far), next_b = maker.next(b, far);
  CHECK(next_a.head().epoch == next_b.head().epoch);
  CHECK(next_a.context.era.seed == next_b.context.era.seed);
}

TEST_CASE("the median is the middle by time; ties and even counts the lower") {
  const auto at = [](std::uint32_t h, std::uint64_t time) {
    return block_facts{height{h}, epoch{h}, timestamp{time}};
  };
  CHECK(consensus::median({at(1, 5)}) == at(1, 5));
  CHECK(consensus::median({at(1, 9), at(2, 5)}) == at(2, 5));
  CHECK(consensus::median({at(1, 9), at(2, 5), at(3, 7)}) == at(3, 7));
  CHECK(consensus::median({at(4, 7), at(3, 7), at(2, 7), at(1, 7)})
        == at(2, 7));
  CHECK(consensus::median({at(1, 1), at(2, 2), at(3, 3), at(4, 4)})
        == at(2, 2));
}

TEST_CASE("T is clamped to half and 8/7, rounded, then kept in its range") {
  const consensus::protocol p{wide_spec()};
  const auto with = [&](std::uint64_t t, std::uint64_t epochs,
                        std::uint64_t ms) {
    const block_facts before{height{1}, epoch{10}, timestamp{1'000}};
    const block_facts now{height{9}, epoch{10 + epochs}, timestamp{1'000 + ms}};
    return consensus::retarget(p, epoch{24}, t, now, before);
  };
  CHECK(with(20'000, 10, 100'000) == 19'968); // 39 * 512: six bits of 20,000
  CHECK(with(16'384, 10, 100'000) == 16'384);
  CHECK(with(16'384, 10, 200'000) == 8'192);
  CHECK(with(16'384, 10, 900'000) == 8'192);  // not below a half
  CHECK(with(16'384, 10, 1) == 18'944);       // 18,724: not above 8/7
  CHECK(with(65'535, 10, 100'000) == 65'536); // rounds up to the next bit
  CHECK(with(4'000, 10, 900'000) == 3'000);   // T_floor
  CHECK(with(88'000, 10, 1) == 90'000);       // T_cap
  // 33.5 units of 1,024: a tie goes up.
  CHECK(with(34'304, 10, 100'000) == 34'816);
}

TEST_CASE("T stays where there is one block, or no time between two") {
  const consensus::protocol p{wide_spec()};
  const block_facts a{height{5}, epoch{10}, timestamp{1'000}};
  const block_facts same_time{height{6}, epoch{20}, timestamp{1'000}};
  const block_facts earlier{height{6}, epoch{20}, timestamp{999}};
  for (const auto& now : {a, same_time, earlier})
    CHECK(consensus::retarget(p, epoch{24}, 12'345, now, a) == 12'345);
}

TEST_CASE("products beyond 64 bits do not change T") {
  auto spec = wide_spec();
  for (std::size_t i = 0; i < rule_fields().size(); ++i)
    if (rule_fields()[i].name == "squarings_cap")
      spec.schedules[i] = {{epoch{0}, std::uint64_t{1} << 40}};
  const consensus::protocol p{finished(spec)};
  const auto t = std::uint64_t{1} << 39;
  const std::uint64_t epochs = std::uint64_t{1} << 30;
  CHECK(consensus::retarget(p, epoch{24}, t,
                            {height{2}, epoch{epochs}, timestamp{epochs * tau}},
                            {})
        == t);
}
