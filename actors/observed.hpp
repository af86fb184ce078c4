#pragma once
// Introspection: Debian's CAF has its profiler compiled out, but two virtual
// functions of CAF see every message.

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduled_actor.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace spacetime {
/// What is known about one actor. Readers share it and never touch the actor;
/// they may see a moment that never was.
struct observation {
  std::string name;
  std::uint64_t id = 0;      ///< CAF's actor id
  std::uint32_t spawned = 0; ///< actors of this name so far, this included
  alignas(64) std::atomic<std::uint64_t> enqueued{0}; ///< many writers
  alignas(64) std::atomic<std::uint64_t> handled{0};  ///< one writer from here
  std::atomic<std::uint64_t> refused{0};              ///< without a handler
  /// Handler run times of one message in 64: bucket n counts [2^(n-1), 2^n) ns.
  std::array<std::atomic<std::uint32_t>, 64> run_times{};

  /// Upper bound in ns of the bucket at `percent` of the samples; 0 if none.
  [[nodiscard]] std::uint64_t percentile(unsigned percent) const {
    std::uint64_t total = 0, seen = 0;
    for (const auto& n : run_times) total += n;
    for (std::size_t i = 0; i < run_times.size(); ++i)
      if ((seen += run_times[i]) * 100 > total * percent)
        return std::uint64_t{1} << i;
    return 0;
  }
};

/// The observed actors of one actor system that are still in memory.
class observations {
public:
  std::shared_ptr<observation> add(const char* name, std::uint64_t id) {
    auto x = std::make_shared<observation>();
    x->id = id;
    const std::lock_guard guard{mutex_};
    x->spawned = ++spawned_[x->name = name];
    std::erase_if(all_, [](const auto& y) { return y.expired(); });
    all_.push_back(x);
    return x;
  }

  [[nodiscard]] std::vector<std::shared_ptr<observation>> list() const {
    const std::lock_guard guard{mutex_};
    std::vector<std::shared_ptr<observation>> out;
    for (const auto& x : all_)
      if (auto alive = x.lock()) out.push_back(std::move(alive));
    return out;
  }

private:
  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<observation>> all_;
  std::map<std::string, std::uint32_t> spawned_;
};

/// Base of our configuration: gives every actor system its own table.
struct observed_config : caf::actor_system_config {
  mutable observations table;
};

/// @pre the system's configuration derives from `observed_config`.
inline observations& table_of(const caf::actor_system& sys) {
  return dynamic_cast<const observed_config&>(sys.config()).table;
}

/// Base of every actor: `stateful_actor<S, observed<B>>`. Counts and times its
/// messages, refuses unknown ones without printing, and turns an exception into
/// an error; the actor still ends, and its supervisor makes the next one.
template <class Base>
class observed : public Base {
public:
  using Base::Base;
  using Base::enqueue;

  void enqueue(caf::mailbox_element_ptr x, caf::execution_unit* eu) override {
    if (seen_) // set by launch, before anyone else knows this actor
      seen_->enqueued.fetch_add(1, std::memory_order_relaxed);
    Base::enqueue(std::move(x), eu);
  }

  void launch(caf::execution_unit* eu, bool lazy, bool hide) override {
    seen_ = table_of(this->system()).add(this->name(), this->id());
    this->set_default_handler([o = seen_](auto*, auto&) {
      ++o->refused;
      return caf::result<caf::message>{caf::sec::unexpected_message};
    });
    this->set_exception_handler([](std::exception_ptr& p) -> caf::error {
      try {
        std::rethrow_exception(p);
      } catch (const std::exception& e) {
        return caf::make_error(caf::sec::runtime_error, std::string{e.what()});
      } catch (...) {
        return caf::make_error(caf::sec::runtime_error);
      }
    });
    Base::launch(eu, lazy, hide);
  }

protected:
  caf::invoke_message_result consume(caf::mailbox_element& x) override {
    using clock = std::chrono::steady_clock;
    const auto n = seen_->handled.load(std::memory_order_relaxed);
    const bool timed = n % 64 == 0;
    const auto start = timed ? clock::now() : clock::time_point{};
    const auto out = Base::consume(x);
    if (timed) {
      const std::chrono::nanoseconds took = clock::now() - start;
      ++seen_->run_times[std::bit_width(
          static_cast<std::uint64_t>(took.count()))];
    }
    if (out != caf::invoke_message_result::skipped)
      seen_->handled.store(n + 1, std::memory_order_relaxed);
    return out;
  }

private:
  std::shared_ptr<observation> seen_;
};
} // namespace spacetime
