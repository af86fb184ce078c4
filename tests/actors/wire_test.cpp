#include "actors/protocol.hpp"
#include "actors/system_config.hpp"
#include "core/codec/messages.hpp"

#include <caf/actor_system.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <doctest/doctest.h>

#include <random>

using namespace spacetime;

namespace {
bytes copy_of(byte_view raw) {
  return {raw.begin(), raw.end()};
}

tick_list_msg some_ticks() {
  return tick_list_msg::build([](schema::TickList::Builder out) {
    auto all = out.initTicks(3);
    for (unsigned i = 0; i < all.size(); ++i) {
      consensus::tick t{i, {{}, 1000, i, 1, {}, {}, {}}};
      t.step.seed.fill(static_cast<std::uint8_t>(i));
      codec::write(all[i], t);
    }
  });
}

scan_report_msg some_report() {
  return scan_report_msg::build([](schema::ScanReport::Builder out) {
    out.setScanner("barn-3");
    out.initLookupMicros(5).set(2, 17);
    auto names = out.initProblems(2);
    names.set(0, "/plots/a.plot: corrupt");
    names.set(1, "/plots/b.plot: corrupt");
  });
}

/// Reads everything that a message holds; false if it was refused.
bool read_all(const tick_list_msg& m) {
  return !m.try_read([](schema::TickList::Reader in) {
    for (auto t : in.getTicks()) (void)codec::read(t);
  });
}
bool read_all(const scan_report_msg& m) {
  std::size_t letters = 0;
  return !m.try_read([&](schema::ScanReport::Reader in) {
    letters += std::string{in.getScanner().cStr()}.size();
    for (auto n : in.getLookupMicros()) letters += n;
    for (auto p : in.getProblems()) letters += std::string{p.cStr()}.size();
  });
}
bool read_all(const tip_change_msg& m) {
  std::size_t n = 0;
  return !m.try_read([&](schema::TipChange::Reader in) {
    for (auto raw : in.getConnected()) n += raw.size();
    for (auto raw : in.getDisconnected()) n += raw.size();
    n += in.getTip().size();
  });
}

template <class Message>
std::size_t survives_mutations(const Message& good, std::uint64_t seed) {
  const auto whole = copy_of(good.bytes());
  std::mt19937_64 next{seed};
  std::size_t accepted = 0;
  for (int round = 0; round < 10'000; ++round) {
    auto raw = whole;
    for (auto n = 1 + next() % 4; n > 0; --n)
      raw[next() % raw.size()] = static_cast<std::uint8_t>(next());
    Message m;
    if (!Message::from(raw, m)) accepted += read_all(m);
  }
  return accepted;
}

/// What CAF would put on a wire.
std::vector<char> on_the_wire(caf::actor_system& sys, tick_list_msg m) {
  std::vector<char> out;
  caf::binary_serializer to{sys, out};
  REQUIRE_FALSE(to(m));
  return out;
}

caf::error off_the_wire(caf::actor_system& sys, const std::vector<char>& raw,
                        tick_list_msg& out) {
  caf::binary_deserializer from{sys, raw};
  return from(out);
}
} // namespace

TEST_CASE("a message reads as it was built, and a copy shares its bytes") {
  const auto m = some_ticks();
  const auto copy = m;
  CHECK(copy.bytes().data() == m.bytes().data());
  std::vector<std::uint64_t> eras;
  REQUIRE_FALSE(copy.try_read([&](schema::TickList::Reader in) {
    for (auto t : in.getTicks()) eras.push_back(codec::read(t)->era);
  }));
  CHECK(eras == std::vector<std::uint64_t>{0, 1, 2});
}

