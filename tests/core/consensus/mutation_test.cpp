// Hostile bytes against R1 to R14 together.

#include "tests/core/consensus/consensus_fixture.hpp"
#include "tests/core/tx/example.hpp"
#include "tests/support/resident.hpp"

using namespace spacetime;
using namespace spacetime::test;

namespace {
const account_id receiver{hash("st/test-receiver", {})};

/// A real block with transactions.
const made_block& full_block() {
  static const auto made = [] {
    block_options o;
    for (std::uint64_t n = 0; n < 3; ++n)
      o.txs.push_back(regtest().payment(0, n, receiver, 1'000));
    o.skip = 3;
    return regtest().next(real_parent(), o);
  }();
  return made;
}
} // namespace

TEST_CASE("no mutated block is accepted, none crashes, and memory stays flat") {
  REQUIRE(verdict(regtest(), real_parent(), full_block().raw));
  std::mt19937_64 random{20};
  const int rounds = slow_build ? 3'000 : 100'000;
  std::map<errc, int> seen;
  int same = 0;
  std::uint64_t resident = 0; // when every cache has filled
  for (int i = 0; i < rounds; ++i) {
    if (i == rounds / 10) resident = resident_bytes();
    const auto raw = mutated(full_block().raw, random);
    const auto out = verdict(regtest(), real_parent(), raw);
    if (raw == full_block().raw) {
      ++same;
      continue;
    }
    REQUIRE_FALSE(out);
    ++seen[out.error().code];
    CHECK((blame_of(out.error().code) == blame::sender
           || out.error() == errc::unknown_parent));
  }
  CHECK(same < rounds / 100);
  CHECK(seen[errc::malformed] < rounds * 2 / 3);
  if (slow_build) return; // too few to meet every rule
  for (const auto code :
       {errc::malformed, errc::bad_version, errc::unknown_parent,
        errc::bad_height, errc::bad_time_entries, errc::bad_target,
        errc::bad_history_root, errc::bad_signature, errc::bad_tx_root}) {
    CAPTURE(name_of(code));
    CHECK(seen[code] > 0);
  }
  CHECK(resident_bytes() < resident + (4u << 20));
}

TEST_CASE("no mutated header that its farmer signs again is accepted") {
  // Whoever owns the plot may sign anything: R7 does not help here.
  std::mt19937_64 random{21};
  const int rounds = slow_build ? 500 : 20'000;
  int accepted = 0;
  for (int i = 0; i < rounds; ++i) {
    auto head = codec::decode_header(
        mutated(codec::encode(full_block().head()), random));
    if (!head) continue;
    regtest().seal(*head);
    auto b = full_block().value;
    b.head = *head;
    const auto out = verdict(regtest(), real_parent(), b);
    if (!out) continue;
    ++accepted;
    // Free for the farmer alone: the time stamp and the payee (and with it
    // the state root, which these bytes do not have).
    auto undone = b.head;
    undone.time = full_block().head().time;
    undone.seal = full_block().head().seal;
    CHECK(undone == full_block().head());
  }
  CHECK(accepted > 0); // so the other fields were seen to matter
}

TEST_CASE("random bytes are no block") {
  std::mt19937_64 random{22};
  for (int i = 0; i < (slow_build ? 500 : 20'000); ++i) {
    bytes raw(random() % 2'000);
    for (auto& byte : raw) byte = static_cast<std::uint8_t>(random());
    if (raw.size() > 4 && random() % 2 == 0) { // a header length that fits
      raw[0] = raw[1] = 0;
      raw[2] %= 8;
    }
    CHECK_FALSE(verdict(regtest(), real_parent(), raw));
  }
}
