#include "core/base/check.hpp"
#include "core/base/checked.hpp"
#include "core/base/result.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace spacetime;

TEST_CASE("every code of each range has a name and a sentence of its own") {
  std::set<std::string_view> names, sentences;
  int known = 0;
  for (unsigned n = 0; n < 256; ++n) {
    const auto code = static_cast<errc>(n);
    if (name_of(code) == "unknown") continue;
    ++known;
    names.insert(name_of(code));
    sentences.insert(describe(code));
    CHECK(n >= 10);
    CHECK(n < 200);
  }
  CHECK(known >= 40);
  CHECK(names.size() == static_cast<std::size_t>(known));
  CHECK(sentences.size() == static_cast<std::size_t>(known));
}

TEST_CASE("the range of a code says who must act") {
  CHECK(blame_of(errc::malformed) == blame::sender);
  CHECK(blame_of(errc::bad_state_root) == blame::sender);
  CHECK(blame_of(errc::unknown_parent) == blame::nobody);
  CHECK(blame_of(errc::timestamp_too_late) == blame::nobody);
  CHECK(blame_of(errc::disk_full) == blame::self);
}

TEST_CASE("an error reads as name, sentence and detail") {
  CHECK(to_string(error{errc::bad_target})
        == "bad_target: not the era's target on this chain");
  CHECK(to_string(error{errc::io_error, "open x"})
        == "io_error: the operating system refused (open x)");
  const result<int> none = fail(errc::busy);
  CHECK(none.error() == errc::busy);
}

TEST_CASE("checked sums and products refuse to wrap") {
  CHECK(checked_add<std::uint64_t>(~0ull, 0) == ~0ull);
  CHECK_FALSE(checked_add<std::uint64_t>(~0ull, 1));
  CHECK(checked_mul<std::uint32_t>(65535, 65537) == ~0u);
  CHECK_FALSE(checked_mul<std::uint32_t>(65536, 65536));
}
