// The RPC actor over its real server, beside real actors on regtest's genesis.

#include "actors/rpc/dispatch.hpp"
#include "core/base/hex.hpp"
#include "core/crypto/account.hpp"
#include "core/crypto/bech32m.hpp"
#include "tests/actors/rpc_fixture.hpp"
#include "tests/cli/json_keys.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <future>
#include <random>

using namespace spacetime;
using namespace spacetime::test;
using namespace std::chrono_literals;

namespace {
using steady = std::chrono::steady_clock;

int code_of(const json& answer) {
  return answer.is_object() && answer.contains("error")
             ? answer["error"]["code"].get<int>()
             : 0;
}

std::string name_of_error(const json& answer) {
  return answer["error"]["data"]["code"].get<std::string>();
}

/// Asks until the RPC actor has heard of tip and statuses.
json status_once_known(const rpc_node& n) {
  for (const auto until = steady::now() + 20s; steady::now() < until;) {
    auto s = n.call("node_getStatus")["result"];
    if (s["state"] != "starting") return s;
  }
  return {};
}

std::string request_line(const std::string& start) {
  return start + " HTTP/1.1\r\n";
}

/// Answers nothing, ever; tells when it was asked.
mempool_actor silent_mempool(caf::actor_system& sys,
                             std::shared_ptr<std::promise<void>> asked) {
  return sys.spawn(
      [asked](mempool_actor::pointer self) -> mempool_actor::behavior_type {
        return {
            [self, asked](const tx_msg&) -> caf::result<std::uint32_t> {
              asked->set_value();
              return self->make_response_promise<std::uint32_t>();
            },
            [](atom::best, std::uint32_t, std::uint32_t) {
              return tx_list_msg{};
            },
            [](atom::find, const id_msg&) -> caf::result<tx_msg> {
              return caf::make_error(errc::not_found);
            },
            [self](const tx_list_msg&) -> caf::result<tx_verdicts_msg> {
              return self->make_response_promise<tx_verdicts_msg>();
            },
            [self](atom::account, const id_msg&, std::uint64_t,
                   std::uint64_t) -> caf::result<account_msg> {
              return self->make_response_promise<account_msg>();
            },
            [](atom::list, const pool_query_msg&) { return pool_page_msg{}; },
            [](atom::stats) { return pool_stats_msg{}; },
            [](atom::fee, std::uint64_t) { return std::uint64_t{0}; },
            [self](atom::wait, const id_msg&,
                   std::uint64_t) -> caf::result<tx_fate_msg> {
              return self->make_response_promise<tx_fate_msg>();
            },
            [](const tip_change_msg&) {},
            [](atom::renew) {},
            [self](atom::status) -> caf::result<status_msg> {
              return self->make_response_promise<status_msg>();
            },
        };
      });
}
} // namespace

TEST_CASE("only who knows the cookie is answered, and only on our names") {
  rpc_node n;
  n.start_rpc();
  const std::string host = "Host: localhost\r\n";
  const std::string type = "Content-Type: application/json\r\n";
  const std::string body = R"({"jsonrpc":"2.0","id":1,"method":"rpc_methods"})";
  const auto bearer = "Authorization: Bearer " + n.cookie + "\r\n";
  const auto ask = [&](const std::string& headers) {
    return status_of(fetch(n.port, post(headers, body)));
  };
  CHECK(ask(host + type + bearer) == 200);
  CHECK(ask(host + type) == 401);
  CHECK(ask(host + type + "Authorization: Bearer " + std::string(64, '0')
            + "\r\n")
        == 401);
  CHECK(ask(type + bearer) == 403);
  CHECK(ask("Host: example.org\r\n" + type + bearer) == 403);
  CHECK(ask(host + type + bearer + "Origin: http://example.org\r\n") == 403);
  CHECK(ask(host + type + bearer + "Origin: null\r\n") == 403);
  CHECK(ask(host + type + bearer + "Origin: http://localhost:1\r\n") == 200);
  CHECK(ask(host + bearer) == 415);
  CHECK(ask(host + "Content-Type: text/plain\r\n" + bearer) == 415);
  const auto get = [&](const std::string& path) {
    return status_of(
        fetch(n.port, request_line("GET " + path) + host + "\r\n"));
  };
  CHECK(get("/healthz/live") == 200);
  CHECK(get("/healthz/farmer") == 404);
  CHECK(get("/metrics") == 401);
  CHECK(get("/") == 401);
  CHECK(status_of(fetch(n.port,
                        request_line("GET /metrics") + host + bearer + "\r\n"))
        == 404);
  CHECK(status_of(fetch(n.port, request_line("GET /healthz")
                                    + "Host: example.org\r\n\r\n"))
        == 403);
}

