#pragma once
// A node of storage, state, mempool, inspector and RPC on regtest's genesis.

#include "actors/answer.hpp"
#include "actors/boot.hpp"
#include "actors/system_config.hpp"
#include "core/chain/public_keys.hpp"
#include "core/codec/tx.hpp"
#include "core/consensus/era.hpp"
#include "core/disk/chain_loader.hpp"
#include "tests/actors/raw_http.hpp"
#include "tests/core/disk/disk_fixture.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <nlohmann/json.hpp>

namespace spacetime::test {
using nlohmann::json;

inline chain_spec regtest() {
  return *chain_spec::embedded("regtest");
}

/// Settings of a test's node; its clock stands ten seconds after genesis.
inline std::shared_ptr<const node_options>
options_in(const path& home, const std::string& listen) {
  auto out = std::make_shared<node_options>();
  out->chain_dir = home / "chain";
  out->run_dir = home / "run";
  out->rpc_listen = listen;
  out->storage.verify = disk::verify_policy::never;
  out->storage.map_start = 16 << 20;
  out->storage.sync = disk::sync_policy::batch;
  out->indexes = {true, true};
  out->storage.low_below = 0; // also on a machine that is nearly full
  out->now = [] { return timestamp{regtest().genesis.time.value + 10'000}; };
  return out;
}

class rpc_node {
public:
  explicit rpc_node(const std::string& listen = "127.0.0.1:0") {
    from.rules = std::make_shared<const consensus::protocol>(regtest());
    from.options = options_in(*home, listen);
    auto store =
        disk::store::open(from.options->chain_dir, from.rules->spec.network(),
                          from.options->storage);
    check(store && disk::ensure_genesis(*from.rules, *store)
              && disk::prepare_indexes(*from.rules, *store,
                                       from.options->indexes, {}),
          "a store can be made");
    from.store = std::make_shared<disk::store>(std::move(*store));
    from.signatures = std::make_shared<verified_signatures>(1000);
    add(from.actors.storage, spawn_storage(sys, from));
    add(from.actors.state, spawn_state(sys, from));
    add(from.actors.mempool, spawn_mempool(sys, from));
    add(from.actors.inspector, spawn_inspector(sys, from));
  }
  ~rpc_node() {
    stop_rpc();
    for (auto& a : running) caf::anon_send_exit(a, stop_reason);
    running.clear();
    from.actors = {};
    from.store.reset();
  }

  /// Returns when it listens; its first questions are on their way.
  void start_rpc() {
    rpc = spawn_rpc(sys, from);
    caf::scoped_actor self{sys};
    self->request(rpc, std::chrono::seconds{20}, atom::status_v)
        .receive([](const status_msg&) {},
                 [](caf::error&) { check(false, "the RPC actor answers"); });
    const auto raw = read_whole(home / "run/rpc");
    const std::string at(raw.begin(), raw.end());
    port = static_cast<std::uint16_t>(std::stoi(at.substr(at.find(':') + 1)));
    const auto secret = read_whole(home / "run/cookie");
    cookie.assign(secret.begin(), secret.end());
  }

  /// Waits for its end.
  void stop_rpc() {
    if (!rpc) return;
    caf::scoped_actor self{sys};
    self->monitor(rpc);
    caf::anon_send_exit(rpc, stop_reason);
    rpc = nullptr;
    self->receive([](const caf::down_msg&) {});
  }

  [[nodiscard]] std::string headers() const {
    return "Host: 127.0.0.1:" + std::to_string(port)
           + "\r\nContent-Type: application/json\r\nAuthorization: Bearer "
           + cookie + "\r\n";
  }

  /// The answer to a body, whatever it is.
  [[nodiscard]] json ask(const std::string& body) const {
    const auto text = body_of(fetch(port, post(headers(), body)));
    return json::parse(text, nullptr, false);
  }
  /// The answer to a call.
  [[nodiscard]] json call(const std::string& method,
                          const json& params = json::array()) const {
    return ask(json{
        {"jsonrpc", "2.0"}, {"id", 7}, {"method", method}, {"params", params}}
                   .dump());
  }

  temporary_directory home;
  system_config config;
  caf::actor_system sys{config};
  boot from;
  rpc_actor rpc;
  std::uint16_t port = 0;
  std::string cookie;

private:
  static constexpr auto stop_reason = caf::exit_reason::user_shutdown;

  template <class Handle>
  void add(Handle& to, Handle a) {
    running.push_back(caf::actor_cast<caf::actor>(a));
    to = std::move(a);
  }
  std::vector<caf::actor> running;
};

/// A payment from premine account 0 to account 1, sealed.
inline tx regtest_payment(std::uint64_t nonce, std::uint64_t motes = 5) {
  const auto key = *public_test_key("regtest", 0);
  const auto spec = regtest();
  tx t;
  t.sender = key.public_part();
  t.nonce = nonce;
  t.recipient = spec.genesis.premine[1].account;
  t.value = {motes};
  t.fee = {10'000};
  t.id = codec::id_of(spec.network(), t);
  t.seal = key.sign(t.id.value);
  return t;
}
} // namespace spacetime::test
