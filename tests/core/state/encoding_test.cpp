#include "core/state/delta.hpp"
#include "tests/core/tx/example.hpp"

#include <doctest/doctest.h>

using namespace spacetime;
using namespace spacetime::state;
using namespace spacetime::test;

namespace {
account any_account(random_source& random) {
  account a;
  if (random() % 4 == 0) return a;
  a.nonce = random() % 3 == 0 ? 0 : random();
  a.balance.value = 1 + random() % 1000;
  if (random() % 3 == 0) a.extension = random_bytes<32>(random);
  return a;
}

account existing_account(random_source& random) {
  for (;;)
    if (const auto a = any_account(random); exists(a)) return a;
}

std::vector<reward> any_rewards(random_source& random) {
  std::vector<reward> out(random() % 6);
  auto at = static_cast<std::uint32_t>(1 + random() % 1000);
  for (auto& r : out) r = {{at++}, {random_bytes<32>(random)}, {random()}};
  return out;
}

delta any_delta(random_source& random) {
  delta d;
  d.height.value = static_cast<std::uint32_t>(2 + random() % 1000);
  d.earned = {d.height, {random_bytes<32>(random)}, {random()}};
  if (random() % 2 == 0)
    d.credited = {{d.height.value - 1}, {random_bytes<32>(random)}, {random()}};
  d.root_before = random_bytes<32>(random);
  d.root_after = random_bytes<32>(random);
  for (auto n = random() % 5; n > 0; --n) {
    account_change c{{random_bytes<32>(random)}, any_account(random), {}};
    c.after = c.before;
    ++c.after.nonce;
    d.accounts.push_back(c);
  }
  std::sort(d.accounts.begin(), d.accounts.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  return d;
}

/// The same hostile bytes for each kind: `make` gives canonical bytes,
/// `again` decodes and encodes, or gives nothing.
template <class Make, class Again>
void survives_hostile_bytes(Make make, Again again) {
  random_source random{11};
  for (int i = 0; i < 30; ++i) {
    auto raw = make(random);
    REQUIRE(again(raw) == std::optional{raw});
    for (std::size_t n = 0; n < raw.size(); ++n)
      REQUIRE_FALSE(
          again(bytes(raw.begin(), raw.begin() + static_cast<long>(n))));
    raw.push_back(0);
    REQUIRE_FALSE(again(raw));
  }
  int accepted = 0;
  for (int i = 0; i < 50'000; ++i) {
    const auto raw = mutated(make(random), random);
    const auto back = again(raw);
    if (!back) continue;
    ++accepted;
    REQUIRE(*back == raw);
  }
  CHECK(accepted > 1000);
}
} // namespace

TEST_CASE("an account is nonce, balance and extension, big-endian") {
  account a{0x0102, {0x0304}, {}};
  a.extension[31] = 9;
  const auto raw = encode(a);
  CHECK(to_hex(raw)
        == "00000000000001020000000000000304" + std::string(62, '0') + "09");
}

TEST_CASE("an account exists iff one of its fields is not zero") {
  CHECK_FALSE(exists({}));
  CHECK(exists({1, {}, {}}));
  CHECK(exists({0, {1}, {}}));
  account extended;
  extended.extension[31] = 1;
  CHECK(exists(extended));
  CHECK_FALSE(decode_account(bytes(account_bytes)));
}

TEST_CASE("hostile bytes never decode to an account that encodes otherwise") {
  survives_hostile_bytes(
      [](random_source& random) {
        const auto raw = encode(existing_account(random));
        return bytes(raw.begin(), raw.end());
      },
      [](const bytes& raw) -> std::optional<bytes> {
        const auto a = decode_account(raw);
        if (!a) return std::nullopt;
        const auto back = encode(*a);
        return bytes(back.begin(), back.end());
      });
}

TEST_CASE("hostile bytes never decode to rewards that encode otherwise") {
  survives_hostile_bytes(
      [](random_source& random) { return encode(any_rewards(random)); },
      [](const bytes& raw) -> std::optional<bytes> {
        const auto rewards = decode_rewards(raw);
        if (!rewards) return std::nullopt;
        return encode(*rewards);
      });
}

TEST_CASE("hostile bytes never decode to a delta that encodes otherwise") {
  survives_hostile_bytes(
      [](random_source& random) { return encode(any_delta(random)); },
      [](const bytes& raw) -> std::optional<bytes> {
        const auto d = decode_delta(raw);
        if (!d) return std::nullopt;
        return encode(*d);
      });
}

TEST_CASE("a delta is read back as it was written") {
  random_source random{12};
  for (int i = 0; i < 1000; ++i) {
    const auto d = any_delta(random);
    const auto back = decode_delta(encode(d));
    REQUIRE(back);
    CHECK(*back == d);
  }
}

TEST_CASE("a delta that breaks a promise of its fields is refused") {
  random_source random{13};
  delta good;
  do good = any_delta(random);
  while (good.accounts.size() < 2 || !good.credited);
  const std::pair<const char*, void (*)(delta&)> breakages[] = {
      {"accounts out of order",
       [](delta& d) { std::swap(d.accounts[0], d.accounts[1]); }},
      {"an account twice", [](delta& d) { d.accounts[1] = d.accounts[0]; }},
      {"an account that did not change",
       [](delta& d) { d.accounts[0].after = d.accounts[0].before; }},
      {"a reward of another block", [](delta& d) { ++d.earned.height.value; }},
      {"a reward credited before it was earned",
       [](delta& d) { d.credited->height = d.height; }},
      {"genesis",
       [](delta& d) {
         d.credited.reset();
         d.height.value = d.earned.height.value = 0;
       }},
  };
  REQUIRE(decode_delta(encode(good)));
  for (const auto& [what, change] : breakages) {
    CAPTURE(what);
    auto d = good;
    change(d);
    const auto back = decode_delta(encode(d));
    REQUIRE_FALSE(back);
    CHECK(back.error() == errc::malformed);
  }
}

TEST_CASE("reward heights are consecutive and above 0") {
  const auto list = [](std::initializer_list<std::uint32_t> heights) {
    std::vector<reward> out;
    for (auto h : heights) out.push_back({{h}, account_named(1), {h}});
    return decode_rewards(encode(out)).has_value();
  };
  CHECK(list({}));
  CHECK(list({1}));
  CHECK(list({7, 8, 9}));
  CHECK(list({~0u - 1, ~0u}));
  CHECK_FALSE(list({0}));
  CHECK_FALSE(list({0, 1}));
  CHECK_FALSE(list({1, 1}));
  CHECK_FALSE(list({1, 3}));
  CHECK_FALSE(list({2, 1}));
  CHECK_FALSE(list({~0u, 0}));
}