TEST_CASE("an address for other machines ends the actor with bad_config") {
  rpc_node n{"0.0.0.0:0"};
  caf::scoped_actor self{n.sys};
  const auto rpc = spawn_rpc(n.sys, n.from);
  self->monitor(rpc);
  caf::error why;
  self->receive([&](const caf::down_msg& m) { why = m.reason; });
  CHECK(from_caf(why) == errc::bad_config);
  CHECK(from_caf(why).detail.find("127.0.0.1:9791") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(n.home / "run/cookie"));
}

TEST_CASE("the cookie goes with the server, and the next one is another") {
  rpc_node n;
  n.start_rpc();
  const auto first = n.cookie;
  n.stop_rpc();
  CHECK_FALSE(std::filesystem::exists(n.home / "run/cookie"));
  CHECK_FALSE(std::filesystem::exists(n.home / "run/rpc"));
  n.start_rpc();
  CHECK(n.cookie != first);
}

TEST_CASE("errors follow JSON-RPC 2.0 and name what is wrong") {
  rpc_node n;
  n.start_rpc();
  CHECK(code_of(n.ask("{")) == -32700);
  CHECK(code_of(n.ask("\xff\xfe")) == -32700);
  CHECK(code_of(n.ask("[]")) == -32600);
  CHECK(code_of(n.ask("7")) == -32600);
  CHECK(code_of(n.ask(R"({"id":1,"method":"rpc_methods"})")) == -32600);
  CHECK(code_of(n.ask(R"({"jsonrpc":"2.0","id":1,"method":7})")) == -32600);
  CHECK(code_of(n.call("chain_noSuch")) == -32601);
  CHECK(code_of(n.call("chain_getBlock", 7)) == -32602);
  const auto missing = n.call("chain_getBlock");
  CHECK(code_of(missing) == -32602);
  CHECK(missing["error"]["data"]["parameter"] == "block");
  CHECK(code_of(n.call("chain_getBlock", json::array({1, 2}))) == -32602);
  CHECK(code_of(n.call("chain_getBlock", json::array({-1}))) == -32602);
  CHECK(code_of(n.call("chain_getBlock", json::array({1.5}))) == -32602);
  CHECK(code_of(n.call("chain_getBlock", json::array({"xyz"}))) == -32602);
  const auto unknown =
      n.call("chain_getBlock", {{"block", 0}, {"verbose", true}});
  CHECK(code_of(unknown) == -32602);
  CHECK(unknown["error"]["data"]["parameter"] == "verbose");
  const auto absent = n.call("chain_getBlock", json::array({77}));
  CHECK(code_of(absent) == -32004);
  CHECK(name_of_error(absent) == "not_found");
  CHECK(n.ask(R"({"jsonrpc":"2.0","id":"me","method":"no"})")["id"] == "me");
  CHECK(n.ask(R"({"jsonrpc":"2.0","id":[1],"method":"no"})")["id"].is_null());
}

TEST_CASE("a batch answers each of up to 50 and no notification") {
  rpc_node n;
  n.start_rpc();
  json batch = json::array();
  for (int i = 0; i < 50; ++i)
    batch.push_back(
        {{"jsonrpc", "2.0"}, {"id", i}, {"method", "chain_getTip"}});
  auto all = n.ask(batch.dump());
  REQUIRE(all.size() == 50);
  for (int i = 0; i < 50; ++i) CHECK(all[i]["id"] == i);
  batch.push_back(batch[0]);
  CHECK(code_of(n.ask(batch.dump())) == -32006);
  const std::string quiet = R"({"jsonrpc":"2.0","method":"chain_getTip"})";
  CHECK(n.ask("[" + quiet + ",7," + quiet + "]").size() == 1);
  CHECK(status_of(fetch(n.port, post(n.headers(), quiet))) == 204);
  CHECK(status_of(fetch(n.port, post(n.headers(), "[" + quiet + "]"))) == 204);
}

