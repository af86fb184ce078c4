#pragma once
// The data directory: its names, its making, and whose it is.

#include "core/base/result.hpp"
#include "tools/spacetime/config/environment.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace spacetime::config {
/// Names of all that a node or a scanner keeps on disk; all absolute.
struct home {
  std::filesystem::path root;         ///< of all networks
  std::string network;                ///< e.g. "devnet"
  std::filesystem::path network_dir;  ///< root/network; holds all that follows
  std::filesystem::path network_file; ///< the name of its network, one line
  std::filesystem::path node_toml;
  std::filesystem::path chain_spec;  ///< only for a network of one's own
  std::filesystem::path chain_dir;   ///< LMDB environment
  std::filesystem::path blocks_dir;  ///< segment files, in chain_dir
  std::filesystem::path keys_dir;    ///< 0700
  std::filesystem::path cluster_dir; ///< certificates of our own machines
  std::filesystem::path log_dir;
  std::filesystem::path run_dir;                ///< of the running process
  std::filesystem::path plots_dir;              ///< the first of farm.plot_dirs
  std::filesystem::path lock_file, cookie_file; // in run_dir
  std::filesystem::path mempool;                ///< what waits, over a restart
  std::filesystem::path peers, anchors, bans, scan_cache; // state, not config

  /// A path of node.toml: `p` itself if absolute, else inside network_dir.
  [[nodiscard]] std::filesystem::path
  inside(const std::filesystem::path& p) const {
    return network_dir / p;
  }
};

/// The names below `root`. `node`, from 1, is one of several nodes of a
/// machine: its network_dir is root/network/node-1.
home home_at(const std::filesystem::path& root, std::string_view network,
             std::optional<unsigned> node = {});

/// Where data live: `flag` (--home), else SPACETIME_HOME, else .spacetime in
/// HOME; an empty variable counts as none. Touches nothing on disk.
/// Errors: `bad_config` without any of them, for a relative root that cannot
/// be made absolute, or for a name that is no network's.
result<home> resolve(const std::optional<std::filesystem::path>& flag,
                     const environment& variables, std::string_view network);

/// What runs on the data.
enum class home_role : std::uint8_t {
  node,
  scanner, ///< has no chain, no keys and no plots of its own
};

/// Makes the directories that are missing, durably, and writes down their
/// network. Errors: those of `check_network` and `check_keys`, `disk_full`,
/// `io_error` (also: a file is where a directory should be).
status create(const home& h, home_role role = home_role::node);

/// Refuses a directory that holds data of another network, and a root that is
/// itself the directory of a network. One that is not there is no problem.
/// Errors: `wrong_network`, `io_error`.
status check_network(const home& h);

/// Refuses keys that other users may read: keys_dir must be 0700, what lies in
/// it 0600 or less. Errors: `bad_key_file`, naming it; `io_error`.
status check_keys(const home& h);

/// Writes a new file that after a crash is whole or absent, mode 0644.
/// Errors: `duplicate` if there is one, which is then untouched; `disk_full`,
/// `io_error`.
status write_new(const std::filesystem::path& file, std::string_view text);
} // namespace spacetime::config
