#pragma once
// From flags, files and keys to a node that can start.

#include "actors/boot.hpp"
#include "core/disk/key_file.hpp"
#include "tools/spacetime/cli.hpp"
#include "tools/spacetime/config/config.hpp"

namespace spacetime::cli {
/// Everything a node is started with. Holds the lock of its data directory.
struct prepared_node {
  config::home home;
  config::settings settings;
  chain_spec spec;
  disk::directory_lock lock;
  disk::farmer_secret farmer;
  account_id payee;
  bool new_keys = false; ///< made just now: tell the owner to back them up
  node_options options;
};

/// Makes what is missing (home, node.toml, keys), reads the rest, locks the
/// directory. `flags` are configuration keys set on the command line. Problems
/// of the configuration are printed one a line; their error is `bad_config`.
result<prepared_node> prepare_node(const common_flags& common,
                                   const config::key_texts& flags);

/// Whether a network is for everybody, mainnet or testnet: its time is real,
/// and its blocks are made by nodes alone.
bool is_public(const chain_spec& spec);

/// node.toml and all that overrides it, for the home's network.
result<config::settings> load_settings(const config::home& home,
                                       const config::key_texts& flags);

/// The farming and wallet keys of a home; made if neither exists.
struct home_keys {
  disk::farmer_secret farmer;
  account_id wallet; ///< account 0
  bool made = false;
};
result<home_keys> load_keys(const config::home& home, const chain_spec& spec);

/// Directories of plots, absolute.
std::vector<std::filesystem::path> plot_dirs_of(const config::home& home,
                                                const config::settings& s);
} // namespace spacetime::cli