TEST_CASE("nesting deeper than 32 is refused before it is parsed") {
  CHECK_FALSE(rpc::is_deeper(std::string(32, '['), 32));
  CHECK(rpc::is_deeper(std::string(33, '['), 32));
  CHECK_FALSE(rpc::is_deeper("\"" + std::string(99, '[') + "\"", 32));
  CHECK(rpc::is_deeper("\"\\\"\"" + std::string(99, '{'), 32));
  rpc_node n;
  n.start_rpc();
  CHECK(code_of(n.ask(std::string(900'000, '['))) == -32006);
  CHECK(code_of(n.ask(std::string(33, '[') + std::string(33, ']'))) == -32006);
}

TEST_CASE("the chain is told as the database has it") {
  rpc_node n;
  n.start_rpc();
  const auto tip = n.call("chain_getTip")["result"];
  CHECK(tip["height"] == 0);
  const auto id = tip["id"].get<std::string>();
  CHECK(n.call("chain_getBlockHash", {{"height", 0}})["result"] == id);
  const auto block = n.call("chain_getBlock", json::array({0}))["result"];
  CHECK(block == n.call("chain_getBlock", json::array({"0"}))["result"]);
  CHECK(block == n.call("chain_getBlock", {{"block", id}})["result"]);
  CHECK(block["id"] == id);
  CHECK(block["on_best_chain"] == true);
  auto head = n.call("chain_getHeader", json::array({0}))["result"];
  head["txs"] = json::array();
  CHECK(head == block);
  const auto spec = n.call("chain_getSpec")["result"];
  CHECK(spec["network_id"] == "0x" + to_hex(regtest().network().value));
  CHECK(spec["rules"]["subsidy"][0]["value"].is_string());
  const auto supply = n.call("chain_getSupply")["result"];
  CHECK(supply["issued"] == "4000000000000000");
  CHECK(supply["immature"] == "0");
  CHECK(supply["spendable"] == supply["issued"]);
}

TEST_CASE("orders about blocks name a stored one, above genesis") {
  rpc_node n;
  n.start_rpc();
  for (const char* method :
       {"debug_invalidateBlock", "debug_reconsiderBlock"}) {
    CAPTURE(method);
    const auto code = [&](const json& block) {
      return n.call(method, json::array({block}))["error"]["code"];
    };
    CHECK(code(1) == -32004);
    CHECK(code(std::string(64, 'a')) == -32004);
    CHECK(code("tip") == -32602);
  }
  const auto genesis = n.call("debug_invalidateBlock", json::array({0}));
  CHECK(genesis["error"]["code"] == -32602);
  CHECK(genesis["error"]["data"]["hint"] == "genesis cannot be invalidated");
  const auto same = n.call("debug_reconsiderBlock", json::array({0}))["result"];
  CHECK(same["moved"] == false);
  CHECK(same["height"] == 0);
  CHECK(same["tip"] == n.call("chain_getTip")["result"]["id"]);
  CHECK(n.call("chain_getForks", json::array({5}))["result"]["forks"].empty());
}

TEST_CASE("an account is found by address and by id, and only on its network") {
  rpc_node n;
  n.start_rpc();
  const auto id = regtest().genesis.premine[0].account;
  const auto& hrp = regtest().genesis.hrp;
  const auto get = [&](const std::string& who) {
    return n.call("chain_getAccount", json::array({who}));
  };
  const auto a = get(encode_address(hrp, id))["result"];
  CHECK(a["balance"] == "1000000000000000");
  CHECK(a["nonce"] == "0");
  CHECK(a["account"] == "0x" + to_hex(id.value));
  CHECK(a == get("0x" + to_hex(id.value))["result"]);
  CHECK(code_of(get(encode_address("st", id))) == -32602);
  CHECK(code_of(get("0x12")) == -32602);
  CHECK(get("0x" + std::string(64, '1'))["result"]["balance"] == "0");
}

TEST_CASE("transactions reach the mempool, one by one or many at once") {
  rpc_node n;
  n.start_rpc();
  const auto raw = [](const tx& t) { return "0x" + to_hex(codec::encode(t)); };
  const auto first = regtest_payment(0);
  const auto txid = "0x" + to_hex(first.id.value);
  CHECK(n.call("tx_submit", json::array({raw(first)}))["result"] == txid);
  const auto again = n.call("tx_submit", json::array({raw(first)}));
  CHECK(code_of(again) == -32010);
  CHECK(name_of_error(again) == "duplicate");
  CHECK(again["error"]["data"]["txid"] == txid);
  auto forged = regtest_payment(1);
  forged.seal.value[0] ^= 1;
  auto list = json::array({raw(regtest_payment(1)), raw(forged), "0x00", "zz"});
  const auto many =
      n.call("tx_submit", json::array({std::move(list)}))["result"];
  REQUIRE(many.size() == 4);
  CHECK(many[0].contains("txid"));
  CHECK(many[1]["error"]["code"] == -32010);
  CHECK(many[2]["error"]["data"]["code"] == "bad_tx_size");
  CHECK(many[3]["error"]["code"] == -32602);
  CHECK(n.call("tx_getStatus", json::array({txid}))["result"]["state"]
        == "waiting");
  const auto absent =
      n.call("tx_getStatus", json::array({"0x" + std::string(64, '0')}));
  CHECK(absent["result"]["state"] == "unknown");
  CHECK(code_of(n.call("tx_get", json::array({"0x" + std::string(64, '0')})))
        == -32004);
  CHECK(n.call("tx_get", json::array({txid}))["result"]["tx"]["amount"] == "5");
  const auto page = n.call("tx_getPool", json::array({1}))["result"];
  REQUIRE(page["txs"].size() == 1);
  const auto rest =
      n.call("tx_getPool", json::array({1, page["next"]}))["result"];
  REQUIRE(rest["txs"].size() == 1);
  CHECK(rest["txs"][0]["txid"] != page["txs"][0]["txid"]);
  CHECK(n.call("tx_getPool", json::array({5, rest["next"]}))["result"]
        == json{{"txs", json::array()}, {"next", nullptr}});
  CHECK(n.call("tx_getPool")["result"]["next"] == nullptr);
  for (const auto* bad : {"0x", "zz", "0x00"})
    CHECK(code_of(n.call("tx_getPool", json::array({1, bad}))) == -32602);
  const auto decoded = n.call("tx_decode", json::array({raw(first)}))["result"];
  CHECK(decoded["txid"] == txid);
  CHECK(decoded["amount"] == "5");
  CHECK(code_of(n.call("tx_decode", json::array({"0x00"}))) == -32602);
  json too_many = json::array();
  for (int i = 0; i < 501; ++i) too_many.push_back("0x00");
  CHECK(code_of(n.call("tx_submit", json::array({too_many}))) == -32602);
  CHECK(status_once_known(n)["mempool"]["txs"] == 2);
}

TEST_CASE("an account's pending nonce and balance count what waits") {
  rpc_node n;
  n.start_rpc();
  const auto raw = "0x" + to_hex(codec::encode(regtest_payment(0)));
  REQUIRE(n.call("tx_submit", json::array({raw})).contains("result"));
  const auto id = regtest().genesis.premine[0].account;
  const auto a = n.call("chain_getAccount",
                        json::array({"0x" + to_hex(id.value)}))["result"];
  CHECK(a["nonce"] == "0");
  CHECK(a["pending_nonce"] == "1");
  CHECK(a["balance"] == "1000000000000000");
  CHECK(a["pending_balance"] == "999999999989995");
}

TEST_CASE("the pool's counters and the fee estimate fit what waits") {
  rpc_node n;
  n.start_rpc();
  auto estimate = n.call("tx_estimateFee")["result"];
  CHECK(estimate["rate"] == "1000");
  CHECK(estimate["fee"] == "159");
  CHECK(estimate["fee_new_account"] == "415");
  CHECK(n.call("tx_estimateFee", json::array({2, 239}))["result"]["fee"]
        == "239");
  for (const auto& bad : {json::array({0}), json::array({1001}),
                          json::array({1, 158}), json::array({1, 240})})
    CHECK(code_of(n.call("tx_estimateFee", bad)) == -32602);
  auto forged = regtest_payment(1);
  forged.seal.value[0] ^= 1;
  for (const auto& t : {regtest_payment(0), forged})
    (void)n.call("tx_submit", json::array({"0x" + to_hex(codec::encode(t))}));
  const auto stats = n.call("tx_getPoolStats")["result"];
  CHECK(stats["txs"] == 1);
  CHECK(stats["bytes"] == 159);
  CHECK(stats["max_bytes"] == 64 << 20);
  CHECK(stats["min_rate"] == "1000");
  CHECK(stats["refused"] == json{{"bad_signature", 1}});
  CHECK(stats["gone"]["evicted"] == 0);
  REQUIRE(stats["rates"].size() == 1);
  CHECK(stats["rates"][0]["count"] == 1);
}

TEST_CASE("tx_wait answers at its own deadline, and four may wait at a time") {
  rpc_node n;
  n.start_rpc();
  const auto t = regtest_payment(0);
  const auto id = "0x" + to_hex(t.id.value);
  CHECK(code_of(n.call("tx_wait", json::array({id}))) == -32004);
  REQUIRE(n.call("tx_submit", json::array({"0x" + to_hex(codec::encode(t))}))
              .contains("result"));
  CHECK(n.call("tx_wait", json::array({id, 1}))["result"]["state"]
        == "waiting");
  const auto body = json{{"jsonrpc", "2.0"},
                         {"id", 1},
                         {"method", "tx_wait"},
                         {"params", json::array({id})}}
                        .dump();
  std::vector<std::unique_ptr<raw_connection>> waiting;
  for (int i = 0; i < 5; ++i) {
    waiting.push_back(std::make_unique<raw_connection>(n.port));
    REQUIRE(waiting.back()->send(post(n.headers(), body)));
  }
  // One of the five finds the others in all places.
  auto refused = waiting.end();
  for (const auto until = steady::now() + 20s;
       refused == waiting.end() && steady::now() < until;)
    refused = std::ranges::find_if(
        waiting, [](const auto& w) { return w->ready(10ms); });
  REQUIRE(refused != waiting.end());
  CHECK(code_of(json::parse(body_of((*refused)->read_all()))) == -32002);
  waiting.erase(refused);
  CHECK(n.call("chain_getTip").contains("result"));
  // A replacement tells all of them.
  auto more = t;
  more.fee.value *= 2;
  more.id = codec::id_of(regtest().network(), more);
  more.seal = public_test_key("regtest", 0)->sign(more.id.value);
  REQUIRE(n.call("tx_submit", json::array({"0x" + to_hex(codec::encode(more))}))
              .contains("result"));
  for (const auto& w : waiting)
    CHECK(json::parse(body_of(w->read_all()))["result"]["state"] == "replaced");
}

TEST_CASE("an account's history has its rows, pages and refusals") {
  rpc_node n;
  n.start_rpc();
  const auto payer = "0x" + to_hex(account_of(regtest_payment(0).sender).value);
  const auto all = n.call("chain_getHistory", json::array({payer}))["result"];
  test::check_keys("chain_getHistory", all);
  REQUIRE(all["rows"].size() == 1);
  CHECK(all["rows"][0]["kind"] == "premine");
  CHECK(all["rows"][0]["amount"]
        == std::to_string(regtest().genesis.premine[0].value.value));
  CHECK(all["next"].is_null());
  const auto none =
      n.call("chain_getHistory", json::array({payer, 5, "0:1"}))["result"];
  CHECK(none["rows"].empty());
  const auto bad = n.call("chain_getHistory", json::array({payer, 5, "x"}));
  CHECK(code_of(bad) == -32602);
  test::check_keys(
      "tx_getStatus",
      n.call("tx_getStatus",
             json::array({"0x" + std::string(64, '1')}))["result"]);
  // Without the indexes the answer names what turns them on.
  REQUIRE(
      disk::prepare_indexes(*n.from.rules, *n.from.store, {false, false}, {}));
  const auto off = n.call("chain_getHistory", json::array({payer}));
  CHECK(code_of(off) == -32005);
  CHECK(off.dump().find("storage.history_index = true") != std::string::npos);
  CHECK(n.call("tx_getStatus", json::array({"0x" + std::string(64, '1')}))
            .dump()
            .find("storage.tx_index = true")
        != std::string::npos);
}

TEST_CASE("status and health know tip and actors") {
  rpc_node n;
  n.start_rpc();
  const auto s = status_once_known(n);
  CHECK(s["state"] == "ok");
  CHECK(s["height"] == 0);
  CHECK(s["synced"] == true);
  CHECK(s["network"] == "regtest");
  CHECK(s["chain"]["health"] == "ok");
  CHECK(s["storage"]["used_bytes"].is_number_unsigned());
  const auto health =
      fetch(n.port, request_line("GET /healthz") + "Host: localhost\r\n\r\n");
  CHECK(status_of(health) == 200);
  CHECK(json::parse(body_of(health)) == n.call("node_getHealth")["result"]);
  const auto actors = n.call("node_getActors")["result"]["actors"];
  CHECK(actors.size() >= 5);
}

TEST_CASE("every method is listed, described and answers") {
  rpc_node n;
  n.start_rpc();
  const auto list = n.call("rpc_methods")["result"];
  const auto document = n.call("rpc_discover")["result"];
  REQUIRE(list.size() == document["methods"].size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    CHECK(list[i]["name"] == document["methods"][i]["name"]);
    CHECK_FALSE(list[i]["text"].get<std::string>().empty());
    CHECK(code_of(n.call(list[i]["name"])) != -32601);
  }
}

TEST_CASE("the keys of answers are those of the committed file") {
  rpc_node n;
  n.start_rpc();
  (void)status_once_known(n);
  const auto raw = "0x" + to_hex(codec::encode(regtest_payment(0)));
  const auto who = encode_address(regtest().genesis.hrp,
                                  regtest().genesis.premine[0].account);
  REQUIRE(n.call("tx_submit", json::array({raw})).contains("result"));
  const std::vector<std::pair<std::string, json>> calls = {
      {"node_getStatus", json::array()},
      {"node_getVersion", json::array()},
      {"node_getHealth", json::array()},
      {"node_getActors", json::array()},
      {"chain_getTip", json::array()},
      {"chain_getHeader", json::array({0})},
      {"chain_getBlock", json::array({0})},
      {"chain_getAccount", json::array({who})},
      {"chain_getSpec", json::array()},
      {"chain_getSupply", json::array()},
      {"chain_getForks", json::array()},
      {"chain_getReorgs", json::array()},
      {"tx_decode", json::array({raw})},
      {"tx_getPool", json::array()},
      {"tx_getPoolStats", json::array()},
      {"tx_estimateFee", json::array()},
      {"tx_wait", json::array({"0x" + to_hex(regtest_payment(0).id.value), 1})},
  };
  for (const auto& [method, params] : calls)
    check_keys(method, n.call(method, params)["result"]);
}

TEST_CASE("no damage to a request's text harms the node") {
  rpc_node n;
  rpc::node_view view{n.sys, n.from};
  const std::string good[] = {
      R"({"jsonrpc":"2.0","id":1,"method":"chain_getBlock","params":["0"]})",
      R"([{"jsonrpc":"2.0","id":"a\u00e9","method":"tx_decode",)"
      R"("params":{"raw":"0x00"}},)"
      R"({"jsonrpc":"2.0","method":"chain_getBlockHash","params":[0]}])",
      R"({"jsonrpc":"2.0","id":null,"method":"tx_submit","params":[["0x01"]]})",
  };
  std::mt19937_64 random{7};
  for (int i = 0; i < 20'000; ++i) {
    auto bad = good[random() % std::size(good)];
    for (auto k = 1 + random() % 3; k > 0; --k) {
      const auto at = random() % bad.size();
      switch (random() % 4) {
      case 0: bad[at] = static_cast<char>(random()); break;
      case 1: bad[at] = "[]{}\",:0\\"[random() % 9]; break;
      case 2: bad.insert(at, 1, static_cast<char>(random())); break;
      default: bad.erase(at, 1 + random() % 3); break;
      }
      if (bad.empty()) bad = "x";
    }
    const auto answer = rpc::answer(view, bad, steady::now() + 10s);
    if (answer)
      CHECK_FALSE(json::parse(*answer, nullptr, false).is_discarded());
  }
}

TEST_CASE("calls after the deadline are busy, not late") {
  rpc_node n;
  rpc::node_view view{n.sys, n.from};
  const auto a = json::parse(
      *rpc::answer(view, R"({"jsonrpc":"2.0","id":1,"method":"chain_getTip"})",
                   steady::now()));
  CHECK(code_of(a) == -32002);
  CHECK(name_of_error(a) == "timed_out");
}

TEST_CASE("a silent actor delays neither status nor the end") {
  rpc_node n;
  const auto asked = std::make_shared<std::promise<void>>();
  const auto silent = silent_mempool(n.sys, asked);
  const auto real = std::exchange(n.from.actors.mempool, silent);
  n.start_rpc();
  auto start = steady::now();
  CHECK(n.call("node_getStatus")["result"]["mempool"]["health"] == "absent");
  CHECK(steady::now() - start < 2s);
  const raw_connection waiting{n.port};
  const auto raw = "0x" + to_hex(codec::encode(regtest_payment(0)));
  REQUIRE(waiting.send(post(
      n.headers(), R"({"jsonrpc":"2.0","id":1,"method":"tx_submit","params":[")"
                       + raw + "\"]}")));
  REQUIRE(asked->get_future().wait_for(20s) == std::future_status::ready);
  const raw_connection idle{n.port};
  start = steady::now();
  n.stop_rpc();
  CHECK(steady::now() - start < 1s);
  caf::anon_send_exit(silent, caf::exit_reason::user_shutdown);
}
