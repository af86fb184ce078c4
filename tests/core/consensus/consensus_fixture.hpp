#pragma once
// One real chain for all test cases, and the rules in their order.

#include "core/codec/block.hpp"
#include "core/consensus/validate.hpp"
#include "core/crypto/hash.hpp"
#include "tests/support/chain_maker.hpp"
#include "tests/support/slow_build.hpp"

#include <doctest/doctest.h>

#include <functional>

namespace spacetime::test {
/// The maker of real blocks that most test cases share.
inline chain_maker& regtest() {
  static chain_maker maker{network_with("regtest"), 1, 2};
  return maker;
}

/// Ten blocks behind regtest's genesis.
inline const std::vector<made_block>& real_chain() {
  static const auto made = regtest().chain(regtest().genesis(), 10);
  return made;
}

inline const made_block& real_parent() {
  return real_chain()[8];
}
inline const made_block& real_block() {
  return real_chain()[9];
}

inline consensus::time_proofs& proofs_of(const chain_maker& m) {
  static std::map<const consensus::protocol*,
                  std::unique_ptr<consensus::time_proofs>>
      all;
  auto& out = all[&m.rules()];
  if (!out) out = std::make_unique<consensus::time_proofs>(m.rules());
  return *out;
}

/// R2 to R10.
inline result<consensus::chain_context>
header_verdict(const chain_maker& m, const made_block& parent, const header& h,
               std::optional<timestamp> now = {}) {
  return consensus::check_header({m.rules(), proofs_of(m), now}, parent.context,
                                 h);
}

/// R1 to R14 of a block's bytes, in this order.
inline result<consensus::chain_context>
verdict(const chain_maker& m, const made_block& parent, byte_view raw) {
  const auto& spec = m.rules().spec;
  auto b = codec::decode_block(spec.network(), raw); // R1
  if (!b) return fail(b.error());
  auto after = header_verdict(m, parent, b->head);
  if (!after) return after;
  if (auto ok = consensus::check_body(m.rules(), b->head, b->txs); !ok)
    return fail(ok.error());
  auto ledger = parent.ledger;
  auto change = ledger.apply(spec.at(b->head.epoch),
                             {b->head.height, b->head.payee}, b->txs); // R13
  if (!change) return fail(change.error());
  if (change->root_after != b->head.state_root) // R14
    return fail(errc::bad_state_root);
  return after;
}

inline result<consensus::chain_context>
verdict(const chain_maker& m, const made_block& parent, const block& b) {
  return verdict(m, parent, codec::encode(b));
}

/// The only code that a block is refused with; `internal` if it is accepted.
template <class... Args>
errc refusal(const Args&... args) {
  const auto out = verdict(args...);
  return out ? errc::internal : out.error().code;
}

/// The block with a change of its header that its farmer has signed.
template <class Change>
block resealed(const chain_maker& m, const made_block& from, Change&& change) {
  auto out = from.value;
  change(out.head);
  m.seal(out.head);
  return out;
}

template <class Change>
errc refusal_after(Change&& change) {
  return refusal(regtest(), real_parent(),
                 resealed(regtest(), real_block(), change));
}

/// A block that took more than one tick, and its parent.
struct two_blocks {
  made_block parent, child;
};
} // namespace spacetime::test
