#include "core/tx/signatures.hpp"

#include "core/crypto/hash.hpp"
#include "core/crypto/random.hpp"
#include "core/crypto/sign.hpp"

#include <atomic>
#include <cstring>
#include <thread>

namespace spacetime {
namespace {
// Signatures that a thread takes at a time; a thread for fewer is not worth
// its start.
constexpr std::size_t share = 32;

bool good(const tx& t) {
  return verify(t.sender, t.id.value, t.seal);
}

void lower(std::atomic<std::size_t>& to, std::size_t value) {
  auto now = to.load();
  while (value < now && !to.compare_exchange_weak(now, value)) {
  }
}

/// Runs `work` on so many threads at once, this one among them.
template <class F>
void run_on(std::size_t threads, const F& work) {
  std::vector<std::thread> others;
  for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (auto& t : others) t.join();
}
} // namespace

verified_signatures::verified_signatures(std::size_t capacity)
    : capacity_(capacity), salt_(random_bytes32()) {}

verified_signatures::key verified_signatures::key_of(const tx& t) const {
  const auto whole = hash("st/verified", {salt_, t.id.value, t.seal.value});
  key out;
  std::memcpy(out.data(), whole.data(), sizeof out);
  return out;
}

void verified_signatures::remember(const tx& t) {
  if (capacity_ == 0) return;
  const auto k = key_of(t);
  const std::lock_guard guard{mutex_};
  if (younger_.size() >= capacity_) {
    older_ = std::move(younger_);
    younger_.clear();
  }
  younger_.insert(k);
}

bool verified_signatures::knows(const tx& t) const {
  const auto k = key_of(t);
  const std::lock_guard guard{mutex_};
  return younger_.contains(k) || older_.contains(k);
}

std::size_t first_bad_signature(std::span<const tx> txs,
                                const signature_help& help) {
  std::vector<std::size_t> todo;
  for (std::size_t i = 0; i < txs.size(); ++i)
    if (help.known == nullptr || !help.known->knows(txs[i])) todo.push_back(i);
  std::atomic<std::size_t> next{0}, first_bad{txs.size()};
  // Shares are taken in order, so all below a bad one are verified by somebody:
  // the index found is the lowest, whoever finds what first.
  const auto work = [&] {
    for (auto at = next.fetch_add(share); at < todo.size();
         at = next.fetch_add(share))
      for (auto i = at; i < std::min(at + share, todo.size()); ++i) {
        if (todo[i] >= first_bad) return;
        const auto& t = txs[todo[i]];
        if (!good(t)) return lower(first_bad, todo[i]);
        if (help.known != nullptr) help.known->remember(t);
      }
  };
  run_on(std::min<std::size_t>(help.threads, 1 + todo.size() / share), work);
  return first_bad;
}
} // namespace spacetime
