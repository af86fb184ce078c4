#pragma once
// The signatures of many transactions: the part of R12 that takes its time.

#include "core/tx/tx.hpp"

#include <mutex>
#include <span>
#include <unordered_set>

namespace spacetime {
/// Remembers signatures that did verify: at least the last `capacity`, at most
/// twice as many, of about 40 bytes each. Any thread may use it.
class verified_signatures {
public:
  explicit verified_signatures(std::size_t capacity);
  /// @pre the seal of `t` did verify
  void remember(const tx& t);
  [[nodiscard]] bool knows(const tx& t) const;

private:
  // The first half of H(salt, id, seal): an id covers no seal. Nobody outside
  // knows the salt, so nobody can look for keys that collide.
  using key = std::array<std::uint64_t, 2>;
  struct first_word {
    std::size_t operator()(const key& k) const { return k[0]; }
  };
  [[nodiscard]] key key_of(const tx& t) const;

  std::size_t capacity_;
  bytes32 salt_;
  mutable std::mutex mutex_; // of the rest
  // Two generations; when the younger is full the older goes.
  std::unordered_set<key, first_word> younger_, older_;
};

/// What a check of many signatures may use.
struct signature_help {
  /// Those that need no verification; joined by those that pass. Or null.
  verified_signatures* known = nullptr;
  unsigned threads = 1; ///< the caller's included
};

/// The first transaction whose signature is bad, as an index; txs.size() if
/// all are good. Each `id` must be the transaction's on this network.
std::size_t first_bad_signature(std::span<const tx> txs,
                                const signature_help& help);
} // namespace spacetime
