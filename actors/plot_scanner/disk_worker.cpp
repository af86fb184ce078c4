#include "actors/plot_scanner/disk_worker.hpp"

#include "actors/answer.hpp"
#include "actors/log.hpp"
#include "actors/observed.hpp"
#include "core/codec/messages.hpp"
#include "core/disk/plot_dirs.hpp"
#include "core/space/quality.hpp"
#include "core/space/solve.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace spacetime {
namespace {
using clock = std::chrono::steady_clock;
constexpr std::size_t most_problems = 100; // that a report names

struct worker_state {
  worker_state() = default;
  boot from;
  newest_challenge newest;
  std::unique_ptr<disk::plot_dirs> dirs;
  static inline const char* name = "disk_worker";
};

using worker_self =
    caf::stateful_actor<worker_state, observed<disk_worker_actor::base>>;

/// The best chain of a challenge so far.
struct best_chain {
  std::shared_ptr<const disk::plot_file> plot;
  space::chain chain;
  bytes32 space_challenge{};
  u256 score;
};

/// Counts of one challenge.
struct scan_counts {
  std::uint32_t eligible = 0, done = 0, late = 0, errors = 0, chains = 0;
  std::vector<std::uint32_t> micros;
  std::vector<std::string> problems;
};

std::uint32_t micros_since(clock::time_point start) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(clock::now()
                                                            - start)
          .count());
}

class scan_run {
public:
  scan_run(worker_self* self, const codec::scan& s)
      : self_(self), scan_(s), start_(clock::now()) {}

  scan_counts counts;
  std::optional<best_chain> best;

  void look_up_all() {
    for (const auto& p : self_->state.dirs->plots()) {
      if (!space::passes_filter(p.file->info().plot_id, scan_.challenge,
                                scan_.filter_bits))
        continue;
      ++counts.eligible;
      if (overdue()) {
        ++counts.late;
        continue;
      }
      look_up(p);
    }
    if (counts.late > 0)
      log_event(log_level::warning, "plot_scanner", "lookup_late",
                {{"epoch", std::to_string(scan_.epoch.value)},
                 {"late", std::to_string(counts.late)},
                 {"deadline_ms", std::to_string(scan_.deadline_ms)}});
  }

  /// Makes the proof of the best chain; nothing if a newer challenge came.
  std::optional<codec::ticket> solve() {
    if (!best || best->score >= scan_.target || outdated()) return {};
    const auto& info = best->plot->info();
    auto proof = space::solve(best->plot->params(), best->space_challenge,
                              best->chain, {});
    if (!proof) {
      ++counts.errors;
      counts.problems.push_back(best->plot->where().string() + ": "
                                + to_string(proof.error()));
      return {};
    }
    return codec::ticket{scan_.epoch,
                         scan_.challenge,
                         {info.k, info.strength, info.farmer_key, info.payout,
                          info.seed, std::move(*proof)}};
  }

private:
  [[nodiscard]] bool outdated() const {
    return *self_->state.newest > scan_.epoch.value;
  }
  [[nodiscard]] bool overdue() const {
    return outdated()
           || clock::now() - start_
                  > std::chrono::milliseconds{scan_.deadline_ms};
  }

  void look_up(const disk::open_plot& p) {
    const auto& info = p.file->info();
    const auto c = space::space_challenge(info.plot_id, scan_.challenge);
    auto chains = p.file->lookup(c);
    if (!chains) {
      ++counts.errors;
      counts.problems.push_back(to_string(chains.error()));
      log_event(
          log_level::error, "plot_scanner", "plot_bad",
          {{"plot", p.where.string()}, {"why", to_string(chains.error())}});
      return;
    }
    ++counts.done;
    counts.chains += static_cast<std::uint32_t>(chains->size());
    counts.micros.push_back(micros_since(start_));
    for (const auto& chain : *chains) {
      const auto score = space::score(
          scan_.challenge, space::quality_blob(info.strength, chain));
      if (!best || score < best->score)
        best = best_chain{p.file, chain, c, score};
    }
  }

  worker_self* self_;
  codec::scan scan_;
  clock::time_point start_;
};

scan_report_msg report(worker_self* self, const codec::scan& s,
                       const scan_counts& counts) {
  const auto& dirs = *self->state.dirs;
  auto problems = counts.problems;
  for (const auto& p : dirs.problems())
    problems.push_back(p.where.string() + ": " + to_string(p.why));
  if (problems.size() > most_problems) problems.resize(most_problems);
  return scan_report_msg::build([&](schema::ScanReport::Builder out) {
    out.setEpoch(s.epoch.value);
    out.setScanner("local");
    out.setPlots(static_cast<std::uint32_t>(dirs.plots().size()));
    out.setBytes(dirs.bytes());
    out.setEligible(counts.eligible);
    out.setDone(counts.done);
    out.setLate(counts.late);
    out.setErrors(counts.errors);
    out.setChains(counts.chains);
    auto micros =
        out.initLookupMicros(static_cast<unsigned>(counts.micros.size()));
    for (unsigned i = 0; i < micros.size(); ++i)
      micros.set(i, counts.micros[i]);
    auto names = out.initProblems(static_cast<unsigned>(problems.size()));
    for (unsigned i = 0; i < names.size(); ++i) names.set(i, problems[i]);
  });
}

caf::result<scan_report_msg> run(worker_self* self, const scan_msg& m) {
  result<codec::scan> s = fail(errc::malformed);
  if (m.try_read([&](schema::Scan::Reader in) { s = codec::read(in); }))
    return to_caf({errc::malformed, "scan message"});
  if (!s) return to_caf(s.error());
  scan_run work{self, *s};
  work.look_up_all();
  if (auto t = work.solve()) {
    const auto ticket = ticket_msg::build(
        [&](schema::Ticket::Builder out) { codec::write(out, *t); });
    self->request(self->state.from.actors.farmer, request_timeout, ticket)
        .then([] {},
              [](caf::error&) {}); // the farmer says why it was of no use
  }
  return report(self, *s, work.counts);
}

disk_worker_actor::behavior_type behavior(worker_self* self, const boot& from,
                                          newest_challenge newest) {
  auto& st = self->state;
  st.from = from;
  st.newest = std::move(newest);
  const auto& spec = from.rules->spec;
  st.dirs = std::make_unique<disk::plot_dirs>(
      from.options->plot_dirs,
      disk::plot_filter{spec.network(), spec.genesis.k, spec.genesis.strength,
                        spec.genesis.test_plots,
                        from.options->farmer_key.public_part()});
  st.dirs->refresh();
  return {
      [self](const scan_msg& m) { return run(self, m); },
      [self](atom::renew) { self->state.dirs->refresh(); },
  };
}
} // namespace

disk_worker_actor spawn_disk_worker(caf::actor_system& sys, const boot& from,
                                    newest_challenge newest) {
  return from.detached ? sys.spawn<caf::detached>(behavior, from, newest)
                       : sys.spawn(behavior, from, newest);
}
} // namespace spacetime
