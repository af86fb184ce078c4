#pragma once
// Making plot files, with progress, and stopping at a signal.

#include "core/chain/spec.hpp"
#include "core/disk/key_file.hpp"
#include "core/disk/plot_file.hpp"
#include "tools/spacetime/cli.hpp"

namespace spacetime::cli {
/// What to plot, and where.
struct plot_job {
  const chain_spec& spec;
  const disk::farmer_secret& farmer;
  std::uint8_t k{}; ///< the network's, unless measuring
  bytes32 payout{};
  std::vector<std::filesystem::path> dirs; ///< at least one; used in turn
  std::uint64_t first = 0;                 ///< index of the first plot
  std::uint64_t count = 0;                 ///< plots to make
  unsigned threads = 0;                    ///< 0: one per core
};

struct plot_summary {
  std::uint64_t created = 0, existing = 0;
  bool interrupted = false;
};

/// Makes the plots that do not exist yet. SIGINT and SIGTERM must be blocked:
/// this waits for them. Stops within 50 ms, leaves no temporary file.
/// Errors: those of the plotter and of `disk::write_plot`, naming the file.
result<plot_summary> make_plots(const plot_job& job, const common_flags& flags);

/// The file info of plot `index` of this farmer.
disk::plot_info plot_info_of(const plot_job& job, std::uint64_t index);

/// Plot files that lie directly in these directories.
std::vector<std::filesystem::path>
plot_files_in(const std::vector<std::filesystem::path>& dirs);
} // namespace spacetime::cli
