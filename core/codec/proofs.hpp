#pragma once
// Proofs of a header's contents as bytes: docs/light-client.md has the layout.

#include "core/base/result.hpp"
#include "core/consensus/proofs.hpp"

#include <variant>

namespace spacetime::codec {
/// u16 n | empty[32] | u8 other? | [id[32] | account] | the siblings that are
/// not empty, the root's child first. Bit i of `empty`, from the most
/// significant bit of byte 0, says that sibling i is 32 zero bytes.
bytes encode(const state::trie_proof& p);
/// The only encoding of its value. Errors: `malformed`.
result<state::trie_proof> decode_trie_proof(byte_view raw);

/// A proof and the network whose header it holds.
struct proof {
  network_id network;
  std::variant<consensus::account_proof, consensus::history_proof,
               consensus::tx_proof>
      of;
  friend bool operator==(const proof&, const proof&) = default;
};

/// Its header.
const header& header_of(const proof& p);
/// `consensus::check` of what it holds.
status check(const proof& p);

/// "STPF" | u8 version 1 | u8 kind | network id[32] | u32 header length |
/// header | what the kind asks for.
bytes encode(const proof& p);
/// The only encoding of its value; its claim is not checked.
/// Errors: `malformed`, `too_large`, `bad_tx_format`.
result<proof> decode_proof(byte_view raw);
} // namespace spacetime::codec
