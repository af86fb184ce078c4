// Known answers made by chiavdf; the file names its source and fields.

#include "tests/core/time/support.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

using namespace spacetime;
using namespace spacetime::vdf;
using nlohmann::json;

namespace {
/// The project's file and, if SPACETIME_VECTORS names a directory that has
/// one, another.
std::vector<json> files() {
  std::vector<json> out;
  for (const auto* variable : {"SPACETIME_TEST_VECTORS", "SPACETIME_VECTORS"}) {
    const auto* directory = std::getenv(variable);
    if (directory == nullptr) continue;
    std::ifstream in(std::filesystem::path(directory) / "proof-of-time.json");
    if (in) out.push_back(json::parse(in));
  }
  REQUIRE_FALSE(out.empty());
  return out;
}

template <class Check>
void each(const char* part, Check check) {
  for (const auto& file : files()) {
    REQUIRE_FALSE(file.at(part).empty());
    for (const auto& one : file.at(part)) check(one);
  }
}

bytes raw(const json& one, const char* field) {
  return *from_hex(one.at(field).get<std::string>());
}

/// Hashing to a discriminant takes milliseconds, and few are in the file.
discriminant discriminant_of(const json& one) {
  static std::map<std::pair<std::string, unsigned>, discriminant> known;
  const auto seed = one.at("seed").get<std::string>();
  const auto bits = one.at("bits").get<unsigned>();
  auto at = known.find({seed, bits});
  if (at == known.end()) {
    auto d = discriminant::from_seed(*from_hex<32>(seed), bits);
    at = known.emplace(std::pair{seed, bits}, *d).first;
  }
  return at->second;
}

integer prime(const json& one, const char* field) {
  return from_text("0x" + one.at(field).get<std::string>());
}
} // namespace

TEST_CASE("discriminants are chiavdf's") {
  each("discriminants", [](const json& one) {
    const auto bits = one.at("bits").get<unsigned>();
    CHECK(hash_prime(raw(one, "seed"), bits, {0, 1, 2, bits - 1})
          == prime(one, "abs_D"));
  });
}

TEST_CASE("challenge primes are chiavdf's") {
  each("challenge_primes", [](const json& one) {
    const auto seed = raw(one, "seed");
    CHECK(hash_prime(seed, one.at("bits"), {263}) == prime(one, "prime"));
    if (seed.size() != 200) return;
    bytes100 x;
    bytes100 y;
    std::copy_n(seed.begin(), 100, x.begin());
    std::copy_n(seed.begin() + 100, 100, y.begin());
    CHECK(challenge_prime(x, y) == prime(one, "prime"));
  });
}

TEST_CASE("squarings are chiavdf's") {
  each("squarings", [](const json& one) {
    const auto d = discriminant_of(one);
    class_group group(d);
    auto f = *decode(d, raw(one, "x"));
    std::uint64_t done = 0;
    for (const auto& at : one.at("results")) {
      const auto n = at.at("n").get<std::uint64_t>();
      group.square(f, n - done);
      done = n;
      CHECK(f.a == from_text(at.at("a")));
      CHECK(f.b == from_text(at.at("b")));
      CHECK(to_hex(encode(d, f)) == at.at("enc").get<std::string>());
    }
  });
}

TEST_CASE("products are chiavdf's") {
  each("products", [](const json& one) {
    const auto d = discriminant_of(one);
    class_group group(d);
    const auto g = *decode(d, raw(one, "g"));
    auto f = *decode(d, raw(one, "f"));
    group.multiply(f, g);
    CHECK(f.a == from_text(one.at("a")));
    CHECK(f.b == from_text(one.at("b")));
    CHECK(to_hex(encode(d, f)) == one.at("enc").get<std::string>());
  });
}

TEST_CASE("encoded forms get the strict verdict") {
  each("forms", [](const json& one) {
    const auto f = decode(discriminant_of(one), raw(one, "enc"));
    INFO(one.dump());
    CHECK(f.has_value() == one.at("strict").get<bool>());
    if (!f) CHECK(f.error() == errc::bad_proof_of_time);
  });
}

TEST_CASE("proofs get the strict verdict") {
  each("proofs", [](const json& one) {
    const auto verdict =
        verify(discriminant_of(one), raw(one, "x"),
               one.at("T").get<std::uint64_t>(), raw(one, "proof"));
    INFO(one.dump());
    CHECK(verdict.has_value() == one.at("strict").get<bool>());
    if (!verdict) CHECK(verdict.error() == errc::bad_proof_of_time);
  });
}
