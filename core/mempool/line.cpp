// What keeps a sender's line and the indices of the pool in step.

#include "core/base/check.hpp"
#include "core/codec/tx.hpp"
#include "core/mempool/pool.hpp"

namespace spacetime::mempool {
namespace {
std::uint64_t cost_of(const tx& t) {
  return t.value.value + t.fee.value;
}
} // namespace

/// Runs of falling rates: each transaction joins the ones before it as long as
/// it pays more than they do.
std::vector<pool::package> pool::packages_of(const line& l) {
  std::vector<package> out;
  for (const auto& [nonce, w] : l.by_nonce) {
    package p{nonce, nonce, rate_of(w.t)};
    while (!out.empty() && out.back().last + 1 == p.first
           && out.back().rate < p.rate) {
      p.first = out.back().first;
      p.rate = p.rate + out.back().rate;
      out.pop_back();
    }
    out.push_back(p);
  }
  return out;
}

pool::line& pool::open(const account_id& sender) {
  auto& l = lines_[sender];
  if (l.head) heads_.erase({*l.head, sender});
  if (l.tail) tails_.erase({l.tail->rate, sender});
  l.head.reset();
  l.tail.reset();
  return l;
}

void pool::close(const account_id& sender, line& l, timestamp now) {
  if (l.by_nonce.empty()) {
    lines_.erase(sender);
    return;
  }
  mark_futures(l, now);
  const auto packages = packages_of(l);
  if (packages.front().first == l.next) {
    l.head = packages.front().rate;
    heads_.insert({*l.head, sender});
  }
  l.tail = packages.back();
  tails_.insert({l.tail->rate, sender});
}

void pool::mark_futures(line& l, timestamp now) {
  l.missing = l.next;
  l.futures = 0;
  for (auto& [nonce, w] : l.by_nonce) {
    const bool future = nonce != l.missing;
    if (!future)
      ++l.missing;
    else
      ++l.futures;
    if (future) {
      mark_future(w, now);
    } else if (w.future) {
      futures_.erase({*w.future, w.t.id});
      w.future.reset();
    }
  }
}

/// Keeps an earlier mark.
void pool::mark_future(waiting& w, timestamp from) {
  if (w.future) return;
  w.future = from;
  futures_.emplace(from, w.t.id);
}

void pool::insert(const account_id& sender, line& l, waiting w) {
  const auto& t = w.t;
  const auto rate = rate_of(t);
  by_id_.emplace(t.id, location{sender, t.nonce});
  by_rate_.insert({rate, t.id});
  by_age_.emplace(w.since, t.id);
  if (t.expiry.value != 0) by_expiry_.emplace(t.expiry, t.id);
  if (w.future) futures_.emplace(*w.future, t.id);
  histogram_.add(rate);
  bytes_ += rate.size;
  l.cost += cost_of(t);
  const auto nonce = t.nonce;
  const bool fresh = l.by_nonce.emplace(nonce, std::move(w)).second;
  check(fresh, "one transaction per sender and nonce");
}

pool::waiting pool::remove(line& l, std::uint64_t nonce) {
  auto out = std::move(l.by_nonce.extract(nonce).mapped());
  const auto& t = out.t;
  const auto rate = rate_of(t);
  by_id_.erase(t.id);
  by_rate_.erase({rate, t.id});
  by_age_.erase({out.since, t.id});
  if (t.expiry.value != 0) by_expiry_.erase({t.expiry, t.id});
  if (out.future) futures_.erase({*out.future, t.id});
  histogram_.remove(rate);
  bytes_ -= rate.size;
  l.cost -= cost_of(t);
  return out;
}

void pool::drop(const tx_id& id, fate why, timestamp now) {
  const auto at = by_id_.at(id);
  auto& l = open(at.sender);
  remove(l, at.nonce);
  close(at.sender, l, now);
  note(id, why);
}

void pool::note(const tx_id& id, fate why) {
  ++gone_[static_cast<std::size_t>(why)];
  departures_.push_back({id, why});
}
} // namespace spacetime::mempool
