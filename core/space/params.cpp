#include "core/space/params.hpp"

namespace spacetime::space {
status check(const plot_params& p) {
  if (p.k < min_k || p.k > max_k || p.k % 2 != 0)
    return fail(errc::bad_plot_parameters,
                "k is " + std::to_string(p.k) + ", not even in 18..30");
  const auto most = p.k - section_bits(p.k) - 1;
  if (p.strength < 2 || p.strength > most)
    return fail(errc::bad_plot_parameters,
                "strength is " + std::to_string(p.strength) + ", not in 2.."
                    + std::to_string(most));
  return {};
}
} // namespace spacetime::space
