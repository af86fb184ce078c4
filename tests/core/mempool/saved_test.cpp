#include "core/crypto/hash.hpp"
#include "core/mempool/saved.hpp"
#include "tests/core/tx/example.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::mempool;
using namespace spacetime::test;

namespace {
std::vector<saved_tx> some(std::size_t n) {
  std::vector<saved_tx> out;
  for (std::size_t i = 0; i < n; ++i) {
    auto t = payment(name(static_cast<std::uint8_t>(i)), i, account_named(200),
                     1 + i);
    t.memo.assign(i % 81, static_cast<std::uint8_t>(i));
    t.id = codec::id_of(example_network(), t);
    out.push_back({t, {1'000 + i}});
  }
  return out;
}

bytes file_of(const std::vector<saved_tx>& all) {
  saved_writer w{example_network()};
  for (const auto& s : all) w.add(s.t, s.since);
  const auto n = w.count();
  auto out = std::move(w).take();
  seal(out, n);
  return out;
}

/// With a checksum that fits.
bytes sealed_again(bytes file) {
  if (file.size() < 32) return file;
  file.resize(file.size() - 32);
  const auto sum = sha256({file});
  file.insert(file.end(), sum.begin(), sum.end());
  return file;
}

errc refusal(byte_view file, const network_id& n = example_network()) {
  const auto out = open_saved(n, file);
  REQUIRE_FALSE(out);
  return out.error().code;
}
} // namespace

TEST_CASE("what was saved is read back, in order, with its times") {
  for (const std::size_t n : {0, 1, 2, 100}) {
    const auto all = some(n);
    CHECK(open_saved(example_network(), file_of(all)) == all);
  }
}

TEST_CASE("a file of waiting transactions is laid out as documented") {
  const auto file = file_of(some(1));
  CHECK(std::string(file.begin(), file.begin() + 8) == "STPOOL\r\n");
  CHECK(bytes(file.begin() + 8, file.begin() + 10) == bytes{0, 1});
  const auto network = example_network().value;
  CHECK(std::equal(network.begin(), network.end(), file.begin() + 10));
  CHECK(bytes(file.begin() + 42, file.begin() + 46) == bytes{0, 0, 0, 1});
  CHECK(bytes(file.begin() + 46, file.begin() + 56)
        == bytes{0, 0, 0, 0, 0, 0, 3, 232, 0, 159});
  CHECK(file.size() == 46 + 10 + 159 + 32);
}

TEST_CASE("a file of another network, version or kind is refused by name") {
  const auto file = file_of(some(3));
  CHECK(refusal(file, {hash("st/network", {})}) == errc::wrong_network);
  auto other = file;
  other[9] = 2;
  CHECK(refusal(sealed_again(other)) == errc::bad_version);
  other = file;
  other[0] ^= 1;
  CHECK(refusal(sealed_again(other)) == errc::malformed);
  CHECK(refusal({}) == errc::malformed);
}

TEST_CASE("no truncation and no single flip of a saved file is read") {
  const auto file = file_of(some(3));
  for (std::size_t n = 0; n < file.size(); ++n)
    CHECK_FALSE(open_saved(example_network(), byte_view{file}.first(n)));
  for (std::size_t i = 0; i < file.size() * 8; ++i) {
    auto bad = file;
    bad[i / 8] ^= static_cast<std::uint8_t>(1u << i % 8);
    CHECK_FALSE(open_saved(example_network(), bad));
  }
}

TEST_CASE("damage behind a good checksum is an error or another sound file, "
          "and takes no memory that is not there") {
  random_source random{7};
  const auto file = file_of(some(4));
  for (int i = 0; i < 20'000; ++i) {
    const auto out =
        open_saved(example_network(), sealed_again(mutated(file, random)));
    if (out) CHECK(out->size() <= 5);
  }
  for (std::size_t n = 0; n < file.size(); ++n)
    CHECK_FALSE(open_saved(
        example_network(),
        sealed_again(bytes(file.begin(),
                           file.begin() + static_cast<std::ptrdiff_t>(n)))));
  auto greedy = file;
  std::fill_n(greedy.begin() + 42, 4, std::uint8_t{255});
  CHECK(refusal(sealed_again(greedy)) == errc::malformed);
}

TEST_CASE("noise is no saved file") {
  random_source random{8};
  for (int i = 0; i < 2'000; ++i) {
    bytes noise(random() % 400);
    for (auto& b : noise) b = static_cast<std::uint8_t>(random());
    CHECK_FALSE(open_saved(example_network(), noise));
    CHECK_FALSE(open_saved(example_network(), sealed_again(noise)));
  }
}
