#include "core/base/hex.hpp"
#include "core/crypto/bech32m.hpp"
#include "tools/spacetime/wallet.hpp"

#include <charconv>

namespace spacetime::cli {
namespace {
constexpr std::size_t longest_name = 32; // what is longer is an address
} // namespace

bool account_answer::exists() const {
  return nonce != 0 || spendable.value != 0 || pending_cost.value != 0;
}

std::uint64_t number_in(const json& in, const char* key) {
  const auto at = in.find(key);
  if (at == in.end()) return 0;
  if (at->is_number_unsigned()) return at->get<std::uint64_t>();
  if (!at->is_string()) return 0;
  const auto& text = at->get_ref<const std::string&>();
  std::uint64_t out = 0;
  const auto [end, failed] =
      std::from_chars(text.data(), text.data() + text.size(), out);
  return failed == std::errc{} && end == text.data() + text.size() ? out : 0;
}

result<rpc_client> open_node(const place& at) {
  return rpc_client::open(at.home);
}

int report_node(const error& e) {
  return report(e, e == errc::unavailable ? "start one: spacetime up" : "");
}

result<account_answer> ask_account(const rpc_client& node,
                                   const account_id& account) {
  const auto said =
      node.call("chain_getAccount", json::array({rpc::hex(account.value)}));
  if (!said) return fail(said.error());
  if (!said->is_object() || !said->contains("balance"))
    return fail(errc::malformed, "the node's answer is no account");
  account_answer out;
  out.at.value = static_cast<std::uint32_t>(number_in(*said, "height"));
  out.nonce = number_in(*said, "nonce");
  out.spendable.value = number_in(*said, "balance");
  out.immature.value = number_in(*said, "immature");
  // A node that does not say what waits: nothing, as far as we know.
  out.pending_nonce = std::max(out.nonce, number_in(*said, "pending_nonce"));
  if (const auto at = said->find("pending_balance");
      at != said->end() && at->is_string()) {
    const auto left = number_in(*said, "pending_balance");
    if (left < out.spendable.value) {
      out.pending_cost.value = out.spendable.value - left;
      out.spendable.value = left;
    }
  }
  return out;
}

result<account_id> account_named(const place& at, const std::string& who,
                                 const passphrase_file& from) {
  if (who.size() <= longest_name) {
    const auto wallet = open_wallet(at, who, from);
    if (!wallet) return fail(wallet.error());
    return wallet->account;
  }
  if (!who.starts_with("0x")) return decode_address(at.spec.genesis.hrp, who);
  const auto raw = from_hex<32>(who);
  if (!raw) return fail(raw.error());
  return account_id{*raw};
}
} // namespace spacetime::cli
