#pragma once
// Makes the time chain: real squarings with their proofs, or simulated ones.

#include "core/consensus/timeline.hpp"

#include <map>
#include <memory>

namespace spacetime::sim {
/// How the time part of a header covers the ticks.
enum class entry_style : std::uint8_t {
  whole_eras, ///< an entry per tick, but one for each whole era; as a node
  ticks,      ///< an entry per tick
  longest,    ///< as few entries as there can be
};

/// Squares as far as it is asked, unpaced, and keeps what it has squared.
class tick_maker {
public:
  /// @pre `p` outlives this
  explicit tick_maker(const consensus::protocol& p) : rules_(&p) {}

  /// y_i of an era, i in [0, K].
  bytes100 element(const consensus::era_state& era, std::uint64_t i);
  /// A proven step of an era, `from` < `to` <= K.
  consensus::tick tick(const consensus::era_state& era, std::uint64_t from,
                       std::uint64_t to);
  /// The entries of a header at epoch `to` above `from`.
  std::vector<time_entry> entries(const consensus::chain_context& from,
                                  epoch to, entry_style style);

  /// Frees what is known of eras before `era`; asked again, it is squared
  /// again.
  void forget_before(std::uint64_t era);

private:
  struct era_run;
  era_run& run_of(const consensus::era_state& era);
  [[nodiscard]] bool simulated() const {
    return rules_->spec.genesis.mode == time_mode::simulated;
  }

  const consensus::protocol* rules_;
  std::map<bytes32, std::shared_ptr<era_run>> runs_; // by seed and T
};
} // namespace spacetime::sim
