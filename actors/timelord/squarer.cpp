#include "actors/timelord/squarer.hpp"

#include "core/time/simulated.hpp"

#include <algorithm>

namespace spacetime {
squarer::squarer(std::shared_ptr<const consensus::protocol> p,
                 std::chrono::milliseconds pace,
                 std::function<void(const consensus::tick&)> made)
    : protocol_(std::move(p)), pace_(pace), made_(std::move(made)),
      squaring_([this] { square(); }), tick_proofs_([this] { prove_ticks(); }),
      era_proofs_([this] { prove_eras(); }) {}

squarer::~squarer() {
  {
    const std::lock_guard guard{mutex_};
    stopping_ = true;
    *ended_ = true;
    if (cancelled_) *cancelled_ = true;
  }
  changed_.notify_all();
  squaring_.join();
  tick_proofs_.join();
  era_proofs_.join();
}

void squarer::run_from(const consensus::time_position& at) {
  {
    const std::lock_guard guard{mutex_};
    if (cancelled_ && seed_ == at.era.seed) return;
    if (cancelled_) *cancelled_ = true;
    cancelled_ = std::make_shared<std::atomic<bool>>(false);
    seed_ = at.era.seed;
    next_ = at;
  }
  changed_.notify_all();
}

void squarer::pause() {
  {
    const std::lock_guard guard{mutex_};
    if (cancelled_) *cancelled_ = true;
    cancelled_.reset();
    next_.reset();
    proving_ = {}; // perhaps it was that proof that was of no use
  }
  changed_.notify_all();
}

void squarer::square() {
  while (true) {
    consensus::time_position at;
    flag cancelled;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return stopping_ || next_; });
      if (stopping_) return;
      at = *next_;
      next_.reset();
      cancelled = cancelled_;
    }
    if (protocol_->spec.genesis.mode == time_mode::simulated)
      simulate_era(at, cancelled);
    else
      square_era(at, cancelled);
  }
}

void squarer::square_era(const consensus::time_position& at,
                         const flag& cancelled) {
  const auto k = protocol_->fixed().ticks_per_era;
  const auto& era = at.era;
  auto group =
      vdf::discriminant::from_seed(era.seed, protocol_->spec.genesis.vdf_bits);
  if (!group) return; // a spec that passed its checks has one
  auto run = vdf::evaluation::from(*group, at.y, era.squarings, k - at.tick);
  if (!run) return; // never from a proven tick
  auto y = at.y;
  for (auto i = at.tick; i < k; ++i) {
    const auto begun = clock::now();
    if (!run->advance(era.squarings, cancelled.get())) return;
    const auto spent = std::chrono::duration_cast<std::chrono::microseconds>(
        clock::now() - begun);
    rate_ = era.squarings * 1'000'000
            / static_cast<std::uint64_t>(std::max<long>(1, spent.count()));
    const auto end = run->current();
    const auto done = i - at.tick;
    consensus::tick t{era.number, {era.seed, era.squarings, i, 1, y, end, {}}};
    if (!put_tick({t, *group, run->range(done, done + 1), cancelled})) return;
    y = end;
  }
  if (at.tick != 0) return; // only who saw the whole era can prove it at once
  consensus::tick whole{
      era.number,
      {era.seed, era.squarings, 0, k, vdf::generator_bytes(), y, {}}};
  put_era({whole, *group, run->range(0, k), ended_});
}

void squarer::simulate_era(const consensus::time_position& at,
                           const flag& cancelled) {
  const auto& era = at.era;
  for (auto i = at.tick; i < protocol_->fixed().ticks_per_era; ++i) {
    if (!wait_for_pace(*cancelled)) return;
    made_({era.number,
           {era.seed,
            era.squarings,
            i,
            1,
            vdf::simulated_tick(era.seed, i),
            vdf::simulated_tick(era.seed, i + 1),
            {}}});
  }
}

void squarer::prove_era(const consensus::era_span& era) {
  {
    const std::lock_guard guard{mutex_};
    const auto same = [&](const proof_job& j) {
      return j.tick.step.seed == era.seed;
    };
    if (proving_ == era.seed || eras_.size() + 1 >= era_limit
        || std::any_of(eras_.begin(), eras_.end(), same))
      return;
  }
  auto group =
      vdf::discriminant::from_seed(era.seed, protocol_->spec.genesis.vdf_bits);
  if (!group) return;
  const consensus::tick whole{era.number,
                              {era.seed,
                               era.squarings,
                               0,
                               protocol_->fixed().ticks_per_era,
                               vdf::generator_bytes(),
                               era.end,
                               {}}};
  put_era({whole, *group, {}, ended_});
}

bool squarer::put_tick(proof_job job) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return stopping_ || *job.cancelled || !tick_; });
  if (stopping_ || *job.cancelled) return false;
  tick_ = std::move(job);
  changed_.notify_all();
  return true;
}

void squarer::put_era(proof_job job) {
  {
    const std::lock_guard guard{mutex_};
    // The oldest goes: whoever still needs it asks again.
    if (eras_.size() == era_limit) eras_.pop_front();
    eras_.push_back(std::move(job));
  }
  changed_.notify_all();
}

bool squarer::wait_for_pace(const std::atomic<bool>& cancelled) {
  std::unique_lock lock{mutex_};
  const auto until = released_ + pace_;
  const auto over = [&] { return stopping_ || cancelled; };
  if (pace_.count() > 0) changed_.wait_until(lock, until, over);
  if (over()) return false;
  released_ = clock::now();
  return true;
}

bool squarer::prove(proof_job& job) {
  auto& step = job.tick.step;
  if (!job.from) {
    vdf::evaluation again{job.group, step.squarings, step.ticks};
    if (!again.advance(step.squarings * step.ticks, job.cancelled.get())
        || again.current() != step.end)
      return false;
    job.from = again.range(0, step.ticks);
  }
  auto proof = vdf::prove(job.group, *job.from, step.squarings * step.ticks,
                          step.end, 1, job.cancelled.get());
  if (proof) step.proof = *proof;
  return proof.has_value();
}

void squarer::prove_ticks() {
  while (true) {
    std::optional<proof_job> job;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [&] { return stopping_ || tick_; });
      if (stopping_) return;
      job.swap(tick_);
    }
    changed_.notify_all();
    if (prove(*job) && wait_for_pace(*job->cancelled)) made_(job->tick);
  }
}

void squarer::prove_eras() {
  while (true) {
    std::optional<proof_job> job;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [&] { return stopping_ || !eras_.empty(); });
      if (stopping_) return;
      job = std::move(eras_.front());
      eras_.pop_front();
      proving_ = job->tick.step.seed;
    }
    if (prove(*job)) made_(job->tick);
  }
}
} // namespace spacetime
