#include "core/base/hex.hpp"
#include "core/crypto/hash.hpp"

#include <doctest/doctest.h>

using namespace spacetime;

// FIPS 180-4 example: SHA-256("abc").
TEST_CASE("sha256 agrees with its published example") {
  CHECK(to_hex(sha256({view("abc")}))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256({view("a"), view("bc")}) == sha256({view("abc")}));
}

TEST_CASE("a tagged hash is SHA-256 of length, tag and parts") {
  CHECK(hash("st/x", {view("ab"), view("c")}) == sha256({view("\x04st/xabc")}));
}

TEST_CASE("a tag's length keeps tag and content apart") {
  CHECK(hash("st", {view("/a")}) != hash("st/", {view("a")}));
}
