#pragma once
// Checks steps of the time chain (R10) and remembers what it has proven.

#include "core/consensus/context.hpp"
#include "core/time/discriminant.hpp"

#include <deque>
#include <mutex>
#include <optional>
#include <unordered_set>

namespace spacetime::consensus {
/// One step of the time chain that a proof covers, inside one era.
struct time_step {
  bytes32 seed{};            ///< S_n
  std::uint64_t squarings{}; ///< T of the era
  std::uint64_t from{};      ///< tick of `start`
  std::uint64_t ticks{};     ///< at least 1; from + ticks <= K
  bytes100 start{}, end{}, proof{};
};

/// The steps that a header claims, and where they lead.
struct claimed_time {
  std::vector<time_step> steps;
  time_position end;
};

/// Follows a header's entries from its parent. Checks their form only, not
/// their proofs. Errors: `bad_time_entries`.
result<claimed_time>
claimed_steps(const protocol& p, const chain_context& parent, const header& h);

/// Verifies steps. Any thread may call it; proofs run outside its lock.
class time_proofs {
public:
  explicit time_proofs(const protocol& p) : protocol_(p) {}

  /// Errors: `bad_proof_of_time`, `bad_discriminant`. A step that passed is
  /// known from then on: the same bytes again cost one hash.
  status verify(const time_step& step);

  /// The discriminant of an era; the last few are kept, since hashing to one
  /// costs more than a verification.
  result<vdf::discriminant> discriminant_of(const bytes32& seed);

private:
  static constexpr std::size_t known_limit = 4096;
  static constexpr std::size_t discriminant_limit = 16;

  const protocol& protocol_;
  std::mutex mutex_;
  std::deque<std::pair<bytes32, vdf::discriminant>> discriminants_;
  std::unordered_set<challenge> known_;
  std::deque<challenge> order_; // of `known_`, oldest first
};
} // namespace spacetime::consensus
