#include "tools/spacetime/setup.hpp"

#include "core/crypto/account.hpp"
#include "core/crypto/bech32m.hpp"
#include "tools/spacetime/wallet_keys.hpp"

#include <fmt/format.h>

namespace spacetime::cli {
namespace {
account_id wallet_account(const disk::wallet_secret& wallet) {
  return account_of(first_key_of(wallet).public_part());
}

result<secret_bytes> read_key(const std::filesystem::path& file,
                              disk::key_kind kind, const network_id& network) {
  return disk::read_key_file(file, kind, network,
                             [&] { return passphrase_of(file, {}); });
}

result<home_keys> make_keys(const config::home& home, const chain_spec& spec) {
  const auto made = disk::new_identity();
  const auto network = spec.network();
  // The wallet first: it is what the farmer's key is made from.
  if (auto ok = disk::write_key_file(home.keys_dir / "wallet.key",
                                     disk::key_kind::wallet, network,
                                     disk::encode(made.wallet));
      !ok)
    return fail(ok.error());
  if (auto ok = disk::write_key_file(home.keys_dir / "farmer.key",
                                     disk::key_kind::farmer, network,
                                     disk::encode(made.farmer));
      !ok)
    return fail(ok.error());
  return home_keys{made.farmer, wallet_account(made.wallet), true};
}

/// The farmer's key again, from the wallet it was made from: a crash came
/// between the two files.
status complete_keys(const config::home& home, const network_id& network) {
  auto wallet =
      read_key(home.keys_dir / "wallet.key", disk::key_kind::wallet, network);
  if (!wallet) return fail(wallet.error());
  auto words = disk::decode_wallet_secret(*wallet);
  if (!words)
    return fail(words.error().code, (home.keys_dir / "wallet.key").string());
  return disk::write_key_file(
      home.keys_dir / "farmer.key", disk::key_kind::farmer, network,
      disk::encode(disk::identity_of(words->entropy).farmer));
}

result<node_options> options_of(const prepared_node& n) {
  const auto& s = n.settings;
  node_options o;
  o.chain_dir = n.home.chain_dir;
  o.run_dir = n.home.run_dir;
  o.mempool_file = n.home.mempool;
  o.log_dir = n.home.inside(s.log.directory);
  o.plot_dirs = plot_dirs_of(n.home, s);
  o.storage.map_max = s.storage.map_max.value;
  o.storage.low_below = s.storage.min_free.value;
  o.storage.low_until = 2 * s.storage.min_free.value;
  o.indexes = {s.storage.tx_index, s.storage.history_index};
  auto prune = disk::parse_prune(s.storage.prune);
  if (!prune) return fail(errc::bad_config, "storage.prune");
  if (auto ok = disk::check_prune(*prune, n.spec.fixed()); !ok)
    return fail(ok.error());
  o.prune = *prune;
  const auto& [host, port] = s.rpc.listen;
  o.rpc_listen = host.find(':') == std::string::npos
                     ? fmt::format("{}:{}", host, port)
                     : fmt::format("[{}]:{}", host, port); // IPv6
  o.farmer_key = n.farmer.farmer;
  o.payee = n.payee;
  o.squares = s.timelord.mode != config::timelord_mode::off;
  // What people run on a laptop is paced: the VDF rests between ticks.
  if (!is_public(n.spec))
    o.tick_pace = std::chrono::milliseconds{n.spec.fixed().tau_ms};
  o.mempool_bytes = s.mempool.max_bytes.value;
  o.mempool_expiry = s.mempool.expiry;
  o.workers = s.validator.workers;
  o.now = now;
  return o;
}
} // namespace

bool is_public(const chain_spec& spec) {
  return spec.genesis.name == "mainnet" || spec.genesis.name == "testnet";
}

result<config::settings> load_settings(const config::home& home,
                                       const config::key_texts& flags) {
  config::load_options o;
  o.file = home.node_toml;
  o.variables = config::process_environment();
  o.flags = flags;
  o.network = home.network;
  // Small chains of one's own: `wallet history` works without a restart.
  for (const auto* name : {"devnet", "regtest"})
    o.network_defaults[name] = {{"storage.history_index", "true"}};
  auto loaded = config::config::load(o);
  if (loaded) return loaded->values();
  std::string all;
  for (const auto& p : loaded.error()) {
    if (!all.empty()) all += "\nerror: ";
    all += to_string(p);
  }
  return fail(errc::bad_config, all);
}

result<home_keys> load_keys(const config::home& home, const chain_spec& spec) {
  const auto wallet_file = home.keys_dir / "wallet.key";
  const auto farmer_file = home.keys_dir / "farmer.key";
  std::error_code ignored;
  const bool has_wallet = std::filesystem::exists(wallet_file, ignored),
             has_farmer = std::filesystem::exists(farmer_file, ignored);
  if (!has_wallet && !has_farmer) return make_keys(home, spec);
  const auto network = spec.network();
  if (has_wallet && !has_farmer)
    if (auto ok = complete_keys(home, network); !ok) return fail(ok.error());
  auto farmer = read_key(farmer_file, disk::key_kind::farmer, network);
  if (!farmer) return fail(farmer.error());
  auto secret = disk::decode_farmer_secret(*farmer);
  if (!secret) return fail(secret.error().code, farmer_file.string());
  auto wallet = read_key(wallet_file, disk::key_kind::wallet, network);
  if (!wallet) return fail(wallet.error());
  auto words = disk::decode_wallet_secret(*wallet);
  if (!words) return fail(words.error().code, wallet_file.string());
  return home_keys{std::move(*secret), wallet_account(*words), false};
}

std::vector<std::filesystem::path> plot_dirs_of(const config::home& home,
                                                const config::settings& s) {
  std::vector<std::filesystem::path> out;
  for (const auto& dir : s.farm.plot_dirs) out.push_back(home.inside(dir));
  return out;
}

result<prepared_node> prepare_node(const common_flags& common,
                                   const config::key_texts& flags) {
  auto home = home_of(common);
  if (!home) return fail(home.error());
  auto spec = spec_of(*home);
  if (!spec) return fail(spec.error());
  if (!spec->genesis.seed)
    return fail(errc::bad_config, home->network + " has not started");
  // Before anything is made: a typo leaves no trace.
  auto settings = load_settings(*home, flags);
  if (!settings) return fail(settings.error());
  account_id payee;
  if (!settings->farm.payee.empty()) {
    auto named = decode_address(spec->genesis.hrp, settings->farm.payee);
    if (!named)
      return fail(errc::bad_config, "farm.payee: " + named.error().detail);
    payee = *named;
  }
  if (auto ok = config::create(*home); !ok) return fail(ok.error());
  auto lock = disk::directory_lock::take(home->lock_file);
  if (!lock) return fail(lock.error());
  if (auto ok = config::write_default(home->node_toml);
      !ok && ok.error() != errc::duplicate)
    return fail(ok.error());
  auto keys = load_keys(*home, *spec);
  if (!keys) return fail(keys.error());
  prepared_node out{std::move(*home),
                    std::move(*settings),
                    std::move(*spec),
                    std::move(*lock),
                    std::move(keys->farmer),
                    keys->wallet,
                    keys->made,
                    {}};
  if (payee != account_id{}) out.payee = payee;
  auto options = options_of(out);
  if (!options) return fail(options.error());
  out.options = std::move(*options);
  return out;
}
} // namespace spacetime::cli
