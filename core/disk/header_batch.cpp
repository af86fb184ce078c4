#include "core/disk/header_batch.hpp"

#include "core/codec/block.hpp"
#include "core/consensus/challenge.hpp"

#include <atomic>
#include <thread>

namespace spacetime::disk {
namespace {
using consensus::chain_context;

/// The steps that headers claim, as far as their other fields make sense.
std::vector<consensus::time_step> steps_of(const consensus::protocol& p,
                                           chain_context at,
                                           std::span<const header> headers) {
  std::vector<consensus::time_step> out;
  for (const auto& h : headers) {
    auto claimed = consensus::claimed_steps(p, at, h);
    if (!claimed) break;
    out.insert(out.end(), claimed->steps.begin(), claimed->steps.end());
    const auto& end = claimed->end;
    const auto won = consensus::check_space(
        p, h.epoch, consensus::challenge_of(end.era.seed, h.epoch, end.y),
        h.space);
    if (!won) break;
    at = consensus::child_context(p, at, codec::id_of(p.spec.network(), h), h,
                                  end, won->score, won->infusion);
  }
  return out;
}
} // namespace

void prove_ahead(consensus::time_proofs& time,
                 const std::vector<consensus::time_step>& steps,
                 unsigned threads) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (auto i = next++; i < steps.size(); i = next++)
      (void)time.verify(steps[i]);
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (auto& t : others) t.join();
}

result<std::vector<chain_context>>
check_headers(const consensus::protocol& p, consensus::time_proofs& time,
              const chain_context& parent, std::span<const header> headers,
              unsigned threads) {
  if (threads > 1) prove_ahead(time, steps_of(p, parent, headers), threads);
  std::vector<chain_context> out;
  out.reserve(headers.size());
  for (const auto& h : headers) {
    auto next = consensus::check_header({p, time, {}},
                                        out.empty() ? parent : out.back(), h);
    if (!next)
      return fail(
          next.error().code,
          "header at height "
              + std::to_string(parent.facts.height.value + 1 + out.size())
              + ": " + to_string(next.error()));
    out.push_back(std::move(*next));
  }
  return out;
}
} // namespace spacetime::disk
