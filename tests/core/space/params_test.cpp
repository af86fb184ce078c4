#include "space_fixture.hpp"

#include <rapidcheck.h>

using namespace spacetime;
using namespace spacetime::space;
using namespace spacetime::test;

TEST_CASE("only even k from 18 to 30 and the strengths they bear pass") {
  for (unsigned k = 0; k < 256; ++k)
    for (unsigned s = 0; s < 256; ++s) {
      const bool k_fits = k >= 18 && k <= 30 && k % 2 == 0;
      const bool fits =
          k_fits && s >= 2 && s <= std::min(63u, k - section_bits(k) - 1);
      const plot_params p{{},
                          static_cast<std::uint8_t>(k),
                          static_cast<std::uint8_t>(s),
                          false};
      const auto verdict = check(p);
      REQUIRE(verdict.has_value() == fits);
      if (!fits) REQUIRE(verdict.error() == errc::bad_plot_parameters);
    }
}

TEST_CASE("matching sections lead once through all sections") {
  CHECK(matching_section(18, 3) == 0);
  CHECK(matching_section(18, 0) == 2);
  CHECK(matching_section(18, 2) == 1);
  CHECK(matching_section(18, 1) == 3);
  for (unsigned k = 18; k <= 30; k += 2) {
    std::uint32_t section = 0, steps = 0;
    do {
      section = matching_section(k, section);
      ++steps;
    } while (section != 0 && steps < 100);
    CHECK(steps == 1u << section_bits(k));
  }
}

TEST_CASE("the fragment cipher is undone by its inverse for every k") {
  CHECK(rc::check([](const bytes32& id, std::uint64_t v) {
    for (std::uint8_t k = 18; k <= 30; k += 2) {
      const feistel cipher{{{id}, k, 2, false}};
      const auto plain = v & mask(2 * k);
      const auto fragment = cipher.encrypt(plain);
      RC_ASSERT(fragment <= mask(2 * k));
      RC_ASSERT(cipher.decrypt(fragment) == plain);
      RC_ASSERT(cipher.encrypt(cipher.decrypt(plain)) == plain);
    }
  }));
}
