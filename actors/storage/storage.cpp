#include "actors/answer.hpp"
#include "actors/boot.hpp"
#include "actors/commit_message.hpp"
#include "actors/log.hpp"
#include "actors/observed.hpp"
#include "core/codec/context.hpp"
#include "core/codec/messages.hpp"
#include "core/codec/tick.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace spacetime {
namespace {
struct storage_state {
  storage_state() = default;
  boot from;
  std::uint64_t pruned_before = 0; // eras whose ticks are gone
  std::uint64_t commits = 0, ticks = 0, failures = 0;
  std::string problem; // the last failure; empty once a commit succeeds
  static inline const char* name = "storage";
};

using storage_self =
    caf::stateful_actor<storage_state, observed<storage_actor::base>>;

/// Counts a result and keeps the reason of a failure for `status`.
caf::result<void> noted(storage_self* self, const status& done) {
  auto& st = self->state;
  if (done) {
    st.problem.clear();
    return caf::unit;
  }
  ++st.failures;
  st.problem = to_string(done.error());
  log_event(log_level::error, "storage", "commit_failed",
            {{"why", st.problem}});
  return to_caf(done.error());
}

/// Ticks older than the era before the tip's serve no block any more.
status prune_ticks(storage_self* self, std::uint64_t tip_era) {
  auto& st = self->state;
  if (tip_era < 2 || st.pruned_before >= tip_era - 1) return {};
  auto& store = *st.from.store;
  auto seeds = store.tick_seeds();
  if (!seeds) return fail(seeds.error());
  for (const auto& seed : *seeds) {
    auto first = store.ticks(seed, 0, 1);
    if (!first || first->empty()) continue;
    auto t = codec::decode_tick(first->front().tick);
    if (t && t->era >= tip_era - 1) continue;
    if (auto ok = store.erase_ticks_of(seed); !ok) return ok;
    if (auto ok = store.erase_era_proof(seed);
        !ok && ok.error() != errc::not_found)
      return ok;
  }
  st.pruned_before = tip_era - 1;
  return {};
}

status store_tick(storage_self* self, const consensus::tick& t) {
  auto& store = *self->state.from.store;
  const auto raw = codec::encode(t);
  const auto whole = self->state.from.rules->fixed().ticks_per_era;
  return t.step.from == 0 && t.step.ticks == whole
             ? store.put_era_proof(t.step.seed, raw)
             : store.put_tick(t.step.seed, t.step.from, raw);
}

/// Everything stored of eras from `era` on.
result<std::vector<consensus::tick>> load_ticks(const disk::reader& store,
                                                std::uint64_t era) {
  auto seeds = store.tick_seeds();
  if (!seeds) return fail(seeds.error());
  std::vector<consensus::tick> out;
  const auto take = [&](byte_view raw) -> status {
    auto t = codec::decode_tick(raw);
    if (!t) return fail(t.error());
    if (t->era >= era) out.push_back(std::move(*t));
    return {};
  };
  for (const auto& seed : *seeds) {
    auto ticks = store.ticks(seed, 0);
    if (!ticks) return fail(ticks.error());
    for (const auto& t : *ticks)
      if (auto ok = take(t.tick); !ok) return fail(ok.error());
    auto whole = store.era_proof(seed);
    if (!whole && whole.error() != errc::not_found) return fail(whole.error());
    if (whole)
      if (auto ok = take(*whole); !ok) return fail(ok.error());
  }
  return out;
}

caf::result<void> commit(storage_self* self, const commit_msg& m) {
  auto change = open(m);
  if (!change) return to_caf(change.error());
  std::uint64_t tip_era = 0;
  if (!change->connected.empty() && !change->blocks.empty())
    if (auto c = codec::decode_context(change->blocks.back().index_record))
      tip_era = c->era.number;
  auto& store = *self->state.from.store;
  auto done = disk::add_index_entries(*self->state.from.rules, store, *change);
  if (done) done = store.apply(*change);
  if (!done) return noted(self, done);
  ++self->state.commits;
  // The step is durable whatever becomes of old ticks: those are tried again
  // with the next commit, and must not make anybody take this one back.
  auto pruned = prune_ticks(self, tip_era);
  if (pruned)
    pruned = disk::prune(*self->state.from.rules, store,
                         self->state.from.options->prune);
  if (!pruned) {
    (void)noted(self, pruned);
    return caf::unit;
  }
  return noted(self, done);
}

storage_actor::behavior_type behavior(storage_self* self, const boot& from) {
  self->state.from = from;
  return {
      [self](const commit_msg& m) { return commit(self, m); },
      [self](atom::sync) -> caf::result<void> {
        return noted(self, self->state.from.store->sync());
      },
      [self](const tick_msg& m) -> caf::result<void> {
        result<consensus::tick> t = fail(errc::malformed);
        if (m.try_read([&](schema::Tick::Reader in) { t = codec::read(in); }))
          return to_caf({errc::malformed, "tick message"});
        if (!t) return to_caf(t.error());
        ++self->state.ticks;
        return noted(self, store_tick(self, *t));
      },
      [self](atom::ticks, std::uint64_t era) -> caf::result<tick_list_msg> {
        auto all = load_ticks(*self->state.from.store, era);
        if (!all) return to_caf(all.error());
        return tick_list_msg::build([&](schema::TickList::Builder out) {
          auto list = out.initTicks(static_cast<unsigned>(all->size()));
          for (unsigned i = 0; i < all->size(); ++i)
            codec::write(list[i], (*all)[i]);
        });
      },
      [self](atom::context, const id_msg& m) -> caf::result<context_msg> {
        result<bytes32> id = fail(errc::malformed);
        if (m.try_read([&](schema::Id::Reader in) { id = codec::read(in); }))
          return to_caf({errc::malformed, "id message"});
        if (!id) return to_caf(id.error());
        auto raw = self->state.from.store->index_record({*id});
        if (!raw) return to_caf(raw.error());
        return context_msg::build(
            [&](schema::Context::Builder out) { out.setRaw(blob(*raw)); });
      },
      [self](atom::status) {
        const auto& st = self->state;
        const bool low = st.from.store->disk_low();
        const auto health = st.problem.empty() && !low
                                ? schema::Status::Health::OK
                                : schema::Status::Health::FAILING;
        const auto info = st.from.store->info();
        return make_status(
            health, low ? "disk is almost full: read-only" : st.problem,
            {{"commits", std::to_string(st.commits)},
             {"ticks", std::to_string(st.ticks)},
             {"failures", std::to_string(st.failures)},
             {"used_bytes", std::to_string(info.used_bytes)},
             {"map_bytes", std::to_string(info.map_bytes)},
             {"readers", std::to_string(info.readers)},
             {"dead_readers", std::to_string(info.dead_readers)},
             {"oldest_reader_ms", std::to_string(info.oldest_reader.count())}});
      },
  };
}
} // namespace

storage_actor spawn_storage(caf::actor_system& sys, const boot& from) {
  // Its handlers wait for the disk, so it has a thread of its own.
  return from.detached ? sys.spawn<caf::detached>(behavior, from)
                       : sys.spawn(behavior, from);
}
} // namespace spacetime
