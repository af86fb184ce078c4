#pragma once
// Makes chains without a node: blocks with real ticks, plots and signatures,
// or those of a network whose time and space are simulated.

#include "core/sim/farm.hpp"
#include "core/sim/tick_maker.hpp"
#include "core/state/ledger.hpp"

#include <initializer_list>

namespace spacetime::sim {
/// A rule by its name in a spec file, and its value from epoch 0 on.
using rule_value = std::pair<std::string_view, std::uint64_t>;

/// An embedded network with other values of some rules.
chain_spec network_with(std::string_view name,
                        std::initializer_list<rule_value> rules = {});

/// Completes a spec whose fields were changed.
chain_spec finished(chain_spec spec);

/// A block and where a chain goes on from it.
struct grown_block {
  block value;
  bytes raw;
  consensus::chain_context context;
  state::delta change; ///< empty for genesis
  /// R13 and R14 hold here and in all its ancestors.
  bool valid = true;

  [[nodiscard]] const header& head() const { return value.head; }
  [[nodiscard]] const block_id& id() const { return context.id; }
};

/// A block that others can be made on at any time.
struct made_block : grown_block {
  state::ledger ledger; ///< after it; its parent's if it is not valid
};

/// What a block is to be.
struct block_plan {
  std::uint64_t skip = 0; ///< epochs left empty after the parent's
  std::optional<std::uint64_t> epoch_ms; ///< time of an epoch, instead of tau
  std::vector<tx> txs;
  std::optional<account_id> payee; ///< where the plot leaves it free
  std::optional<std::size_t> plot; ///< this one alone; else the best
  entry_style entries = entry_style::whole_eras;
  /// Asked before each epoch is tried, with the time stamp of a block there:
  /// true gives up.
  std::function<bool(timestamp)> stop{};
};

/// What may be wrong with it, to see it refused.
struct block_flaws {
  std::optional<bytes32> state_root; ///< instead of the right one
  bool above_target = false;         ///< a ticket that does not win
  bool filtered = false;             ///< a plot that takes no part in the epoch
  /// The element that the last entry claims, instead of the right one.
  std::optional<bytes100> false_y;
  bool sign = true;
};

struct block_options : block_plan, block_flaws {};

/// A block follows from the network, the farm, the seed, its parent and its
/// options alone.
class chain_maker {
public:
  /// With this number of example plots, the same for every seed.
  chain_maker(chain_spec spec, std::uint64_t seed, std::size_t plots = 3);
  chain_maker(chain_spec spec, std::uint64_t seed,
              std::vector<farm_plot> plots);

  [[nodiscard]] const consensus::protocol& rules() const { return *rules_; }
  [[nodiscard]] const made_block& genesis() const { return genesis_; }

  /// A child of `parent`, in the first epoch that has a ticket. A body that
  /// the ledger refuses gives a block that is not `valid`.
  made_block next(const made_block& parent, const block_options& o = {});
  /// The same above any block, with the ledger behind it, which moves on by
  /// this block if it is valid. Long chains are made so: nothing is copied.
  /// Nothing if `o.stop` says so. @pre it does if the farm never wins
  std::optional<grown_block> extend(const consensus::chain_context& parent,
                                    state::ledger& ledger,
                                    const block_options& o = {});
  /// `n` blocks, each on the one before, the first on `parent`.
  std::vector<made_block> chain(const made_block& parent, std::size_t n,
                                const block_options& o = {});

  /// A proven step of an era, `from` < `to` <= K.
  consensus::tick tick(const consensus::era_state& era, std::uint64_t from,
                       std::uint64_t to) {
    return ticks_.tick(era, from, to);
  }
  /// Frees what is known of the time chain before an era.
  void forget_before(std::uint64_t era) { ticks_.forget_before(era); }

  /// Signs a header that was changed, with its farmer's key.
  void seal(header& h) const { farm_.seal(h); }
  /// A signed payment by premine account `from`.
  [[nodiscard]] tx payment(std::uint32_t from, std::uint64_t nonce,
                           const account_id& to, std::uint64_t value,
                           std::uint64_t fee = 1'000) const;
  /// Completes a changed transaction: its id, and the seal of that account.
  void seal(tx& t, std::uint32_t from) const;
  [[nodiscard]] secret_key premine_key(std::uint32_t index) const;
  [[nodiscard]] account_id payout_of(std::size_t plot) const {
    return example_payout(plot);
  }
  [[nodiscard]] std::size_t plots() const { return farm_.size(); }

private:
  [[nodiscard]] account_id some_payee(const block_id& parent) const;
  grown_block build(const consensus::chain_context& parent,
                    state::ledger& ledger, const block_options& o,
                    const consensus::time_position& at, const ticket& t);
  [[nodiscard]] timestamp time_at(const consensus::chain_context& parent,
                                  epoch e, const block_options& o) const;
  void apply(state::ledger& ledger, const block_options& o,
             grown_block& out) const;

  std::shared_ptr<consensus::protocol> rules_;
  farm farm_;
  tick_maker ticks_;
  std::uint64_t seed_;
  made_block genesis_;
};
} // namespace spacetime::sim
