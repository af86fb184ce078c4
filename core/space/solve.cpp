// A fragment gives the high halves of x1, x3, x5 and x7. All low halves of
// those are tried: first for their partners x2, x4, x6, x8 in one pass over
// all x, then the pairs are joined as the tables 2 and 3 demand.
#include "core/space/solve.hpp"

#include "core/space/match_index.hpp"

#include <algorithm>
#include <thread>

namespace spacetime::space {
namespace {
constexpr std::size_t batch = 256;
constexpr std::size_t scan_block = 1 << 14; // x values per work item

/// What an x2 must have as match info to be the partner of x1.
struct want {
  std::uint32_t info, x1;
};

/// A surviving pair of table 1.
struct pair1 {
  std::uint64_t meta; // x1 and x2
  std::uint32_t info;
  std::uint32_t half; // which of the distinct half values x1 has
};

/// A surviving pair of table 2 and the four x below it.
struct pair2 {
  std::uint64_t meta;
  std::uint32_t info;
  std::array<std::uint32_t, 4> xs;
};

/// Collects pairs of metas until a batch is worth hashing.
template <class Payload>
struct pair_batch {
  std::size_t count = 0;
  std::array<std::uint64_t, batch> left, right;
  std::array<Payload, batch> payload;

  [[nodiscard]] bool full() const { return count == batch; }
  void add(std::uint64_t l, std::uint64_t r, const Payload& p) {
    left[count] = l;
    right[count] = r;
    payload[count++] = p;
  }
  /// Calls use(left, right, pairing, payload) for the survivors.
  template <class Use>
  void hash(const tables& plot, unsigned table, Use&& use) {
    auto lo = left, hi = right;
    plot.pair(table, {lo.data(), count}, {hi.data(), count});
    for (std::size_t i = 0; i < count; ++i)
      if (plot.survives(table, hi[i]))
        use(left[i], right[i], pairing{lo[i], hi[i]}, payload[i]);
    count = 0;
  }
};

class solver {
public:
  solver(const plot_params& p, const chain& c, const solve_options& options)
      : plot_(p), k_(p.k), half_bits_(p.k / 2), options_(options) {
    for (std::size_t i = 0; i < chain_length; ++i) {
      const auto plain = plot_.cipher().decrypt(c.fragments[i]);
      for (unsigned j = 0; j < 4; ++j)
        halves_[i][j] = static_cast<std::uint32_t>(
            (plain >> ((3 - j) * half_bits_)) & mask(half_bits_));
      distinct_.insert(distinct_.end(), halves_[i].begin(), halves_[i].end());
    }
    std::sort(distinct_.begin(), distinct_.end());
    distinct_.erase(std::unique(distinct_.begin(), distinct_.end()),
                    distinct_.end());
  }

  result<bytes> run() {
    find_pairs();
    if (cancelled()) return fail(errc::cancelled);
    std::array<std::uint32_t, xs_per_proof> xs{};
    for (std::size_t i = 0; i < chain_length; ++i) {
      if (cancelled()) return fail(errc::cancelled);
      if (!solve_fragment(i, std::span{xs}.subspan(8 * i).first<8>()))
        return fail(errc::not_found, "a fragment is not of this plot");
    }
    return pack_proof(k_, xs);
  }

private:
  using group = std::vector<pair1>; // the pairs of one half value

  [[nodiscard]] bool cancelled() const {
    return options_.cancel != nullptr
           && options_.cancel->load(std::memory_order_relaxed);
  }

  std::vector<want> wants() const;
  void find_pairs();
  void scan(const match_index<want>& wanted, std::vector<pair1>& found);
  void scan_block_at(std::size_t first, const match_index<want>& wanted,
                     pair_batch<char>& pairs, std::vector<pair1>& found);
  void hash(pair_batch<char>& pairs, std::vector<pair1>& found) const;
  std::vector<pair2> join(const group& left, const group& right) const;
  bool solve_fragment(std::size_t i, std::span<std::uint32_t, 8> xs) const;
  [[nodiscard]] std::uint32_t number_of(std::uint32_t half) const {
    return static_cast<std::uint32_t>(
        std::lower_bound(distinct_.begin(), distinct_.end(), half)
        - distinct_.begin());
  }
  [[nodiscard]] const group& group_of(std::uint32_t half) const {
    return groups_[number_of(half)];
  }

  const tables plot_;
  const unsigned k_, half_bits_;
  const solve_options& options_;
  std::array<std::array<std::uint32_t, 4>, chain_length> halves_;
  std::vector<std::uint32_t> distinct_; // half values, ascending
  std::vector<group> groups_;           // of each distinct half value
  std::atomic<std::size_t> next_ = 0;
};

std::vector<want> solver::wants() const {
  std::vector<want> out;
  const auto lows = std::uint32_t{1} << half_bits_;
  out.reserve(distinct_.size() * lows * 4);
  std::vector<std::uint32_t> infos(lows), targets(lows);
  std::vector<std::uint64_t> metas(lows);
  for (const auto half : distinct_) {
    if (cancelled()) break;
    const auto first = half << half_bits_;
    plot_.g(first, infos);
    for (std::uint32_t i = 0; i < lows; ++i) metas[i] = first + i;
    for (std::uint32_t key = 0; key < 4; ++key) {
      plot_.target(1, key, metas, targets);
      for (std::uint32_t i = 0; i < lows; ++i)
        out.push_back({plot_.wanted(1, infos[i], key, targets[i]), first + i});
    }
  }
  return out;
}

void solver::find_pairs() {
  const match_index<want> wanted{k_, wants()};
  std::vector<std::vector<pair1>> found(std::clamp(options_.threads, 1u, 64u));
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < found.size(); ++i)
      threads.emplace_back([&, i] { scan(wanted, found[i]); });
    scan(wanted, found[0]);
  }
  groups_.resize(distinct_.size());
  for (const auto& part : found)
    for (const auto& pair : part) groups_[pair.half].push_back(pair);
}

