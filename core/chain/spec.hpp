#pragma once
// The chain spec: everything that makes one network, nothing that is local.

#include "core/base/result.hpp"
#include "core/base/strong.hpp"
#include "core/base/u256.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spacetime {
/// How ticks are made.
enum class time_mode : std::uint8_t {
  class_group = 0, ///< a VDF over class groups; docs/protocol.md
  simulated = 1,   ///< hashes; for simulations and unit tests only
};

struct premine_entry {
  account_id account;
  amount value;
  friend bool operator==(const premine_entry&, const premine_entry&) = default;
};

/// Fixed for ever: its hash is the network id.
struct genesis_section {
  std::string name;            ///< "devnet"
  std::string hrp;             ///< prefix of addresses, "dst"
  timestamp time;              ///< of the genesis block
  std::optional<bytes32> seed; ///< S_0; none: the network has not started
  time_mode mode{};
  std::uint16_t vdf_bits{};     ///< size of discriminants: 256, 512, 1024
  std::uint64_t squarings{};    ///< T of the first eras
  std::uint8_t k{}, strength{}; ///< of every plot; 0 in simulated space
  bool test_plots{};            ///< pos2's testnet flag
  u256 target;                  ///< of era 0
  std::vector<premine_entry> premine;
};

/// The rules in force at one epoch. Names as in docs/protocol.md.
struct rule_set {
  std::uint64_t tau_ms{};        ///< intended time of a tick
  std::uint64_t tau_min_ms{};    ///< least time of an epoch between blocks (R6)
  std::uint64_t drift_ms{};      ///< how far ahead a time stamp may be (R6)
  std::uint64_t ticks_per_era{}; ///< K
  std::uint64_t infusion_lag{};  ///< ticks before an era's end
  std::uint64_t retarget_period{}; ///< eras between changes of T
  std::uint64_t squarings_floor{}; ///< least T
  std::uint64_t squarings_cap{};   ///< greatest T
  std::uint64_t filter_bits{};     ///< a plot joins one epoch in 2^n (R8)
  std::uint64_t spacing_numerator{}, spacing_denominator{}; ///< epochs/block
  std::uint64_t half_life{}; ///< epochs in which the target can double
  std::uint64_t maturity{};  ///< blocks until a reward is credited
  std::uint64_t max_reorg{}; ///< eras; local policy
  std::uint64_t subsidy{};   ///< motes of the first blocks
  std::uint64_t halving{};   ///< blocks between halvings of the subsidy
  std::uint64_t tail{};      ///< least subsidy, motes
  std::uint64_t max_body_bytes{}, max_txs{}; ///< R11
  std::uint64_t min_fee_rate{};              ///< motes per byte (R12)
  std::uint64_t header_version{};            ///< R2
};

/// One row of the rules section: how the parser, the printer and the canonical
/// bytes all see a rule. The order is that of the canonical bytes.
struct rule_field {
  std::string_view name;
  std::uint64_t rule_set::*member;
  std::uint64_t least, most;
  bool fixed;            ///< shapes time line or emission: never scheduled
  std::string_view text; ///< for the printed file
};
std::span<const rule_field> rule_fields();

/// Values of one rule, each from an epoch on; the first from epoch 0.
using rule_schedule = std::vector<std::pair<epoch, std::uint64_t>>;

class chain_spec {
public:
  /// Parses a spec file. Errors: `bad_config` with line and key.
  static result<chain_spec> parse(std::string_view toml);
  /// An embedded network: mainnet, testnet, devnet, regtest, sim.
  /// Errors: `not_found`.
  static result<chain_spec> embedded(std::string_view name);
  /// Names of the embedded networks.
  static std::vector<std::string_view> names();
  /// The embedded file itself. @pre `name` is one of `names()`
  static std::string_view embedded_text(std::string_view name);

  genesis_section genesis;
  /// In the order of `rule_fields()`.
  std::vector<rule_schedule> schedules;
  u256 minimum_weight; ///< chains below it are never followed

  /// The rules of an epoch.
  [[nodiscard]] const rule_set& at(epoch e) const;
  /// Rules that hold for ever: those of epoch 0.
  [[nodiscard]] const rule_set& fixed() const { return eras_.front().second; }

  /// H("st/network", canonical genesis section).
  [[nodiscard]] const network_id& network() const { return network_; }
  /// H("st/rules", canonical rules section) with only the entries that start
  /// at or before `until`; the whole section by default.
  [[nodiscard]] bytes32 rules_id(epoch until = epoch{~std::uint64_t{0}}) const;

  [[nodiscard]] bytes canonical_genesis() const;
  [[nodiscard]] bytes canonical_rules(epoch until) const;

  /// Checks ranges and completes derived values. Called by `parse`; call it
  /// after a change of the public fields. Errors: `bad_config`.
  status finish();

private:
  network_id network_;
  std::vector<std::pair<epoch, rule_set>> eras_; // rule sets by first epoch
};
} // namespace spacetime
