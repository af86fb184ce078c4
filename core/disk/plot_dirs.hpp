#pragma once
// The plots of a scanner: every usable file below its directories.

#include "core/disk/plot_file.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>

namespace spacetime::disk {
/// A plot that farms, open.
struct open_plot {
  path where;
  std::shared_ptr<const plot_file> file;
};

/// A file or directory that cannot be used, and why.
struct plot_problem {
  path where;
  error why;
};

/// Which plots belong to this network and key.
struct plot_filter {
  network_id network;
  std::uint8_t k{}, strength{};
  bool testnet{};
  std::optional<public_key> farmer; ///< none: any key
};

/// Watches directories. One thread; the plots it hands out may be read by any.
class plot_dirs {
public:
  plot_dirs(std::vector<path> roots, plot_filter filter)
      : roots_(std::move(roots)), filter_(std::move(filter)) {}

  /// Looks for changes: opens files that are new or have another inode, size or
  /// time of change, drops those that are gone. Known files are not opened
  /// again unless they could not be read. Links may lead in circles. An error
  /// concerns its own file or directory alone.
  void refresh();

  /// By path. Two files of one plot: the second one is a problem.
  [[nodiscard]] const std::vector<open_plot>& plots() const { return plots_; }
  [[nodiscard]] const std::vector<plot_problem>& problems() const {
    return problems_;
  }
  /// Bytes of all plots.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

private:
  struct identity {
    std::uint64_t inode, size;
    std::int64_t changed_ns;
    friend bool operator==(const identity&, const identity&) = default;
  };
  struct known_file {
    identity id;
    std::shared_ptr<const plot_file> file; ///< null: `why`
    std::optional<error> why;
  };

  /// Device and inode.
  using directory_id = std::pair<std::uint64_t, std::uint64_t>;
  void visit(const path& directory, std::map<path, known_file>& found,
             std::set<directory_id>& visited);
  known_file examine(const path& file, const identity& id) const;

  std::vector<path> roots_;
  plot_filter filter_;
  std::map<path, known_file> files_;
  std::vector<open_plot> plots_;
  std::vector<plot_problem> problems_;
  std::uint64_t bytes_ = 0;
};
} // namespace spacetime::disk
