#pragma once

#include "core/time/form_codec.hpp"

#include <atomic>
#include <vector>

namespace spacetime::vdf {
/// What a proof over a run of squarings needs: x = `start` and the forms
/// after `first`, `first` + `stride`, `first` + 2 `stride`, ... squarings of
/// it. `first` is at least 1 and at most `stride`.
struct checkpoints {
  form start;
  std::uint64_t first;
  std::uint64_t stride;
  std::vector<form> every;
};

/// The squaring of one era, x to x^(2^(ticks * T)). Belongs to one thread;
/// proofs are made elsewhere, from `range`.
class evaluation {
public:
  /// Starts at the generator and makes `ticks` ticks of `tick_squarings`
  /// squarings (T) at most; both at least 1, their product below 2^63.
  evaluation(const discriminant& d, std::uint64_t tick_squarings,
             std::uint64_t ticks);

  /// Starts at an encoded form, such as the last proven tick's.
  /// Errors: `bad_proof_of_time` if that is no canonical form.
  static result<evaluation> from(const discriminant& d, byte_view start,
                                 std::uint64_t tick_squarings,
                                 std::uint64_t ticks);

  /// Squares `n` times more. Errors: `cancelled` as soon as `cancel` is seen
  /// set (within 256 squarings, 1 ms); what was done by then stays.
  status advance(std::uint64_t n, const std::atomic<bool>* cancel = nullptr);

  /// The form reached, encoded.
  [[nodiscard]] bytes100 current() const { return encode(d_, current_); }
  /// Squarings done since the start.
  [[nodiscard]] std::uint64_t squarings() const { return squarings_; }
  /// Ticks done since the start.
  [[nodiscard]] std::uint64_t ticks() const { return marks_.size() - 1; }

  /// A copy of what proves ticks `from` to `to` (from < to <= ticks()): dense
  /// for the last tick alone, otherwise from the era's sparse checkpoints.
  [[nodiscard]] checkpoints range(std::uint64_t from, std::uint64_t to) const;

private:
  evaluation(const discriminant& d, form start, std::uint64_t tick_squarings,
             std::uint64_t ticks);
  void record();

  discriminant d_;
  class_group group_;
  form current_;
  std::uint64_t squarings_ = 0;
  std::uint64_t tick_squarings_;
  std::uint64_t total_;
  std::uint64_t dense_stride_;
  std::uint64_t sparse_stride_;
  std::vector<form> marks_;  ///< at each tick's end, the start first
  std::vector<form> dense_;  ///< in the tick under way
  std::vector<form> proven_; ///< in the tick before
  std::vector<form> sparse_; ///< since the start
};

/// The Wesolowski proof x^floor(2^squarings / B) that leads from the start of
/// `from` to `y`, encoded. Takes about an eighth of the squarings' work; its
/// parts are shared out to `threads` threads (at least 1), and give the same
/// bytes for any number of them.
/// Errors: `cancelled`; `internal` if the checkpoints do not reach far enough.
result<bytes100> prove(const discriminant& d, const checkpoints& from,
                       std::uint64_t squarings, const bytes100& y,
                       unsigned threads,
                       const std::atomic<bool>* cancel = nullptr);
} // namespace spacetime::vdf
