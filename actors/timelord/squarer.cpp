#include "actors/timelord/squarer.hpp"

#include "core/time/simulated.hpp"

namespace spacetime {
squarer::squarer(std::shared_ptr<const consensus::protocol> p,
                 std::chrono::milliseconds pace,
                 std::function<void(const consensus::tick&)> made)
  : protocol_(std::move(p)), pace_(pace), made_(std::move(made)),
    squaring_([this] { square(); }),
    tick_proofs_([this] { prove(ticks_, true); }),
    era_proofs_([this] { prove(eras_, false); }) {}

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
  }
  changed_.notify_all();
}

void squarer::square() {
  while (true) {
    consensus::time_position at;
    std::shared_ptr<std::atomic<bool>> cancelled;
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
                         const std::shared_ptr<std::atomic<bool>>& cancelled) {
  const auto k = protocol_->fixed().ticks_per_era;
  const auto& era = at.era;
  auto group = vdf::discriminant::from_seed(era.seed,
                                            protocol_->spec.genesis.vdf_bits);
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
    consensus::tick t{
      era.number, {era.seed, era.squarings, i, 1, y, end, {}}};
    if (!put(ticks_, {t, *group, run->range(done, done + 1), cancelled}))
      return;
    y = end;
  }
  if (at.tick != 0) return; // only who saw the whole era can prove it at once
  consensus::tick whole{
    era.number,
    {era.seed, era.squarings, 0, k, vdf::generator_bytes(), y, {}}};
  put(eras_, {whole, *group, run->range(0, k), ended_});
}

void squarer::simulate_era(
  const consensus::time_position& at,
  const std::shared_ptr<std::atomic<bool>>& cancelled) {
  const auto& era = at.era;
  for (auto i = at.tick; i < protocol_->fixed().ticks_per_era; ++i) {
    if (!wait_for_pace(*cancelled)) return;
    made_({era.number,
           {era.seed, era.squarings, i, 1, vdf::simulated_tick(era.seed, i),
            vdf::simulated_tick(era.seed, i + 1), {}}});
  }
}

bool squarer::put(mailbox& box, proof_job job) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock,
                [&] { return stopping_ || *job.cancelled || !box.job; });
  if (stopping_ || *job.cancelled) return false;
  box.job = std::move(job);
  changed_.notify_all();
  return true;
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

void squarer::prove(mailbox& box, bool paced) {
  while (true) {
    std::optional<proof_job> job;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [&] { return stopping_ || box.job; });
      if (stopping_) return;
      job = std::move(box.job);
      box.job.reset();
    }
    changed_.notify_all();
    auto& step = job->tick.step;
    auto proof = vdf::prove(job->group, job->from, step.squarings * step.ticks,
                            step.end, 1, job->cancelled.get());
    if (!proof) continue; // cancelled
    step.proof = *proof;
    if (paced && !wait_for_pace(*job->cancelled)) continue;
    made_(job->tick);
  }
}
} // namespace spacetime
