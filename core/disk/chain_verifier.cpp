#include "core/disk/chain_verifier.hpp"

#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/disk/chain_loader.hpp"
#include "core/disk/header_batch.hpp"
#include "core/disk/snapshot.hpp"

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
  /// A block, or of one below a snapshot the header.
  struct stored_block {
    block value;
    bool whole = true;
  };

  result<stored_block> read(std::uint64_t h) {
    auto id = store_.id_at({static_cast<std::uint32_t>(h)});
    if (!id) return fail(id.error());
    auto raw = store_.block(*id);
    if (!raw) return fail(raw.error());
    stored_block out;
    auto head = codec::header_of_block(*raw); // R1
    if (!head) return fail(head.error());
    out.whole = !is_header_alone(*raw);
    if (out.whole) {
      auto b = codec::decode_block(protocol_.spec.network(), *raw); // R1
      if (!b) return fail(b.error());
      out.value = std::move(*b);
    } else {
      out.value.head = std::move(*head);
    }
    if (codec::id_of(protocol_.spec.network(), out.value.head) != *id)
      return fail(errc::corrupt, "stored under another id");
    return out;
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
    if (stored->value != genesis)
      return fail(errc::corrupt, "block at height 0: not this network's");
    state_root_ = ledger->state_root();
    if (stored->whole) ledger_ = std::move(*ledger);
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
    auto& ledger = ledger_.emplace(std::move(chain->ledger));
    std::uint64_t h = chain->tip.facts.height.value;
    for (; h > 1 && is_kept(h - 1); --h) {
      auto id = store_.id_at({static_cast<std::uint32_t>(h)});
      if (!id) return fail(at_height(h, id.error()));
      auto raw = store_.undo(*id);
      if (!raw) return fail(at_height(h, raw.error()));
      auto change = state::decode_delta(*raw);
      if (!change || !ledger.undo(*change))
        return fail(errc::corrupt, "block at height " + std::to_string(h)
                                       + ": stored undo record");
    }
    auto lowest = read(h);
    if (!lowest) return fail(at_height(h, lowest.error()));
    const auto& head = lowest->value.head;
    if (head.state_root != ledger.state_root())
      return fail(at_height(h, errc::bad_state_root));
    auto context =
        context_of(store_, codec::id_of(protocol_.spec.network(), head));
    if (!context) return fail(at_height(h, context.error()));
    context_ = std::move(*context);
    state_root_ = head.state_root;
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
    std::vector<stored_block> blocks;
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
  std::vector<consensus::time_step>
  steps_of(const std::vector<stored_block>& blocks) {
    std::vector<consensus::time_step> out;
    for (const auto& b : blocks) {
      const auto& head = b.value.head;
      auto parent = context_of(store_, head.parent);
      if (!parent) continue;
      if (auto claimed = consensus::claimed_steps(protocol_, *parent, head))
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

  /// The stored ledger, taken back to the last checked block: where blocks
  /// begin behind a snapshot, whose state no block here leads to. Its root is
  /// that of a header which was checked.
  status load_state() {
    auto loaded = load_settled(protocol_, store_);
    if (!loaded) return fail(loaded.error());
    auto& ledger = loaded->ledger;
    while (ledger.height() > context_.facts.height) {
      auto id = store_.id_at(ledger.height());
      if (!id) return fail(id.error());
      auto raw = store_.undo(*id);
      if (!raw) return fail(raw.error());
      auto change = state::decode_delta(*raw);
      if (!change) return fail(errc::corrupt, "stored undo record");
      if (auto ok = ledger.undo(*change); !ok) return ok;
    }
    if (ledger.state_root() != state_root_)
      return fail(errc::corrupt, "the stored accounts do not lead back to the "
                                 "state root of the snapshot");
    ledger_ = std::move(ledger);
    return {};
  }

  status connect(const stored_block& stored) {
    const auto& b = stored.value;
    if (b.head.parent != context_.id) return fail(errc::unknown_parent);
    auto after =
        consensus::check_header({protocol_, time_, {}}, context_, b.head);
    if (!after) return fail(after.error());
    if (stored.whole) {
      if (auto ok = connect_body(b, *after); !ok) return ok;
      summary_.txs += b.txs.size();
    } else {
      if (ledger_) return fail(errc::corrupt, "its body is not stored");
      if (auto ok = check_context(*after); !ok) return ok;
      ++summary_.headers_only;
    }
    context_ = std::move(*after);
    state_root_ = b.head.state_root;
    ++summary_.blocks;
    return {};
  }

  status connect_body(const block& b, const consensus::chain_context& after) {
    if (auto ok = consensus::check_body(protocol_, b.head, b.txs); !ok)
      return ok;
    if (!ledger_)
      if (auto ok = load_state(); !ok) return ok;
    auto change = ledger_->apply(protocol_.spec.at(b.head.epoch),
                                 {b.head.height, b.head.payee}, b.txs); // R13
    if (!change) return fail(change.error());
    if (change->root_after != b.head.state_root) // R14
      return fail(errc::bad_state_root);
    if (auto ok = check_context(after); !ok) return ok;
    return check_undo(after, *change);
  }

  result<verify_summary> finish() {
    auto stored = load_chain(protocol_, store_);
    if (!stored) return fail(stored.error());
    const auto root = ledger_ ? ledger_->state_root() : state_root_;
    if (stored->ledger.state_root() != root)
      return fail(errc::corrupt, "the stored accounts are not the chain's");
    summary_.tip = context_.id;
    summary_.state_root = root;
    return summary_;
  }

  const consensus::protocol& protocol_;
  const reader& store_;
  const verify_options& options_;
  consensus::time_proofs time_;
  std::optional<state::ledger> ledger_; // none while there are headers alone
  consensus::chain_context context_;
  bytes32 state_root_{}; // of the last checked header
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
