#include "tools/spacetime/format.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace spacetime;
using cli::json;

namespace {
json running() {
  return {{"schema", 1},
          {"version", "0.1.0"},
          {"network", "devnet"},
          {"state", "ok"},
          {"height", 5760},
          {"epoch", 11520},
          {"tip", "0x7ac391f0" + std::string(56, '0')},
          {"tip_time", 1'000'000},
          {"synced", true},
          {"peers", 0},
          {"time", 1'001'500},
          {"start_time", 1'000},
          {"failed_checks", json::array()},
          {"source", "rpc"},
          {"storage",
           {{"health", "ok"},
            {"why", ""},
            {"as_of", 1'001'500},
            {"used_bytes", 14'000'000},
            {"map_bytes", 1'000'000'000}}},
          {"mempool",
           {{"health", "ok"},
            {"why", ""},
            {"txs", 42},
            {"bytes", 18'000},
            {"max_bytes", 64'000'000},
            {"refused", 3}}},
          {"farm",
           {{"health", "ok"},
            {"why", ""},
            {"plots", 80},
            {"plot_bytes", 51'000'000},
            {"scanners", 2},
            {"lookups", 280'800},
            {"late", 0},
            {"errors", 0},
            {"won", 612},
            {"lost", 1}}}};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
} // namespace

TEST_CASE("a running node's status fits one screen and says all of it") {
  const auto text = cli::status_text(running());
  for (const std::string part :
       {"spacetime 0.1.0   devnet   up 16 min 40 s", "OK\n", "height 5760",
        "tip 7ac391f0..", "1 s ago", "synced", "42 tx", "14.0 MB of 1.00 GB",
        "FARMING   80 plots", "won 612 blocks"})
    CHECK_MESSAGE(has(text, part), part << " in\n" << text);
  CHECK(std::ranges::count(text, '\n') <= 24);
  CHECK_FALSE(has(text, "problem"));
  CHECK_FALSE(has(text, "as of"));
}

TEST_CASE("plots that look nothing up are not called farming") {
  auto s = running();
  s["farm"]["lookups"] = 0;
  CHECK(has(cli::status_text(s), "WAITING"));
  s["farm"]["plots"] = 0;
  CHECK(has(cli::status_text(s), "NO PLOTS"));
}

TEST_CASE("problems are named with their reason") {
  auto s = running();
  s["state"] = "unhealthy";
  s["storage"]["health"] = "failing";
  s["storage"]["why"] = "disk is almost full: read-only";
  s["failed_checks"] = {{{"name", "tip_quiet_ms"},
                         {"ok", false},
                         {"value", 65'000},
                         {"limit", 20'000}}};
  const auto text = cli::status_text(s);
  CHECK(has(text, "UNHEALTHY"));
  CHECK(has(text, "problem  storage failing: disk is almost full: read-only"));
  CHECK(has(text, "no new block for 1 min 5 s; the limit is 20 s"));
}

TEST_CASE("old data say how old they are") {
  auto s = running();
  s["farm"]["as_of"] = 1'001'500 - 12'000;
  CHECK(has(cli::status_text(s), "as of 12 s ago"));
}

TEST_CASE("a status from the database says that no node runs") {
  auto s = running();
  s["source"] = "database";
  s["state"] = "stopped";
  CHECK(has(cli::status_text(s), "no node is running"));
}

TEST_CASE("times are told as people say them") {
  CHECK(cli::ago(5000, 4000) == "1 s ago");
  CHECK(cli::ago(4000, 4500) == "0 s ago");
  CHECK(cli::ago(4000, 9000) == "in 5 s");
  CHECK(cli::ago(1'000'000, 0) == "16 min 40 s ago");
  CHECK(cli::short_id("0x7ac391f0aabbccdd") == "7ac391f0..");
  CHECK(cli::short_id(nullptr) == "-");
}

TEST_CASE("a block shows its transactions and hides its long proof") {
  const json block = {{"id", "0x01"},
                      {"height", 3},
                      {"time", 1'767'225'600'000},
                      {"space", {{"k", 18}, {"proof", "0xffff"}}},
                      {"time_entries", {{{"ticks", 2}, {"y", "0x0300000000"}}}},
                      {"txs",
                       {{{"txid", "0x02"},
                         {"sender_address", "dst1a"},
                         {"recipient_address", "dst1b"},
                         {"amount", "5"},
                         {"fee", "9"},
                         {"nonce", "0"}}}}};
  const auto text = cli::block_text(block);
  CHECK(has(text, "2026-01-01T00:00:00.000Z"));
  CHECK(has(text, "dst1a -> dst1b  5 motes, fee 9, nonce 0"));
  CHECK(has(text, "space.k"));
  CHECK_FALSE(has(text, "0xffff"));
}

TEST_CASE("no answer of a node can harm its reader") {
  std::mt19937_64 random{3};
  const auto whole = running().dump();
  for (int i = 0; i < 5000; ++i) {
    auto bad = whole;
    for (auto n = 1 + random() % 4; n > 0; --n)
      bad[random() % bad.size()] = "{}[]\":,0x-n"[random() % 11];
    const auto in = json::parse(bad, nullptr, false);
    if (!in.is_object()) continue;
    (void)cli::status_text(in);
    (void)cli::block_text(in);
    (void)cli::tip_text(in, 0);
    (void)cli::spec_text(in);
  }
}
