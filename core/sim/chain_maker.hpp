#pragma once
// Makes chains without a node: blocks with real ticks, plots and signatures,
// or those of a network whose time and space are simulated.

#include "core/chain/public_keys.hpp"
#include "core/consensus/challenge.hpp"
#include "core/consensus/timeline.hpp"
#include "core/space/quality.hpp"
#include "core/state/ledger.hpp"

#include <initializer_list>
#include <map>
#include <memory>
#include <optional>

namespace spacetime::sim {
/// A rule by its name in a spec file, and its value from epoch 0 on.
using rule_value = std::pair<std::string_view, std::uint64_t>;

/// An embedded network with other values of some rules.
chain_spec network_with(std::string_view name,
                        std::initializer_list<rule_value> rules = {});

/// Completes a spec that a test has changed.
chain_spec finished(chain_spec spec);

/// A block and where a chain goes on from it.
struct made_block {
  block value;
  bytes raw;
  consensus::chain_context context;
  state::ledger ledger; ///< after it; its parent's if it is not valid
  state::delta change;  ///< empty for genesis
  /// R13 and R14 hold here and in all its ancestors.
  bool valid = true;

  [[nodiscard]] const header& head() const { return value.head; }
  [[nodiscard]] const block_id& id() const { return context.id; }
};

/// How the time part covers the ticks.
enum class entry_style : std::uint8_t {
  whole_eras, ///< an entry per tick, but one for each whole era
  ticks,      ///< an entry per tick
  longest,    ///< as few entries as there can be
};

struct block_options {
  std::uint64_t skip = 0; ///< epochs left empty after the parent's
  std::optional<std::uint64_t> epoch_ms; ///< time of an epoch, instead of tau
  std::vector<tx> txs;
  std::optional<account_id> payee; ///< where the plot leaves it free
  std::optional<std::size_t> plot; ///< this one alone; else the best
  entry_style entries = entry_style::whole_eras;
  std::optional<bytes32> state_root; ///< instead of the right one
  bool above_target = false;         ///< a ticket that does not win
  bool filtered = false;             ///< a plot that takes no part in the epoch
  /// The element that the last entry claims, instead of the right one.
  std::optional<bytes100> false_y;
  bool sign = true;
};

/// A block follows from the network, the seed, its parent and its options
/// alone. The plots of a network are the same for every seed, and computed
/// once in a process.
class chain_maker {
public:
  /// Plot i belongs to farmer i; plot 1 can only pay `payout_of(1)`.
  chain_maker(chain_spec spec, std::uint64_t seed, std::size_t plots = 3);

  [[nodiscard]] const consensus::protocol& rules() const { return *rules_; }
  [[nodiscard]] const made_block& genesis() const { return genesis_; }

  /// A child of `parent`, in the first epoch that has a ticket. A body that
  /// the ledger refuses gives a block that is not `valid`.
  made_block next(const made_block& parent, const block_options& o = {});
  /// `n` blocks, each on the one before, the first on `parent`.
  std::vector<made_block> chain(const made_block& parent, std::size_t n,
                                const block_options& o = {});

  /// A proven step of an era, `from` < `to` <= K.
  consensus::tick tick(const consensus::era_state& era, std::uint64_t from,
                       std::uint64_t to);

  /// Signs a header that a test has changed, with its farmer's key.
  void seal(header& h) const;
  /// A signed payment by premine account `from`.
  [[nodiscard]] tx payment(std::uint32_t from, std::uint64_t nonce,
                           const account_id& to, std::uint64_t value,
                           std::uint64_t fee = 1'000) const;
  /// Completes a changed transaction: its id, and the seal of that account.
  void seal(tx& t, std::uint32_t from) const;
  [[nodiscard]] secret_key premine_key(std::uint32_t index) const;
  [[nodiscard]] account_id payout_of(std::size_t plot) const;
  [[nodiscard]] std::size_t plots() const { return plots_.size(); }

private:
  struct plot {
    secret_key farmer;
    space_part fields; // without a proof
    plot_id id;
  };
  struct found {
    std::size_t plot;
    u256 score;
    std::optional<space::chain> chain; // none where space is simulated
  };
  struct era_run;

  [[nodiscard]] bool simulated() const;
  [[nodiscard]] account_id some_payee(const block_id& parent) const;
  era_run& run_of(const consensus::era_state& era);
  bytes100 y_at(const consensus::era_state& era, std::uint64_t i);
  std::vector<found> tickets(const plot& p, std::size_t number,
                             const challenge& c) const;
  [[nodiscard]] std::optional<found> choose(const consensus::time_position& at,
                                            const block_options& o) const;
  std::vector<time_entry> entries(const consensus::chain_context& from,
                                  epoch to, entry_style style);
  space_part prove(const found& ticket, const challenge& c,
                   bytes32& infusion) const;
  made_block build(const made_block& parent, const block_options& o,
                   const consensus::time_position& at, const found& ticket);
  void apply(const made_block& parent, const block_options& o,
             made_block& out) const;

  std::shared_ptr<consensus::protocol> rules_;
  std::vector<plot> plots_;
  std::uint64_t seed_;
  std::map<bytes32, std::shared_ptr<era_run>> runs_;
  made_block genesis_;
};
} // namespace spacetime::sim
