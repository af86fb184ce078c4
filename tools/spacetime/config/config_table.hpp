#pragma once
// The one table of keys. Parser, variables, flags, `config init`, `config
// explain` and the manual page are made from it: a new key is a member of
// `settings` and a row in config_table.cpp.

#include "tools/spacetime/config/value.hpp"

namespace spacetime::config {
/// The newest layout of node.toml that this program knows.
inline constexpr std::uint32_t newest_version = 1;

struct node_settings {
  std::string network; ///< e.g. "devnet"; also names the data directory
  friend bool operator==(const node_settings&, const node_settings&) = default;
};

struct log_settings {
  log_level level{};               ///< least that is written
  log_format format{};             ///< of the lines
  log_levels levels;               ///< of single actors, instead of `level`
  std::filesystem::path directory; ///< relative to the data directory
  byte_size rotate_size;           ///< a file that reaches it is closed
  std::uint32_t rotate_count = 0;  ///< files kept, the open one included
  friend bool operator==(const log_settings&, const log_settings&) = default;
};

struct rpc_settings {
  host_port listen; ///< port 0: any free one
  friend bool operator==(const rpc_settings&, const rpc_settings&) = default;
};

struct storage_settings {
  byte_size map_max;    ///< the LMDB map grows up to it
  byte_size min_free;   ///< below it the node turns read-only
  bool tx_index{};      ///< transactions by id
  bool history_index{}; ///< payments and rewards by account
  std::string prune;    ///< as `disk::parse_prune` reads it
  friend bool operator==(const storage_settings&,
                         const storage_settings&) = default;
};

struct mempool_settings {
  byte_size max_bytes;                ///< of all waiting transactions
  std::chrono::milliseconds expiry{}; ///< how long one may wait
  friend bool operator==(const mempool_settings&,
                         const mempool_settings&) = default;
};

struct timelord_settings {
  timelord_mode mode{};
  friend bool operator==(const timelord_settings&,
                         const timelord_settings&) = default;
};

struct farm_settings {
  std::string payee; ///< an address; empty: account 0 of the wallet
  std::vector<std::filesystem::path> plot_dirs; ///< as log.directory
  std::uint32_t threads = 0;                    ///< 0: one per processor
  friend bool operator==(const farm_settings&, const farm_settings&) = default;
};

struct validator_settings {
  std::uint32_t workers = 0; ///< 0: one per processor
  friend bool operator==(const validator_settings&,
                         const validator_settings&) = default;
};

struct actor_settings {
  placement storage, state, mempool, validator, peer_manager, sync, timelord,
      farmer, plot_scanner, inspector, rpc;
  friend bool operator==(const actor_settings&,
                         const actor_settings&) = default;
};

/// What an operator decides. `config::load` fills it: the defaults are in the
/// table, so a `settings{}` made elsewhere is empty.
struct settings {
  std::uint32_t config_version = 0; ///< layout of the file, from 1
  node_settings node;
  log_settings log;
  rpc_settings rpc;
  storage_settings storage;
  mempool_settings mempool;
  timelord_settings timelord;
  farm_settings farm;
  validator_settings validator;
  actor_settings actors;
  friend bool operator==(const settings&, const settings&) = default;
};

/// One key.
struct key_spec {
  std::string_view name;     ///< "rpc.listen": the member of `settings`
  slot (*at)(settings&);     ///< that member
  std::string_view built_in; ///< default, as `from_text` reads it
  rule limits{};
  std::string_view doc;             ///< sentences for people
  std::string_view since = "0.1.0"; ///< the first release that knows it
  /// A change acts at the next start. Else it can also be made at run time,
  /// by another command; the file is read at the start only.
  bool restart = true;
  bool file_only = false; ///< no variable and no flag
};

/// A group of keys: [name].
struct section_spec {
  std::string_view name;
  std::string_view doc;
};

/// All keys; those of a section are neighbours.
std::span<const key_spec> keys();
/// All sections, in the order of their keys.
std::span<const section_spec> sections();

/// The key of that name, or nullptr.
const key_spec* find_key(std::string_view name);
/// "rpc" of "rpc.listen"; empty for a key outside sections.
std::string_view section_of(const key_spec& key);
/// "listen" of "rpc.listen".
std::string_view leaf_of(const key_spec& key);
/// Position among keys().
std::size_t index_of(const key_spec& key);
/// `value` as TOML in its shortest form. @pre `value` fits the key
std::string written(const key_spec& key, const raw& value);
/// The built-in default as TOML.
std::string default_of(const key_spec& key);
/// What the key wants: "a whole number from 0 to 1024".
std::string expectation_of(const key_spec& key);
/// "SPACETIME_RPC__LISTEN" of "rpc.listen".
std::string variable_of(const key_spec& key);
/// "--rpc-listen" of "rpc.listen".
std::string flag_of(const key_spec& key);

/// The key that a wrong name most likely stands for; a forgotten or wrong
/// section counts as one mistake.
std::string_view nearest_key(std::string_view name);
std::string_view nearest_section(std::string_view name);
/// Of the keys' variables and those that the program reads elsewhere.
std::string nearest_variable(std::string_view name);
/// True for a SPACETIME_ variable that is no key but read elsewhere.
bool is_other_variable(std::string_view name);

/// "devnet": letters a-z, digits and inner '-', 1 to 32 characters; it is a
/// directory's name as well.
bool is_network_name(std::string_view text);
} // namespace spacetime::config
