#include "space_fixture.hpp"

#include <thread>

using namespace spacetime;
using namespace spacetime::space;
using namespace spacetime::test;

namespace {
/// An entry with the x values below it, left to right.
struct node {
  entry e;
  std::vector<std::uint32_t> xs;
};

// The match rule as written down, by sorting: slow and plain.
template <class Use>
void match_all(const tables& t, unsigned table, std::vector<node> nodes,
               Use&& use) {
  const auto by_info = [](const node& a, const node& b) {
    return a.e.info < b.e.info;
  };
  std::sort(nodes.begin(), nodes.end(), by_info);
  for (const auto& left : nodes)
    for (std::uint32_t key = 0; key < 1u << key_bits(t.params(), table);
         ++key) {
      node wanted;
      wanted.e.info =
          t.wanted(table, left.e.info, key, t.target(table, key, left.e.meta));
      const auto [first, last] =
          std::equal_range(nodes.begin(), nodes.end(), wanted, by_info);
      for (auto right = first; right != last; ++right) {
        const auto r = t.pair(table, left.e.meta, right->e.meta);
        if (!t.survives(table, r.hi)) continue;
        auto xs = left.xs;
        xs.insert(xs.end(), right->xs.begin(), right->xs.end());
        use(left.e, right->e, r, std::move(xs));
      }
    }
}

struct plain_plot {
  std::vector<std::uint64_t> fragments;
  std::vector<std::vector<std::uint32_t>> xs; // of each, in the same order
};

plain_plot plot_plainly(const tables& t) {
  std::vector<node> t0, t1, t2;
  for (std::uint32_t x = 0; x < 1u << t.params().k; ++x)
    t0.push_back({{x, t.g(x), 0}, {x}});
  match_all(t, 1, std::move(t0), [&](auto& l, auto& r, auto h, auto xs) {
    t1.push_back({t.merge1(l.meta, r.meta, h), std::move(xs)});
  });
  match_all(t, 2, std::move(t1), [&](auto& l, auto& r, auto h, auto xs) {
    t2.push_back({t.merge2(l.meta, r.meta, h), std::move(xs)});
  });
  plain_plot out;
  match_all(t, 3, std::move(t2), [&](auto& l, auto& r, auto, auto xs) {
    out.fragments.push_back(t.merge3(l.xbits, r.xbits));
    out.xs.push_back(std::move(xs));
  });
  return out;
}

result<std::vector<std::uint64_t>> plot_with(unsigned threads) {
  plot_options options;
  options.threads = threads;
  return make_fragments(some_params(), options);
}
} // namespace

TEST_CASE("the plotter makes what the match rule says, and all verifies") {
  const tables t{some_params()};
  auto plain = plot_plainly(t);
  // Any sixteen fragments make a proof, but for the challenge.
  std::array<std::uint32_t, xs_per_proof> xs{};
  for (std::size_t i = 0; i + 16 <= plain.xs.size(); i += 16) {
    for (std::size_t j = 0; j < 16; ++j)
      std::copy(plain.xs[i + j].begin(), plain.xs[i + j].end(),
                xs.begin() + static_cast<std::ptrdiff_t>(8 * j));
    const auto c = fragments_of(t, pack_proof(18, xs));
    REQUIRE(c);
    REQUIRE(
        std::equal(c->fragments.begin(), c->fragments.end(),
                   plain.fragments.begin() + static_cast<std::ptrdiff_t>(i)));
  }
  std::sort(plain.fragments.begin(), plain.fragments.end());
  CHECK(plain.fragments == some_fragments());
}

TEST_CASE("the fragments are the same for 1, 2 and 7 threads") {
  for (unsigned threads : {1u, 2u, 7u}) {
    CAPTURE(threads);
    const auto made = plot_with(threads);
    REQUIRE(made);
    CHECK(*made == some_fragments());
  }
}

TEST_CASE("no threads means one, and a plot of bad parameters is refused") {
  CHECK(plot_with(0).value() == some_fragments());
  auto p = some_params();
  p.k = 32;
  CHECK(make_fragments(p, {}).error() == errc::bad_plot_parameters);
  p.k = 18;
  p.strength = max_plotter_strength + 1;
  CHECK(make_fragments(p, {}).error() == errc::bad_plot_parameters);
}

TEST_CASE("a plot of a higher strength has about 2^k fragments in order") {
  auto p = some_params();
  p.strength = slow_build ? 3 : 5;
  const auto made = make_fragments(p, {2, nullptr, {}, nullptr});
  REQUIRE(made);
  CHECK(made->size() > (1u << 18) * 9 / 10);
  CHECK(made->size() < (1u << 18) * 11 / 10);
  CHECK(std::is_sorted(made->begin(), made->end()));
}

TEST_CASE("progress never falls, keeps its total and ends there") {
  plot_options options;
  options.threads = 2;
  std::uint64_t last = 0, calls = 0;
  const auto expected = plot_units(some_params());
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    CHECK(done >= last);
    CHECK(total == expected);
    last = done;
    ++calls;
  };
  REQUIRE(make_fragments(some_params(), options));
  CHECK(last == expected);
  CHECK(calls > 90);
}

TEST_CASE("a plot stops at its flag in every phase") {
  for (std::uint64_t stop_after = 0; stop_after < 100; stop_after += 11) {
    CAPTURE(stop_after);
    std::atomic<bool> flag = stop_after == 0;
    plot_options options;
    options.threads = 2;
    options.cancel = &flag;
    std::uint64_t calls = 0;
    options.progress = [&](std::uint64_t, std::uint64_t) {
      if (++calls == stop_after) flag = true;
    };
    const auto made = make_fragments(some_params(), options);
    if (made) // all phases were done before
      CHECK(calls < stop_after);
    else
      CHECK(made.error() == errc::cancelled);
    if (flag) CHECK(calls <= stop_after + 1);
  }
}