TEST_CASE("no damaged message crashes its reader") {
  const auto ticks = survives_mutations(some_ticks(), 1);
  const auto reports = survives_mutations(some_report(), 2);
  // Damage to plain fields is the codec's business, damage to pointers ends
  // here: both must have happened.
  CHECK(ticks > 0);
  CHECK(ticks < 10'000);
  CHECK(reports > 0);
  CHECK(reports < 10'000);
}

TEST_CASE("random bytes are no message, and none crashes") {
  std::mt19937_64 next{3};
  for (int round = 0; round < 5'000; ++round) {
    bytes raw(8 * (1 + next() % 40));
    for (auto& byte : raw) byte = static_cast<std::uint8_t>(next());
    raw[0] = raw[1] = raw[2] = raw[3] = 0; // one segment: get further
    tip_change_msg m;
    if (!tip_change_msg::from(raw, m)) (void)read_all(m);
  }
}

TEST_CASE("no truncation of a message is accepted as a whole one") {
  const auto whole = copy_of(some_report().bytes());
  for (std::size_t n = 0; n < whole.size(); ++n) {
    scan_report_msg m;
    CHECK(scan_report_msg::from({whole.data(), n}, m)
          == caf::sec::invalid_argument);
    CHECK(m.bytes().empty());
  }
}

TEST_CASE("surplus bytes behind a message are refused") {
  auto longer = copy_of(some_report().bytes());
  longer.insert(longer.end(), 8, 0);
  scan_report_msg m;
  CHECK(scan_report_msg::from(longer, m) == caf::sec::invalid_argument);
}

TEST_CASE("40 bytes that claim 2^29 structs visit none of them") {
  // Segment table; root: no data, one pointer; a list of structs of no size.
  const std::array<std::uint64_t, 4> words{
      (std::uint64_t{3} << 32),             // one segment of three words
      (std::uint64_t{1} << 48),             // root struct at offset 0
      (std::uint64_t{7} << 32) | 1,         // composite list of 0 words
      ((std::uint64_t{1} << 29) - 1) << 2}; // its tag: 2^29 - 1 elements
  bytes raw(sizeof words);
  std::memcpy(raw.data(), words.data(), raw.size());
  tick_list_msg m;
  std::size_t visited = 0;
  auto e = tick_list_msg::from(raw, m);
  if (!e)
    e = m.try_read([&](schema::TickList::Reader in) {
      for (auto t : in.getTicks()) visited += 1 + t.getEra() * 0;
    });
  CHECK(e == caf::sec::invalid_argument);
  CHECK(visited < 2'000);
}

TEST_CASE("an empty message is refused by who reads it") {
  const tick_list_msg nothing;
  CHECK(nothing.try_read([](auto) {}) == caf::sec::invalid_argument);
  tick_list_msg m;
  CHECK(tick_list_msg::from({}, m) == caf::sec::invalid_argument);
}

TEST_CASE("a message above 16 MiB is refused before it is copied") {
  const auto huge = tip_change_msg::build([](schema::TipChange::Builder out) {
    out.initTip(static_cast<unsigned>(tip_change_msg::max_bytes));
  });
  tip_change_msg m;
  CHECK(tip_change_msg::from(huge.bytes(), m) == caf::sec::invalid_argument);
  CHECK(m.bytes().empty());
}

TEST_CASE("a message crosses CAF's serializer as it is") {
  system_config config;
  caf::actor_system sys{config};
  const auto m = some_ticks();
  tick_list_msg back;
  REQUIRE_FALSE(off_the_wire(sys, on_the_wire(sys, m), back));
  CHECK(copy_of(back.bytes()) == copy_of(m.bytes()));
}

TEST_CASE("a peer's length never allocates more than it sent") {
  system_config config;
  caf::actor_system sys{config};
  const auto good = on_the_wire(sys, some_ticks());
  auto liar = good;
  liar[0] = 0x7f; // u32 length, big-endian: 2 GB
  tick_list_msg back;
  CHECK(off_the_wire(sys, liar, back) == caf::sec::end_of_stream);
  for (std::size_t n = 0; n < good.size(); n += 7) {
    const std::vector<char> part(good.begin(),
                                 good.begin() + static_cast<long>(n));
    CHECK(off_the_wire(sys, part, back));
  }
  const std::vector<char> empty(4, 0);
  CHECK(off_the_wire(sys, empty, back));
}

TEST_CASE("every error code keeps its name on the way through CAF") {
  system_config config;
  caf::actor_system sys{config};
  for (auto code : {errc::malformed, errc::busy, errc::internal})
    CHECK(sys.render(caf::make_error(code)) == std::string{name_of(code)});
}
