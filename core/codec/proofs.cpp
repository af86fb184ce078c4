#include "core/codec/proofs.hpp"

#include "core/codec/block.hpp"
#include "core/codec/tx.hpp"

namespace spacetime::codec {
namespace {
constexpr std::string_view magic = "STPF";
constexpr std::uint8_t version = 1;
enum kind : std::uint8_t { account = 1, history = 2, transaction = 3 };
constexpr std::size_t most_siblings = 256;
constexpr bytes32 nothing{};

tl::unexpected<error> bad(const char* what) {
  return fail(errc::malformed, what);
}

bool take_flag(reader& in, bool& ok) {
  const auto x = in.take<std::uint8_t>();
  ok = ok && x <= 1;
  return x == 1;
}

/// An account that exists.
state::account take_existing(reader& in, bool& ok) {
  const auto a = state::take_account(in);
  ok = ok && state::exists(a);
  return a;
}

bool bit(const bytes32& set, std::size_t at) {
  return (set[at / 8] >> (7 - at % 8) & 1) != 0;
}

result<state::trie_proof> take_trie_proof(reader& in) {
  state::trie_proof out;
  const std::size_t n = in.take<std::uint16_t>();
  const auto empty = in.take<32>();
  if (n > most_siblings) return bad("more than 256 siblings");
  for (auto i = n; i < most_siblings; ++i)
    if (bit(empty, i)) return bad("an empty sibling that is none");
  bool ok = true;
  if (take_flag(in, ok)) {
    out.other.emplace();
    out.other->id.value = in.take<32>();
    out.other->value = take_existing(in, ok);
  }
  for (std::size_t i = 0; i < n; ++i) {
    out.siblings.push_back(bit(empty, i) ? nothing : in.take<32>());
    ok = ok && bit(empty, i) == (out.siblings.back() == nothing);
  }
  if (!ok || !in.ok()) return bad("trie path");
  return out;
}

void put(writer& out, const std::vector<bytes32>& path) {
  out.put(static_cast<std::uint8_t>(path.size()));
  for (const auto& x : path) out.put(x);
}

std::vector<bytes32> take_path(reader& in) {
  std::vector<bytes32> out(in.take<std::uint8_t>());
  for (auto& x : out) x = in.take<32>();
  return out;
}

// u8 exists? | id[32] | [account] | rewards root[32] | trie proof
void put(writer& out, const consensus::account_proof& p) {
  out.put(static_cast<std::uint8_t>(p.value ? 1 : 0)).put(p.id.value);
  if (p.value) out.put(state::encode(*p.value));
  out.put(p.rewards_root).put(byte_view{encode(p.path)});
}

// id[32] | u32 height | weight[32] | u8 n | n siblings, the lowest first
void put(writer& out, const consensus::history_proof& p) {
  out.put(p.id.value).put(p.at.value).put(to_bytes(p.weight));
  put(out, p.path);
}

// u16 length | transaction | u32 index | u32 count | u8 n | n siblings
void put(writer& out, const consensus::tx_proof& p) {
  const auto raw = encode(p.value);
  out.put(static_cast<std::uint16_t>(raw.size())).put(byte_view{raw});
  out.put(p.index).put(p.count);
  put(out, p.path);
}

result<proof> take_account(reader& in, proof out, header head) {
  consensus::account_proof p;
  p.head = std::move(head);
  bool ok = true;
  const bool there = take_flag(in, ok);
  p.id.value = in.take<32>();
  if (there) p.value = take_existing(in, ok);
  p.rewards_root = in.take<32>();
  if (!ok) return bad("account of a proof");
  auto path = take_trie_proof(in);
  if (!path) return fail(path.error());
  p.path = std::move(*path);
  out.of = std::move(p);
  return out;
}

proof take_history(reader& in, proof out, header head) {
  consensus::history_proof p;
  p.head = std::move(head);
  p.id.value = in.take<32>();
  p.at.value = in.take<std::uint32_t>();
  p.weight = to_u256(in.take<32>());
  p.path = take_path(in);
  out.of = std::move(p);
  return out;
}

result<proof> take_tx(reader& in, proof out, header head) {
  consensus::tx_proof p;
  p.head = std::move(head);
  const auto size = in.take<std::uint16_t>();
  auto t = decode_tx(out.network, in.take(std::size_t{size}));
  if (!t) return fail(t.error());
  p.value = std::move(*t);
  p.index = in.take<std::uint32_t>();
  p.count = in.take<std::uint32_t>();
  p.path = take_path(in);
  out.of = std::move(p);
  return out;
}

result<proof> take_rest(reader& in, std::uint8_t kind_of, proof out,
                        header head) {
  switch (kind_of) {
  case kind::account: return take_account(in, std::move(out), std::move(head));
  case kind::history: return take_history(in, std::move(out), std::move(head));
  case kind::transaction: return take_tx(in, std::move(out), std::move(head));
  default: return bad("unknown kind of proof");
  }
}
} // namespace

bytes encode(const state::trie_proof& p) {
  bytes32 empty{};
  for (std::size_t i = 0; i < p.siblings.size() && i < most_siblings; ++i)
    if (p.siblings[i] == nothing)
      empty[i / 8] |= static_cast<std::uint8_t>(0x80 >> i % 8);
  writer out;
  out.put(static_cast<std::uint16_t>(p.siblings.size())).put(empty);
  out.put(static_cast<std::uint8_t>(p.other ? 1 : 0));
  if (p.other) out.put(p.other->id.value).put(state::encode(p.other->value));
  for (const auto& x : p.siblings)
    if (x != nothing) out.put(x);
  return std::move(out).take();
}

result<state::trie_proof> decode_trie_proof(byte_view raw) {
  reader in{raw};
  auto out = take_trie_proof(in);
  if (out && !in.done()) return bad("trie path length");
  return out;
}

const header& header_of(const proof& p) {
  return std::visit([](const auto& x) -> const header& { return x.head; },
                    p.of);
}

status check(const proof& p) {
  return std::visit([](const auto& x) { return consensus::check(x); }, p.of);
}

bytes encode(const proof& p) {
  const auto head = encode(header_of(p));
  writer out;
  out.put(view(magic)).put(version);
  out.put(static_cast<std::uint8_t>(p.of.index() + 1)).put(p.network.value);
  out.put(static_cast<std::uint32_t>(head.size())).put(byte_view{head});
  std::visit([&out](const auto& x) { put(out, x); }, p.of);
  return std::move(out).take();
}

result<proof> decode_proof(byte_view raw) {
  reader in{raw};
  const auto start = in.take(magic.size());
  if (!std::ranges::equal(start, view(magic)))
    return bad("not a proof: it does not begin with STPF");
  if (in.take<std::uint8_t>() != version)
    return bad("proof of another version");
  const auto kind_of = in.take<std::uint8_t>();
  proof out{{in.take<32>()}, {}};
  const std::size_t size = in.take<std::uint32_t>();
  auto head = decode_header(in.take(size));
  if (!head) return fail(head.error());
  auto done = take_rest(in, kind_of, std::move(out), std::move(*head));
  if (done && !in.done()) return bad("proof length");
  return done;
}
} // namespace spacetime::codec