void solver::scan(const match_index<want>& wanted, std::vector<pair1>& found) {
  const auto blocks = (std::size_t{1} << k_) / scan_block;
  pair_batch<char> pairs;
  while (!cancelled()) {
    const auto block = next_.fetch_add(1, std::memory_order_relaxed);
    if (block >= blocks) break;
    scan_block_at(block * scan_block, wanted, pairs, found);
  }
  hash(pairs, found);
}

void solver::scan_block_at(std::size_t first, const match_index<want>& wanted,
                           pair_batch<char>& pairs, std::vector<pair1>& found) {
  std::array<std::uint32_t, batch> infos, hits;
  for (auto x = first; x < first + scan_block; x += batch) {
    plot_.g(static_cast<std::uint32_t>(x), infos);
    std::size_t count = 0; // written always, kept on a hit: no branch to miss
    for (std::uint32_t i = 0; i < batch; ++i) {
      hits[count] = i;
      count += wanted.may_hold(infos[i]);
    }
    for (std::size_t h = 0; h < count; ++h)
      wanted.for_each(infos[hits[h]], [&](const want& w) {
        pairs.add(w.x1, x + hits[h], 0);
        if (pairs.full()) hash(pairs, found);
      });
  }
}

void solver::hash(pair_batch<char>& pairs, std::vector<pair1>& found) const {
  pairs.hash(plot_, 1,
             [&](std::uint64_t x1, std::uint64_t x2, pairing r, char) {
               const auto e = plot_.merge1(x1, x2, r);
               const auto half = static_cast<std::uint32_t>(x1 >> half_bits_);
               found.push_back({e.meta, e.info, number_of(half)});
             });
}

std::vector<pair2> solver::join(const group& left, const group& right) const {
  std::vector<pair2> out;
  const match_index<pair1> rights{k_, right};
  std::vector<std::uint64_t> metas;
  for (const auto& l : left) metas.push_back(l.meta);
  std::vector<std::uint32_t> targets(metas.size());
  pair_batch<std::uint32_t> pairs;
  const auto take = [&] {
    pairs.hash(plot_, 2,
               [&](std::uint64_t l, std::uint64_t r, pairing h, auto) {
                 const auto e = plot_.merge2(l, r, h);
                 const auto low = mask(k_);
                 out.push_back({e.meta,
                                e.info,
                                {static_cast<std::uint32_t>(l >> k_),
                                 static_cast<std::uint32_t>(l & low),
                                 static_cast<std::uint32_t>(r >> k_),
                                 static_cast<std::uint32_t>(r & low)}});
               });
  };
  const auto keys = std::uint32_t{1} << key_bits(plot_.params(), 2);
  for (std::uint32_t key = 0; key < keys && !cancelled(); ++key) {
    plot_.target(2, key, metas, targets);
    for (std::size_t i = 0; i < left.size(); ++i)
      rights.for_each(plot_.wanted(2, left[i].info, key, targets[i]),
                      [&](const pair1& r) {
                        pairs.add(left[i].meta, r.meta, 0);
                        if (pairs.full()) take();
                      });
  }
  take();
  return out;
}

bool solver::solve_fragment(std::size_t i,
                            std::span<std::uint32_t, 8> xs) const {
  const auto& h = halves_[i];
  const auto lefts = join(group_of(h[0]), group_of(h[1]));
  const auto rights = join(group_of(h[2]), group_of(h[3]));
  for (const auto& l : lefts)
    for (const auto& r : rights) {
      const auto key = plot_.key_of(3, r.info);
      if (r.info != plot_.wanted(3, l.info, key, plot_.target(3, key, l.meta))
          || !plot_.survives(3, plot_.pair(3, l.meta, r.meta).hi))
        continue;
      std::copy(l.xs.begin(), l.xs.end(), xs.begin());
      std::copy(r.xs.begin(), r.xs.end(), xs.begin() + 4);
      return true;
    }
  return false;
}
} // namespace

result<bytes> solve(const plot_params& p, const bytes32& space_challenge,
                    const chain& c, const solve_options& options) {
  if (auto ok = check(p); !ok) return fail(ok.error());
  for (const auto fragment : c.fragments)
    if (fragment > mask(2 * p.k))
      return fail(errc::not_found, "a fragment is above 2k bits");
  auto proof = solver{p, c, options}.run();
  if (!proof) return proof;
  const auto quality = verify(p, space_challenge, *proof);
  if (!quality) return fail(quality.error());
  if (*quality != quality_blob(p.strength, c))
    return fail(errc::internal, "the solver found another chain");
  return proof;
}
} // namespace spacetime::space
