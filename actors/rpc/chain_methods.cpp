#include "actors/rpc/proof_methods.hpp"
#include "core/base/hex.hpp"
#include "core/crypto/bech32m.hpp"

#include <algorithm>

using namespace std::chrono_literals;

namespace spacetime::rpc {
namespace {
constexpr auto account_limit = 5s;

outcome answer(result<json> a) {
  if (!a) return tl::unexpected{to_rpc(a.error())};
  return std::move(*a);
}

/// The block that the parameter names.
result<block_id> block_of(const call& c) {
  const auto& which = c.in.at("block");
  return find_block(c.node.store(), which.is_string()
                                        ? which.get_ref<const std::string&>()
                                        : which.dump());
}

outcome get_tip(const call& c) {
  return answer(tip_answer(c.node.store()));
}

outcome get_header(const call& c) {
  const auto id = block_of(c);
  if (!id) return tl::unexpected{to_rpc(id.error())};
  return answer(header_answer(c.node.spec(), c.node.store(), *id));
}

outcome get_block(const call& c) {
  const auto id = block_of(c);
  if (!id) return tl::unexpected{to_rpc(id.error())};
  return answer(block_answer(c.node.spec(), c.node.store(), *id));
}

outcome get_block_hash(const call& c) {
  const height at{c.in.at("height").get<std::uint32_t>()};
  const auto id = c.node.store().id_at(at);
  if (!id) return tl::unexpected{to_rpc(id.error())};
  return hex(id->value);
}

outcome get_account(const call& c) {
  const auto id = account_of(c);
  if (!id) return tl::unexpected{id.error()};
  const auto asked = id_msg::build(
      [&](schema::Id::Builder out) { out.setValue(blob(id->value)); });
  const auto m = c.ask
                     .ask<account_msg>(account_limit, c.node.actors().state,
                                       atom::account_v, asked)
                     .take();
  if (!m) return tl::unexpected{to_rpc(m.error())};
  json out;
  if (m->try_read([&](schema::Account::Reader in) {
        state::account a;
        a.nonce = in.getNonce();
        a.balance.value = in.getBalance();
        out = to_json(c.node.spec(), *id, a, {in.getImmature()},
                      {in.getHeight()});
        add_outlook(c, *id, a, out);
      }))
    return tl::unexpected{to_rpc({errc::internal, "account message"})};
  return out;
}

outcome get_spec(const call& c) {
  return to_json(c.node.spec());
}

outcome get_supply(const call& c) {
  return answer(supply_answer(c.node.spec(), c.node.store()));
}
} // namespace

tl::expected<account_id, rpc_error> account_of(const call& c) {
  const auto& text = c.in.at("account").get_ref<const std::string&>();
  if (text.starts_with("0x")) {
    auto raw = from_hex<32>(text);
    if (raw) return account_id{*raw};
    return tl::unexpected{wrong_parameter("account", raw.error().detail)};
  }
  auto id = decode_address(c.node.spec().genesis.hrp, text);
  if (id) return *id;
  return tl::unexpected{wrong_parameter("account", to_string(id.error()))};
}

std::vector<method> chain_methods() {
  const parameter block{"block", kind::height_or_text, true,
                        "A height, or a block id as hex."};
  std::vector<method> out{
      {"chain_getTip",
       access::read,
       {},
       "The newest block of the best chain.",
       get_tip},
      {"chain_getBlock",
       access::read,
       {block},
       "A block with its transactions.",
       get_block},
      {"chain_getHeader",
       access::read,
       {block},
       "A block's header.",
       get_header},
      {"chain_getBlockHash",
       access::read,
       {{"height", kind::count, true, "On the best chain."}},
       "The id of the block at a height.",
       get_block_hash},
      {"chain_getAccount",
       access::read,
       {{"account", kind::text, true,
         "An address, or an account id as 0x hex."}},
       "Nonce and balance at the tip, in motes, and what is left of them "
       "behind "
       "what waits in the mempool.",
       get_account},
      {"chain_getSpec",
       access::read,
       {},
       "The network: its ids, genesis and rules.",
       get_spec},
      {"chain_getSupply",
       access::read,
       {},
       "Coins at the tip, in motes: issued, spendable, immature.",
       get_supply},
  };
  std::ranges::move(proof_methods(), std::back_inserter(out));
  return out;
}
} // namespace spacetime::rpc
