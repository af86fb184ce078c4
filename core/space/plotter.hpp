#pragma once

#include "core/space/params.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <vector>

namespace spacetime::space {
struct plot_options {
  unsigned threads = 1; ///< 1 to 256; others are brought into this range
  const std::atomic<bool>* cancel = nullptr; ///< set it to stop
  /// Hash units done, of total; never falls, ends at total. Called by the
  /// plot's threads, never by two at once; must not throw.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;
  /// If given, filled with the numbers of entries of tables 1 to 3.
  std::array<std::uint64_t, 3>* table_sizes = nullptr;
};

/// Above this a table would need more partitions than memory has room for;
/// one k=18 plot of strength 12 is 600 times the work of strength 2.
constexpr unsigned max_plotter_strength = 12;

/// Hash units of a plot: (1 + 6 * 2^s) * 2^k and 2^k more for sorting.
std::uint64_t plot_units(const plot_params& p);

/// Bytes of memory at the peak, near enough to plan with.
std::uint64_t plot_memory(const plot_params& p, unsigned threads);

/// Computes a plot in memory: all its fragments, ascending; about 2^k of
/// them, the same for any number of threads.
/// Errors: `bad_plot_parameters`; `cancelled`, within 50 ms of the flag;
/// `out_of_memory`.
result<std::vector<std::uint64_t>> make_fragments(const plot_params& p,
                                                  const plot_options& options);
} // namespace spacetime::space
