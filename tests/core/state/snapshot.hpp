#pragma once

#include "core/state/ledger.hpp"

namespace spacetime::test {
/// Every byte of a state: height, accounts in order, rewards and root.
inline bytes snapshot(const state::ledger& l) {
  writer out;
  out.put(l.height().value);
  l.accounts().for_each([&out](const state::account_entry& e) {
    out.put(e.id.value).put(state::encode(e.value));
  });
  out.put(byte_view{state::encode(l.rewards())});
  out.put(l.state_root());
  return std::move(out).take();
}
} // namespace spacetime::test
