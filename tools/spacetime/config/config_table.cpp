#include "tools/spacetime/config/config_table.hpp"

#include "core/base/check.hpp"
#include "core/disk/chain_pruner.hpp"
#include "tools/spacetime/config/names.hpp"

#include <algorithm>

namespace spacetime::config {
namespace {
constexpr std::uint64_t kilo = 1'000;
constexpr std::uint64_t mega = kilo * kilo;
constexpr std::uint64_t giga = kilo * mega;
constexpr std::uint64_t tera = kilo * giga;
constexpr std::uint64_t second = 1'000; // ms
constexpr std::uint64_t day = 86'400 * second;

/// Empty, or text of an address's form: prefix, '1', then version, 32 bytes
/// and checksum in 59 characters. The checksum is tested where it is decoded.
bool is_payee(std::string_view text) {
  constexpr std::string_view alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  constexpr std::size_t data_size = 59;
  if (text.empty()) return true;
  const auto one = text.rfind('1');
  if (one == text.npos || one == 0 || text.size() - one - 1 != data_size)
    return false;
  return std::ranges::all_of(text.substr(0, one),
                             [](char c) { return c >= 'a' && c <= 'z'; })
         && text.find_first_not_of(alphabet, one + 1) == text.npos;
}

bool is_loopback_text(std::string_view text) {
  auto host = text.substr(0, text.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  return is_loopback({std::string{host}, 0});
}

constexpr std::string_view payee_form = "an address or an empty string";
bool is_prune(std::string_view text) {
  return disk::parse_prune(text).has_value();
}
constexpr std::string_view prune_form =
    "\"off\", a number of blocks such as \"5000 blocks\", or of eras such as "
    "\"60 eras\"";
constexpr std::string_view network_form =
    "a name of a-z, 0-9 and inner '-', 1 to 32 characters";
constexpr std::string_view listen_form =
    "a loopback address \"host:port\", such as \"127.0.0.1:9791\"";

// A row takes its name from its member, so that both agree.
#define SPACETIME_KEY(member)                                                  \
  .name = #member, .at = [](settings& s) -> slot { return &s.member; }
#define SPACETIME_ACTOR(actor, text)                                           \
  { SPACETIME_KEY(actors.actor), .built_in = "local", .doc = text }

constexpr key_spec table[] = {
    {SPACETIME_KEY(config_version), .built_in = "1",
     .limits = {1, newest_version},
     .doc = "Layout of this file. It lets later releases carry its keys over.",
     .file_only = true},

    {SPACETIME_KEY(node.network), .built_in = "devnet",
     .limits = {.accepts = is_network_name, .form = network_form},
     .doc =
         "Network to join: mainnet, testnet, devnet, regtest, or the name in "
         "a chain-spec.toml of your own. It must be that of the data "
         "directory."},

    {SPACETIME_KEY(log.level), .built_in = "info",
     .doc = "Least level that is logged.", .restart = false},
    {SPACETIME_KEY(log.format), .built_in = "text",
     .doc =
         "One line of text or one JSON object per event, with the same keys."},
    {SPACETIME_KEY(log.levels), .built_in = "",
     .doc = "Levels of single actors instead of log.level, such as "
            "{ sync = \"debug\" }.",
     .restart = false},
    {SPACETIME_KEY(log.directory), .built_in = "log",
     .doc = "Directory of the log files, relative to the data directory."},
    {SPACETIME_KEY(log.rotate_size), .built_in = "50MB",
     .limits = {mega, 10 * giga},
     .doc = "A log file of this size is closed and a new one begun."},
    {SPACETIME_KEY(log.rotate_count), .built_in = "7", .limits = {1, 1000},
     .doc = "Number of log files kept, the open one included; the oldest goes "
            "first."},

    {SPACETIME_KEY(rpc.listen), .built_in = "127.0.0.1:9791",
     .limits = {0, 65535, is_loopback_text, listen_form},
     .doc =
         "JSON-RPC, /metrics, /healthz and explorer. Loopback addresses only, "
         "for nothing is encrypted. Port 0 takes any free one."},

    {SPACETIME_KEY(storage.map_max), .built_in = "1TB",
     .limits = {16 * mega, 64 * tera},
     .doc = "The database's map grows by itself up to this size; it is address "
            "space, not memory."},
    {SPACETIME_KEY(storage.min_free), .built_in = "1GB",
     .limits = {16 * mega, 100 * tera},
     .doc = "With less free space on its disk the node turns read-only."},

    {SPACETIME_KEY(storage.tx_index), .built_in = "true",
     .doc =
         "Keep an index of the transactions of the chain, so that each can "
         "be found by its id. Turned on later it is built at the next start; "
         "turned off it is dropped."},
    {SPACETIME_KEY(storage.history_index), .built_in = "false",
     .doc = "Keep an index of each account's payments and rewards, for "
            "chain_getHistory. Turned on later it is built at the next start; "
            "turned off it is dropped."},
    {SPACETIME_KEY(storage.prune), .built_in = "off",
     .limits = {.accepts = is_prune, .form = prune_form},
     .doc = "Old blocks that are kept, such as \"5000 blocks\" or \"60 eras\"; "
            "older bodies and undo records go. Never less than a "
            "reorganisation may need."},

    {SPACETIME_KEY(mempool.max_bytes), .built_in = "64MB",
     .limits = {mega, 64 * giga},
     .doc = "Size of all waiting transactions; the worst-paying leave first."},
    {SPACETIME_KEY(mempool.expiry), .built_in = "24h",
     .limits = {10 * second, 365 * day},
     .doc = "A transaction that waited this long is dropped."},

    {SPACETIME_KEY(timelord.mode), .built_in = "auto",
     .doc = "Whether this node computes proofs of time; auto leaves it to the "
            "network."},

    {SPACETIME_KEY(farm.payee), .built_in = "",
     .limits = {.accepts = is_payee, .form = payee_form},
     .doc = "Address that the rewards go to; empty means account 0 of the "
            "wallet."},
    {SPACETIME_KEY(farm.plot_dirs), .built_in = "plots",
     .doc = "Directories with plot files, relative to the data directory."},
    {SPACETIME_KEY(farm.threads), .built_in = "0", .limits = {0, 1024},
     .doc = "Threads that make and prove plots; 0 means one per processor."},

    {SPACETIME_KEY(validator.workers), .built_in = "0", .limits = {0, 1024},
     .doc = "Workers that verify blocks; 0 means one per processor."},

    SPACETIME_ACTOR(storage, "The database."),
    SPACETIME_ACTOR(state, "The ledger; on the machine of storage."),
    SPACETIME_ACTOR(mempool, "Transactions that wait for a block."),
    SPACETIME_ACTOR(validator, "Verification of blocks and proofs."),
    SPACETIME_ACTOR(peer_manager, "Connections to the network."),
    SPACETIME_ACTOR(sync, "Download of missing blocks."),
    SPACETIME_ACTOR(timelord, "Proofs of time."),
    SPACETIME_ACTOR(farmer, "Tickets and own blocks; holds the farmer key."),
    SPACETIME_ACTOR(plot_scanner, "Lookups in the plots of this machine."),
    SPACETIME_ACTOR(inspector, "What the console shows."),
    SPACETIME_ACTOR(rpc, "JSON-RPC, metrics, health and explorer."),
};
#undef SPACETIME_ACTOR
#undef SPACETIME_KEY

constexpr section_spec groups[] = {
    {"node", "The node as a whole."},
    {"log", "What is written down, and where."},
    {"rpc", "The interface for programs and browsers."},
    {"storage", "The database."},
    {"mempool", "Transactions that wait for a block."},
    {"timelord", "Proofs of time."},
    {"farm", "Plots and rewards."},
    {"validator", "Verification of blocks."},
    {"actors",
     "Where each actor runs: \"local\" in this process, \"off\" nowhere, "
     "or \"tls://host:port\" in another of our own machines."},
};

constexpr std::string_view others[] = {"SPACETIME_HOME", "SPACETIME_NETWORK",
                                       "SPACETIME_VECTORS",
                                       "SPACETIME_SOURCE_ROOT"};
constexpr std::string_view test_prefix = "SPACETIME_TEST_";
} // namespace

std::span<const key_spec> keys() {
  return table;
}
std::span<const section_spec> sections() {
  return groups;
}

const key_spec* find_key(std::string_view name) {
  const auto* const found = std::ranges::find(table, name, &key_spec::name);
  return found == std::end(table) ? nullptr : found;
}

std::string_view section_of(const key_spec& key) {
  const auto dot = key.name.find('.');
  return dot == key.name.npos ? std::string_view{} : key.name.substr(0, dot);
}

std::string_view leaf_of(const key_spec& key) {
  return key.name.substr(key.name.find('.') + 1); // npos + 1 is 0
}

std::size_t index_of(const key_spec& key) {
  return static_cast<std::size_t>(&key - std::begin(table));
}

std::string written(const key_spec& key, const raw& value) {
  settings scratch;
  const auto to = key.at(scratch);
  check(!assign(to, key.limits, value), "only valid values are written");
  return render(to);
}

std::string default_of(const key_spec& key) {
  settings scratch;
  return written(key, from_text(key.at(scratch), key.built_in));
}

std::string expectation_of(const key_spec& key) {
  settings scratch;
  return expectation(key.at(scratch), key.limits);
}

std::string variable_of(const key_spec& key) {
  std::string out = "SPACETIME_";
  for (const char c : key.name) {
    if (c == '.')
      out += "__";
    else
      out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

std::string flag_of(const key_spec& key) {
  std::string out = "--";
  for (const char c : key.name) out += c == '.' || c == '_' ? '-' : c;
  return out;
}

std::string_view nearest_key(std::string_view name) {
  const auto leaf = name.substr(name.rfind('.') + 1);
  return std::ranges::min_element(table, {},
                                  [&](const key_spec& key) {
                                    return std::min(
                                        edit_distance(name, key.name),
                                        edit_distance(leaf, leaf_of(key)) + 1);
                                  })
      ->name;
}

std::string_view nearest_section(std::string_view name) {
  return std::ranges::min_element(
             groups, {},
             [&](const section_spec& s) { return edit_distance(name, s.name); })
      ->name;
}

std::string nearest_variable(std::string_view name) {
  std::vector<std::string> all(std::begin(others), std::end(others));
  for (const auto& key : table)
    if (!key.file_only) all.push_back(variable_of(key));
  return *std::ranges::min_element(
      all, {}, [&](const std::string& c) { return edit_distance(name, c); });
}

bool is_other_variable(std::string_view name) {
  return name.starts_with(test_prefix)
         || std::ranges::find(others, name) != std::end(others);
}

bool is_network_name(std::string_view text) {
  constexpr std::size_t longest = 32;
  return !text.empty() && text.size() <= longest && text.front() != '-'
         && text.back() != '-' && std::ranges::all_of(text, [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
                     || c == '-';
            });
}
} // namespace spacetime::config
