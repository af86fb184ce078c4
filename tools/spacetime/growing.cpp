#include "tools/spacetime/growing.hpp"

#include "core/base/check.hpp"
#include "core/disk/chain_writer.hpp"
#include "tools/spacetime/interrupt.hpp"
#include "tools/spacetime/progress.hpp"

#include <fmt/format.h>

namespace spacetime::cli {
namespace {
using clock = std::chrono::steady_clock;
constexpr std::size_t batch_blocks = 1000, batch_bytes = 8u << 20;
constexpr std::chrono::seconds batch_time{2};

double seconds_since(clock::time_point start) {
  return std::chrono::duration<double>(clock::now() - start).count();
}

class growing {
public:
  growing(growing_chain& chain, const growth& wanted, const common_flags& flags)
      : chain_(chain), wanted_(wanted),
        line_(!flags.quiet && !flags.json, is_fancy(flags, 2)) {}

  result<growth_summary> run() {
    while (done_.blocks < wanted_.blocks && add_block()) {
      if (is_due())
        if (auto ok = commit(); !ok) return fail(ok.error());
      show();
    }
    line_.clear();
    if (auto ok = commit(); !ok) return fail(ok.error());
    done_.interrupted = interrupted_ && done_.blocks < wanted_.blocks;
    done_.seconds = seconds_since(start_);
    return done_;
  }

private:
  bool must_stop(timestamp next) {
    done_.caught_up = wanted_.latest && next > wanted_.latest();
    return interrupted_ || done_.caught_up;
  }

  /// False if it must stop before it has found one.
  bool add_block() {
    auto& at = chain_.at;
    sim::block_options o;
    if (wanted_.txs) o.txs = wanted_.txs(chain_);
    o.payee = wanted_.payee;
    o.stop = [this](timestamp next) { return must_stop(next); };
    auto b = chain_.maker.extend(at.tip, at.ledger, o);
    if (!b) return false;
    check(b->valid, "a block of our own is valid");
    out_.add(b->context, std::move(b->raw), b->change);
    at.tip = std::move(b->context);
    chain_.maker.forget_before(at.tip.era.number);
    ++done_.blocks;
    done_.txs += b->value.txs.size();
    if (wanted_.made) wanted_.made(chain_);
    return true;
  }

  [[nodiscard]] bool is_due() const {
    return out_.blocks() >= batch_blocks || out_.size() >= batch_bytes
           || clock::now() - written_ > batch_time;
  }

  status commit() {
    written_ = clock::now();
    if (out_.blocks() == 0) return {};
    return disk::write_indexed(chain_.maker.rules(), chain_.store,
                               out_.take(chain_.at.ledger));
  }

  void show() {
    line_.draw(fmt::format("block {}/{}", done_.blocks, wanted_.blocks),
               done_.blocks, wanted_.blocks,
               fmt::format("{:.1f} blocks/s", static_cast<double>(done_.blocks)
                                                  / seconds_since(start_)));
  }

  growing_chain& chain_;
  const growth& wanted_;
  const std::atomic<bool>& interrupted_ = cancel_on_signals();
  progress_line line_;
  disk::chain_batch out_;
  growth_summary done_;
  clock::time_point start_ = clock::now();
  clock::time_point written_ = start_;
};
} // namespace

result<growth_summary> grow(growing_chain& chain, const growth& wanted,
                            const common_flags& flags) {
  return growing{chain, wanted, flags}.run();
}
} // namespace spacetime::cli
