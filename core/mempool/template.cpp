// What a next block should hold: `pool::best`.

#include "core/codec/tx.hpp"
#include "core/mempool/pool.hpp"

#include <queue>

namespace spacetime::mempool {
/// The package that a sender can give next.
struct pool::candidate {
  package run;
  line_map::const_iterator from;
  std::optional<std::uint64_t> end;          ///< nonces below it alone
  bool operator<(const candidate& o) const { // the best is the greatest
    if (auto order = run.rate <=> o.run.rate; order != 0) return order < 0;
    return from->first > o.from->first;
  }
};

namespace {
constexpr std::size_t length_bytes = 2;
constexpr std::size_t count_bytes = 4;

/// A body in the making.
struct body {
  std::size_t max_bytes, max_txs;
  std::vector<tx> txs{};
  std::size_t used = count_bytes;

  [[nodiscard]] bool has_room(std::size_t count, std::size_t bytes) const {
    return txs.size() + count <= max_txs
           && used + length_bytes * count + bytes <= max_bytes;
  }
  [[nodiscard]] bool is_full() const { return !has_room(1, codec::tx_size(0)); }
};
} // namespace

/// Of the nonces from `first` on: those that pay most per byte together, the
/// shorter run of equal ones. They end at a gap, at `end`, and before what has
/// expired.
std::optional<pool::candidate>
pool::first_package(line_map::const_iterator at, std::uint64_t first,
                    std::optional<std::uint64_t> end, height next) const {
  std::optional<candidate> out;
  fee_rate sum{0, 0};
  auto nonce = first;
  const auto& waits = at->second.by_nonce;
  for (auto w = waits.find(first); w != waits.end(); ++w, ++nonce) {
    const auto& t = w->second.t;
    if (w->first != nonce || (end && nonce >= *end)) break;
    if (t.expiry.value != 0 && t.expiry < next) break;
    sum = sum + rate_of(t);
    if (!out || sum > out->run.rate) out = {{first, nonce, sum}, at, end};
  }
  return out;
}

std::vector<tx> pool::best(std::size_t max_bytes, std::size_t max_txs,
                           height next) const {
  body out{max_bytes, max_txs};
  std::priority_queue<candidate> open;
  const auto offer = [&](line_map::const_iterator at, std::uint64_t first,
                         std::optional<std::uint64_t> end) {
    if (auto c = first_package(at, first, end, next)) open.push(*c);
  };
  auto head = heads_.begin();
  while (!out.is_full()) {
    // Senders join when their first package could be the best.
    while (head != heads_.end()
           && (open.empty() || head->rate >= open.top().run.rate)) {
      const auto at = lines_.find(head->sender);
      offer(at, at->second.next, std::nullopt);
      ++head;
    }
    if (open.empty()) break;
    const auto c = open.top();
    open.pop();
    const auto& [first, last, rate] = c.run;
    if (!out.has_room(last - first + 1, rate.size)) {
      if (last > first) offer(c.from, first, last);
      continue;
    }
    for (auto n = first; n <= last; ++n)
      out.txs.push_back(c.from->second.by_nonce.at(n).t);
    out.used += rate.size + length_bytes * (last - first + 1);
    offer(c.from, last + 1, c.end);
  }
  return std::move(out.txs);
}
} // namespace spacetime::mempool
