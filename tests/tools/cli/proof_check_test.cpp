#include "tests/cli/json_keys.hpp"
#include "tools/spacetime/proof_check.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

using namespace spacetime;
using cli::json;

namespace {
json vectors(const char* name) {
  const char* directory = std::getenv("SPACETIME_TEST_VECTORS");
  REQUIRE(directory != nullptr);
  std::ifstream in{std::filesystem::path(directory) / name};
  return json::parse(in);
}

/// A proof of a plot's list, as a person would write it down.
json question(const json& plot, const json& proof) {
  return {{"plot_id", plot["plot_id"]},      {"k", plot["k"]},
          {"strength", plot["strength"]},    {"testnet", plot["testnet"]},
          {"challenge", proof["challenge"]}, {"proof", proof["proof"]}};
}

template <class F>
void each_space_proof(F f) {
  const auto all = vectors("proof-of-space.json");
  for (const auto& plot : all["plots"])
    if (plot.contains("proofs"))
      for (const auto& proof : plot["proofs"]) f(question(plot, proof), proof);
}

/// Calls f for every list of this name, wherever it is.
template <class F>
void each_in(const json& in, const std::string& name, F& f) {
  if (!in.is_structured()) return;
  if (in.is_object() && in.contains(name))
    for (const auto& x : in[name]) f(x);
  for (const auto& [key, value] : in.items())
    if (key != name) each_in(value, name, f);
}
} // namespace

TEST_CASE("the valid proofs of space are valid, with their quality") {
  std::size_t n = 0;
  each_space_proof([&](const json& in, const json& proof) {
    const auto v = cli::check_space_proof(in);
    REQUIRE(v.has_value());
    CHECK_FALSE(v->refused.has_value());
    CHECK(v->facts["quality"]
          == "0x" + proof["quality_blob"].get<std::string>());
    ++n;
  });
  CHECK(n > 0);
}

TEST_CASE("the damaged proofs of space fail R9 or R8, and never as bad input") {
  std::size_t n = 0;
  const auto all = vectors("proof-of-space.json");
  const auto refuse = [&](const json& in) {
    const auto v = cli::check_space_proof(in);
    REQUIRE(v.has_value());
    REQUIRE_MESSAGE(v->refused.has_value(), in["why"].get<std::string>());
    CHECK((v->rule == "R9" || v->rule == "R8"));
    ++n;
  };
  each_in(all, "negative", refuse);
  each_in(all, "negative_length", refuse);
  CHECK(n > 50);
}

TEST_CASE("proofs of time get the strict verdict, and R10 when they fail") {
  std::size_t valid = 0, refused = 0;
  const auto all = vectors("proof-of-time.json");
  for (const auto& in : all["proofs"]) {
    const auto v = cli::check_time_proof(in);
    REQUIRE(v.has_value());
    CHECK(v->refused.has_value() != in["strict"].get<bool>());
    if (v->refused) CHECK(v->rule == "R10");
    ++(v->refused ? refused : valid);
  }
  CHECK(valid > 0);
  CHECK(refused > 0);
}

TEST_CASE("a missing or mistyped field is named") {
  json good;
  each_space_proof([&](const json& in, const json&) { good = in; });
  for (const char* key : {"k", "strength", "testnet", "challenge", "proof"}) {
    auto bad = good;
    bad.erase(key);
    auto v = cli::check_space_proof(bad);
    REQUIRE_FALSE(v.has_value());
    CHECK(v.error() == errc::bad_encoding);
    CHECK(v.error().detail.find(key) != std::string::npos);
    bad[key] = json::array();
    v = cli::check_space_proof(bad);
    REQUIRE_FALSE(v.has_value());
    CHECK(v.error().detail.find(key) != std::string::npos);
  }
  good["network"] = "nowhere";
  CHECK_FALSE(cli::check_space_proof(good).has_value());
}

TEST_CASE("numbers may be text and hex may have its prefix") {
  json good;
  each_space_proof([&](const json& in, const json&) { good = in; });
  good["k"] = std::to_string(good["k"].get<unsigned>());
  good["proof"] = "0x" + good["proof"].get<std::string>();
  const auto v = cli::check_space_proof(good);
  REQUIRE(v.has_value());
  CHECK_FALSE(v->refused.has_value());
}

TEST_CASE("a network's plots have its size, else R8 says so") {
  json good;
  each_space_proof([&](const json& in, const json&) { good = in; });
  good["network"] = "devnet";
  good["k"] = 20;
  const auto v = cli::check_space_proof(good);
  REQUIRE(v.has_value());
  CHECK(v->rule == "R8");
  CHECK(v->refused == errc::bad_plot_parameters);
}

TEST_CASE("the keys of a verdict are those of the committed file") {
  json good;
  each_space_proof([&](const json& in, const json&) { good = in; });
  test::check_keys("verify_space_valid",
                   cli::to_json(*cli::check_space_proof(good), "space"));
  good["proof"] = "00";
  test::check_keys("verify_space_refused",
                   cli::to_json(*cli::check_space_proof(good), "space"));
  const auto all = vectors("proof-of-time.json");
  test::check_keys(
      "verify_time_valid",
      cli::to_json(*cli::check_time_proof(all["proofs"][0]), "time"));
}
