#pragma once
// Plots and the keys that may win with them, outside of a node.

#include "core/chain/block.hpp"
#include "core/chain/spec.hpp"
#include "core/crypto/sign.hpp"
#include "core/space/quality.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace spacetime::sim {
/// A plot and its owner.
struct farm_plot {
  secret_key farmer;
  space_part fields; ///< without a proof
  plot_id id;
  /// All chains for a space challenge. Not called where space is simulated.
  std::function<std::vector<space::chain>(const bytes32&)> chains{};
};

/// A plot that is computed now and held in memory; of k = 18 it is 2 MB. Plots
/// of one id are made once in a process, and stay.
/// @pre the network's plots can be computed in memory, or space is simulated
farm_plot plot_in_memory(const chain_spec& spec, const secret_key& farmer,
                         const bytes32& payout, const bytes32& seed);

/// The only account that example plot 1 can pay; blocks of the other plots pay
/// anybody.
account_id example_payout(std::size_t plot);

/// `count` plots whose keys anybody can compute; others for another `salt`.
/// Plot i is of farmer i, and plot 1 can pay `example_payout(1)` alone.
std::vector<farm_plot> example_plots(const chain_spec& spec, std::size_t count,
                                     byte_view salt = {});

/// A chance to make a block.
struct ticket {
  std::size_t plot; ///< its place in the farm
  u256 score;
  std::optional<space::chain> chain; ///< none where space is simulated
};

/// Which tickets to look for.
struct ticket_wish {
  std::optional<std::size_t> plot; ///< of this one alone
  bool above_target = false;       ///< the least that does not win
  bool filtered = false;           ///< of plots that take no part in the epoch
};

/// A proven ticket, as it goes into a header.
struct proven_ticket {
  space_part space;
  bytes32 infusion{}; ///< what it would add to its era: I_n
};

class farm {
public:
  /// @pre `spec` outlives this
  farm(const chain_spec& spec, std::vector<farm_plot> plots)
      : spec_(&spec), plots_(std::move(plots)) {}

  /// The ticket of the lowest score, if there is one below `target` (at or
  /// above it, if wished).
  [[nodiscard]] std::optional<ticket> best(const challenge& c, epoch e,
                                           const u256& target,
                                           const ticket_wish& wish = {}) const;
  /// @pre `t` is this farm's for `c`
  [[nodiscard]] proven_ticket prove(const ticket& t, const challenge& c) const;
  /// Signs with the key of the header's farmer; does nothing for a stranger's.
  void seal(header& h) const;

  [[nodiscard]] std::size_t size() const { return plots_.size(); }

private:
  [[nodiscard]] bool simulated() const;
  [[nodiscard]] space::plot_params params_of(const farm_plot& p) const;
  [[nodiscard]] std::vector<ticket> tickets(std::size_t plot,
                                            const challenge& c) const;

  const chain_spec* spec_;
  std::vector<farm_plot> plots_;
};
} // namespace spacetime::sim
