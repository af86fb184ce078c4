#include "actors/answer.hpp"
#include "actors/followers.hpp"
#include "actors/observed.hpp"
#include "actors/plot_scanner/disk_worker.hpp"
#include "core/codec/messages.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <deque>

namespace spacetime {
namespace {
constexpr std::size_t kept_times = 1000; // lookups behind the percentiles

struct scanner_state {
  scanner_state() = default;
  scanner_state(const scanner_state&) = delete;
  scanner_state& operator=(const scanner_state&) = delete;
  /// The worker abandons what it does: nobody waits for it any more.
  ~scanner_state() { *newest = ~std::uint64_t{0}; }
  boot from;
  disk_worker_actor worker;
  newest_challenge newest = std::make_shared<std::atomic<std::uint64_t>>(0);
  bool busy = false;
  std::optional<scan_msg> waiting; // the newest challenge, while busy
  std::deque<std::uint32_t> times; // microseconds, the last lookups
  std::uint32_t plots = 0;
  std::uint64_t bytes = 0, scans = 0, skipped = 0;
  std::uint64_t lookups = 0, late = 0, errors = 0;
  std::vector<std::string> problems;
  static inline const char* name = "plot_scanner";
};

using scanner_self =
    caf::stateful_actor<scanner_state, observed<plot_scanner_actor::base>>;

void note(scanner_self* self, const scan_report_msg& m) {
  auto& st = self->state;
  ++st.scans;
  (void)m.try_read([&](schema::ScanReport::Reader in) {
    st.plots = in.getPlots();
    st.bytes = in.getBytes();
    st.lookups += in.getDone();
    st.late += in.getLate();
    st.errors += in.getErrors();
    for (auto micros : in.getLookupMicros()) st.times.push_back(micros);
    while (st.times.size() > kept_times) st.times.pop_front();
    st.problems.clear();
    for (auto p : in.getProblems()) st.problems.emplace_back(p.cStr());
  });
}

void scan(scanner_self* self, const scan_msg& m) {
  auto& st = self->state;
  st.busy = true;
  const auto next = [self] {
    auto& s = self->state;
    s.busy = false;
    if (!s.waiting) return;
    const auto waiting = *s.waiting;
    s.waiting.reset();
    scan(self, waiting);
  };
  // A stuck disk answers late or never; meanwhile challenges are skipped.
  self->request(st.worker, std::chrono::minutes{10}, m)
      .then(
          [self, next](const scan_report_msg& report) {
            note(self, report);
            self->send(self->state.from.actors.farmer, report);
            next();
          },
          [next](caf::error&) { next(); });
}

void take(scanner_self* self, const scan_msg& m) {
  auto& st = self->state;
  std::uint64_t e = 0;
  (void)m.try_read([&](schema::Scan::Reader in) { e = in.getEpoch(); });
  // Epochs fall only in a reorg, whose challenge is another: it comes again
  // with the next epoch at the latest.
  if (e <= *st.newest) return;
  *st.newest = e;
  if (!st.busy) return scan(self, m);
  if (st.waiting) ++st.skipped;
  st.waiting = m;
}

std::string percentile(std::vector<std::uint32_t> times, unsigned percent) {
  if (times.empty()) return "-";
  const auto at =
      static_cast<std::ptrdiff_t>((times.size() - 1) * percent / 100);
  std::nth_element(times.begin(), times.begin() + at, times.end());
  return std::to_string(times[static_cast<std::size_t>(at)]);
}

status_msg describe(const scanner_state& st) {
  const std::vector<std::uint32_t> times(st.times.begin(), st.times.end());
  const auto health = st.problems.empty() ? schema::Status::Health::OK
                                          : schema::Status::Health::DEGRADED;
  return make_status(health, st.problems.empty() ? "" : st.problems.front(),
                     {{"plots", std::to_string(st.plots)},
                      {"plot_bytes", std::to_string(st.bytes)},
                      {"scans", std::to_string(st.scans)},
                      {"skipped", std::to_string(st.skipped)},
                      {"lookups", std::to_string(st.lookups)},
                      {"late", std::to_string(st.late)},
                      {"errors", std::to_string(st.errors)},
                      {"lookup_p50_us", percentile(times, 50)},
                      {"lookup_p99_us", percentile(times, 99)},
                      {"problems", std::to_string(st.problems.size())}});
}

void renew(scanner_self* self) {
  auto& st = self->state;
  follow<scan_msg>(self, st.from.actors.farmer, scan_listener{self},
                   std::string{"local"});
  if (!st.busy) self->send(st.worker, atom::renew_v);
  renew_later(self);
}

plot_scanner_actor::behavior_type behavior(scanner_self* self,
                                           const boot& from) {
  auto& st = self->state;
  st.from = from;
  st.worker = spawn_disk_worker(self->system(), from, st.newest);
  self->link_to(st.worker);
  renew(self);
  return {
      [self](const scan_msg& m) { take(self, m); },
      [self](atom::renew) { renew(self); },
      [self](atom::status) { return describe(self->state); },
  };
}
} // namespace

plot_scanner_actor spawn_plot_scanner(caf::actor_system& sys,
                                      const boot& from) {
  return sys.spawn(behavior, from);
}
} // namespace spacetime
