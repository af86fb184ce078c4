#include "core/disk/chain_verifier.hpp"

#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/disk/chain_loader.hpp"

#include <thread>

namespace spacetime::disk {
namespace {
// Proofs of time take nearly all of the work and depend on nothing but their
// own bytes: a batch of blocks has them checked by all threads at once.
constexpr std::uint64_t batch = 256;

error at_height(std::uint64_t h, const error& why) {
  if (blame_of(why.code) == blame::self && why.code != errc::corrupt)
    return why;
  return {errc::corrupt,
          "block at height " + std::to_string(h) + ": " + to_string(why)};
}

/// Verifies steps on `threads` threads; the results stay known to `time`.
void prove_ahead(consensus::time_proofs& time,
                 const std::vector<consensus::time_step>& steps,
                 unsigned threads) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (auto i = next++; i < steps.size(); i = next++)
      (void)time.verify(steps[i]); // a failure shows again in its block
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (auto& t : others) t.join();
}

class verification {
public:
  verification(const consensus::protocol& p, const reader& s,
               const verify_options& o)
      : protocol_(p), store_(s), options_(o), time_(p) {}

  result<verify_summary> run() {
    if (auto any = store_.tip(); !any) return fail(any.error());
    if (auto ok = start(); !ok) return fail(ok.error());
    while (true) { // a node that runs beside this adds blocks meanwhile
      auto tip = store_.tip();
      if (!tip) return fail(tip.error());
      if (auto ok = follow(*tip); !ok) return fail(ok.error());
      auto done = finish();
      auto now = store_.tip();
      if (!now) return fail(now.error());
      if (*now == *tip) return done;
    }
  }

private:
  result<block> read(std::uint64_t h) {
    auto id = store_.id_at({static_cast<std::uint32_t>(h)});
    if (!id) return fail(id.error());
    auto raw = store_.block(*id);
    if (!raw) return fail(raw.error());
    auto b = codec::decode_block(protocol_.spec.network(), *raw); // R1
    if (!b) return b;
    if (codec::id_of(protocol_.spec.network(), b->head) != *id)
      return fail(errc::corrupt, "stored under another id");
    return b;
  }

  status start() {
    auto ledger = state::ledger::genesis(protocol_.spec.genesis.premine);
    if (!ledger) return fail(ledger.error());
    const auto genesis =
        consensus::genesis_block(protocol_, ledger->state_root());
    auto stored = read(0);
    if (!stored && stored.error() == errc::not_found
        && store_.first_segment().value_or(0) > 0)
      return start_above_pruned();
    if (!stored) return fail(at_height(0, stored.error()));
    if (*stored != genesis)
      return fail(errc::corrupt, "block at height 0: not this network's");
    ledger_ = std::move(*ledger);
    context_ = consensus::genesis_context(protocol_, genesis);
    if (auto ok = check_context(context_); !ok)
      return fail(at_height(0, ok.error()));
    return {};
  }

  /// Whether a block can be verified and taken back.
  bool is_kept(std::uint64_t h) const {
    auto id = store_.id_at({static_cast<std::uint32_t>(h)});
    return id && store_.undo(*id) && store_.block(*id);
  }

  status start_above_pruned() {
    auto chain = load_chain(protocol_, store_);
    if (!chain) return fail(chain.error());
    ledger_ = std::move(chain->ledger);
    std::uint64_t h = chain->tip.facts.height.value;
    for (; h > 1 && is_kept(h - 1); --h) {
      auto id = store_.id_at({static_cast<std::uint32_t>(h)});
      if (!id) return fail(at_height(h, id.error()));
      auto raw = store_.undo(*id);
      if (!raw) return fail(at_height(h, raw.error()));
      auto change = state::decode_delta(*raw);
      if (!change || !ledger_.undo(*change))
        return fail(errc::corrupt, "block at height " + std::to_string(h)
                                       + ": stored undo record");
    }
    auto lowest = read(h);
    if (!lowest) return fail(at_height(h, lowest.error()));
    if (lowest->head.state_root != ledger_.state_root())
      return fail(at_height(h, errc::bad_state_root));
    auto context = context_of(
        store_, codec::id_of(protocol_.spec.network(), lowest->head));
    if (!context) return fail(at_height(h, context.error()));
    context_ = std::move(*context);
    summary_.trusted_below = context_.facts.height;
    return {};
  }

