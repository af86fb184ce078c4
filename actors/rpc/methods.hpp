#pragma once
// The methods of the RPC: one table makes dispatch, `rpc_methods` and the
// OpenRPC document.

#include "actors/rpc/node_view.hpp"

#include <span>

namespace spacetime::rpc {
/// Error codes of JSON-RPC 2.0, and ours.
enum class rpc_code : int {
  parse_error = -32700,
  invalid_request = -32600,
  unknown_method = -32601,
  invalid_params = -32602,
  internal = -32603,
  busy = -32002,
  read_only = -32003,
  not_found = -32004,
  not_allowed = -32005,
  too_large = -32006,
  tx_refused = -32010,
};

struct rpc_error {
  rpc_code code;
  std::string message;
  json data{};
};

using outcome = tl::expected<json, rpc_error>;

/// An error of the core; `refusal` is the code of those that blame the sender.
rpc_error to_rpc(const error& e, rpc_code refusal = rpc_code::invalid_params);
/// A parameter that is not what its method wants.
rpc_error wrong_parameter(std::string_view name, std::string_view why);

/// Parameters by name, all present or optional, of their declared types. Not a
/// `json`: its look-ups are not linear, as strangers choose the keys.
using parameters = nlohmann::json;

/// What a call works with.
struct call {
  const parameters& in;
  node_view& node;
  asker& ask;
};

enum class access : std::uint8_t { read, write };

/// What a parameter may be, as JSON.
enum class kind : std::uint8_t {
  text,
  text_or_list,   ///< a string, or an array of at most 500
  height_or_text, ///< an unsigned 32-bit number, or a string
  count,          ///< an unsigned 32-bit number
};

struct parameter {
  std::string_view name;
  rpc::kind kind;
  bool required;
  std::string_view text;
};

struct method {
  std::string_view name;
  rpc::access access;
  std::vector<parameter> parameters;
  std::string_view text; ///< one line
  outcome (*run)(const call&);
  /// A request of this one alone may take so much longer than others.
  std::chrono::milliseconds patience{0};
};

/// All of them, by name within their namespaces.
std::span<const method> methods();
/// Null if there is none of that name.
const method* find_method(std::string_view name);
/// The OpenRPC document of the table.
json openrpc();

/// Adds `pending_nonce` and `pending_balance`: what the mempool leaves of an
/// account; null if it does not answer.
void add_outlook(const call& c, const account_id& id, const state::account& a,
                 json& out);

/// The account that the parameter `account` names, of this network.
tl::expected<account_id, rpc_error> account_of(const call& c);

std::vector<method> chain_methods();
std::vector<method> fork_methods();
std::vector<method> tx_methods();
std::vector<method> pool_methods();
std::vector<method> history_methods();
std::vector<method> node_methods();
} // namespace spacetime::rpc
