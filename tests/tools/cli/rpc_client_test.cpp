#include "actors/rpc/http_server.hpp"
#include "tests/core/disk/disk_fixture.hpp"
#include "tools/spacetime/rpc_client.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace std::chrono_literals;
using cli::json;
using cli::rpc_client;

namespace {
/// A server that gives one answer to whoever has the cookie.
struct fake_node {
  explicit fake_node(rpc::http_answer answer)
      : home(config::home_at(*directory, "regtest")) {
    rpc::http_options o;
    o.at = {"127.0.0.1", 0};
    auto started = rpc::http_server::start(
        o,
        [this](const rpc::http_head& h) -> std::optional<rpc::http_answer> {
          if (rpc::is_our_host(h.host)
              && rpc::is_bearer(h.authorization, cookie.secret()))
            return std::nullopt;
          return rpc::http_answer{401, "who are you\n"};
        },
        [answer](const rpc::http_head&, const std::string&, rpc::deadline) {
          return answer;
        });
    REQUIRE(started.has_value());
    server = std::move(*started);
    REQUIRE(cookie.publish(home.run_dir, server->address()));
  }

  test::temporary_directory directory;
  config::home home;
  rpc::cookie cookie = rpc::cookie::make();
  std::unique_ptr<rpc::http_server> server;
};
} // namespace

TEST_CASE("a result comes back as the node gave it") {
  const fake_node n{
      {200, R"({"jsonrpc":"2.0","id":1,"result":{"b":1,"a":2}})"}};
  const auto client = rpc_client::open(n.home);
  REQUIRE(client.has_value());
  const auto said = client->call("x");
  REQUIRE(said.has_value());
  CHECK(said->dump() == R"({"b":1,"a":2})"); // in the node's order
}

TEST_CASE("a refusal keeps its code and its words") {
  const fake_node n{{200, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32004,)"
                          R"("message":"no","data":{"code":"not_found",)"
                          R"("hint":"no block at height 7"}}})"}};
  const auto said = rpc_client::open(n.home)->call("x");
  REQUIRE_FALSE(said.has_value());
  CHECK(said.error() == error{errc::not_found, "no block at height 7"});
}

TEST_CASE("no node is unavailable, whatever is missing") {
  const test::temporary_directory empty;
  const auto nothing = rpc_client::open(config::home_at(*empty, "regtest"));
  REQUIRE_FALSE(nothing.has_value());
  CHECK(nothing.error() == errc::unavailable);
  fake_node n{{200, "{}"}};
  const auto client = rpc_client::open(n.home);
  REQUIRE(client.has_value());
  n.server.reset(); // a crash leaves the files behind
  const auto said = client->call("x");
  REQUIRE_FALSE(said.has_value());
  CHECK(said.error() == errc::unavailable);
}

TEST_CASE("a wrong cookie and a wrong body are refusals, not absence") {
  const fake_node n{{200, "<html>"}};
  const auto garbage = rpc_client::open(n.home)->call("x");
  REQUIRE_FALSE(garbage.has_value());
  CHECK(garbage.error() == errc::malformed);
  test::write_whole(n.home.cookie_file, view("stale"));
  const auto stale = rpc_client::open(n.home)->call("x");
  REQUIRE_FALSE(stale.has_value());
  CHECK(stale.error() == errc::malformed);
  CHECK(stale.error().detail.find("401") != std::string::npos);
}

TEST_CASE("answers of any form are opened or refused") {
  for (const char* bad : {"", "[]", "{}", "7", R"({"error":7})",
                          R"({"error":{"message":7,"data":[1]}})",
                          R"({"error":{"data":{"code":7,"hint":{}}}})"})
    CHECK_FALSE(cli::open_answer(bad).has_value());
  // What the node lacks is not the node's absence.
  const auto part = cli::open_answer(
      R"({"error":{"message":"m","data":{"code":"unavailable"}}})");
  CHECK(part.error() == errc::busy);
}