  /// Checks what lies above the last checked block, up to `tip`.
  status follow(const block_id& tip) {
    auto stored = context_of(store_, tip);
    if (!stored) return fail(stored.error());
    const std::uint64_t last = stored->facts.height.value;
    const auto eras = stored->era.number;
    const auto kept = protocol_.spec.at(stored->facts.epoch).max_reorg + 1;
    undo_from_ = eras - std::min(eras, kept);
    for (std::uint64_t h = context_.facts.height.value + 1; h <= last;
         h += batch)
      if (auto ok = take(h, std::min(last, h + batch - 1), last); !ok)
        return has_moved() ? moved() : ok;
    if (context_.id == tip) return {};
    return has_moved()
               ? moved()
               : fail(errc::corrupt, "the stored tip is not the highest block");
  }

  /// Whether the chain left the block that was checked last. Its id stood at
  /// its height when it was read, so this is no damage.
  [[nodiscard]] bool has_moved() const {
    return store_.id_at(context_.facts.height) != context_.id;
  }

  static status moved() {
    return fail(errc::stale, "the node has reorganised its chain; try again");
  }

  status take(std::uint64_t from, std::uint64_t to, std::uint64_t last) {
    std::vector<block> blocks;
    for (auto h = from; h <= to; ++h) {
      auto b = read(h);
      if (!b) return fail(at_height(h, b.error()));
      blocks.push_back(std::move(*b));
    }
    prove_ahead(time_, steps_of(blocks), options_.threads);
    for (auto h = from; h <= to; ++h) { // the place, whatever is stored there
      if (options_.cancel && *options_.cancel) return fail(errc::cancelled);
      if (auto ok = connect(blocks[h - from]); !ok)
        return fail(at_height(h, ok.error()));
      if (options_.progress) options_.progress(h, last);
    }
    return {};
  }

  /// Steps as the headers claim them; a header that claims none that fit is
  /// refused when its turn comes.
  std::vector<consensus::time_step> steps_of(const std::vector<block>& blocks) {
    std::vector<consensus::time_step> out;
    for (const auto& b : blocks) {
      auto parent = context_of(store_, b.head.parent);
      if (!parent) continue;
      if (auto claimed = consensus::claimed_steps(protocol_, *parent, b.head))
        out.insert(out.end(), claimed->steps.begin(), claimed->steps.end());
    }
    summary_.time_proofs += out.size();
    return out;
  }

  status check_context(const consensus::chain_context& right) const {
    auto stored = context_of(store_, right.id);
    if (!stored) return fail(stored.error());
    if (*stored != right) return fail(errc::corrupt, "stored chain context");
    return {};
  }

  /// Undo records that no reorganisation reaches may have been dropped.
  status check_undo(const consensus::chain_context& c,
                    const state::delta& change) const {
    auto stored = store_.undo(c.id);
    if (!stored && stored.error() == errc::not_found
        && c.era.number < undo_from_)
      return {};
    if (!stored) return fail(stored.error());
    if (*stored != state::encode(change))
      return fail(errc::corrupt, "stored undo record");
    return {};
  }

  status connect(const block& b) {
    if (b.head.parent != context_.id) return fail(errc::unknown_parent);
    auto after =
        consensus::check_header({protocol_, time_, {}}, context_, b.head);
    if (!after) return fail(after.error());
    if (auto ok = consensus::check_body(protocol_, b.head, b.txs); !ok)
      return ok;
    auto change = ledger_.apply(protocol_.spec.at(b.head.epoch),
                                {b.head.height, b.head.payee}, b.txs); // R13
    if (!change) return fail(change.error());
    if (change->root_after != b.head.state_root) // R14
      return fail(errc::bad_state_root);
    if (auto ok = check_context(*after); !ok) return ok;
    if (auto ok = check_undo(*after, *change); !ok) return ok;
    context_ = std::move(*after);
    ++summary_.blocks;
    summary_.txs += b.txs.size();
    return {};
  }

  result<verify_summary> finish() {
    auto stored = load_chain(protocol_, store_);
    if (!stored) return fail(stored.error());
    if (stored->ledger.state_root() != ledger_.state_root())
      return fail(errc::corrupt, "the stored accounts are not the chain's");
    summary_.tip = context_.id;
    summary_.state_root = ledger_.state_root();
    return summary_;
  }

  const consensus::protocol& protocol_;
  const reader& store_;
  const verify_options& options_;
  consensus::time_proofs time_;
  state::ledger ledger_;
  consensus::chain_context context_;
  verify_summary summary_;
  std::uint64_t undo_from_ = 0; // the first era whose records must be there
};
} // namespace

result<verify_summary> verify_chain(const consensus::protocol& p,
                                    const reader& s,
                                    const verify_options& options) {
  return verification{p, s, options}.run();
}
} // namespace spacetime::disk
