// What waits is kept over a restart: read back at the start by the ordinary
// door, written every minute and at the end.

#include "actors/log.hpp"
#include "actors/mempool/mempool_self.hpp"
#include "core/codec/tx.hpp"

namespace spacetime {
namespace {
constexpr std::chrono::minutes save_every{1};
constexpr std::size_t piece = 2'000; // transactions

std::vector<mempool::saved_tx> open(const network_id& network,
                                    const saved_txs_msg& m) {
  std::vector<mempool::saved_tx> out;
  (void)m.try_read([&](schema::SavedTxs::Reader in) {
    for (auto e : in.getEntries())
      if (auto t = codec::decode_tx(network, view(e.getRaw())))
        out.push_back({std::move(*t), {e.getSince()}});
  });
  return out;
}

/// Sends the n-th piece, from behind a sender on; the writer's answer asks for
/// the next. So no handler takes long, whatever waits.
void save_piece(mempool_self* self, std::uint32_t n,
                const std::optional<account_id>& after) {
  auto& st = self->state;
  std::vector<mempool::entry> some;
  const auto last = st.pool->visit(
      after, piece, [&](const mempool::entry& e) { some.push_back(e); });
  const auto m = saved_txs_msg::build([&](schema::SavedTxs::Builder out) {
    auto all = out.initEntries(static_cast<unsigned>(some.size()));
    for (unsigned i = 0; i < all.size(); ++i) {
      all[i].setRaw(blob(codec::encode(*some[i].t)));
      all[i].setSince(some[i].since.value);
    }
  });
  self->request(st.file_worker, request_timeout, atom::save_v, m, n, !last)
      .then(
          [self, n, last](std::uint32_t) {
            if (last) return save_piece(self, n + 1, last);
            self->state.saving = false;
          },
          [self](caf::error&) { // tried again in a minute
            self->state.saving = false;
            self->state.changed = true;
          });
}
} // namespace

/// The next piece, when the last one is in the pool.
void load_file(mempool_self* self) {
  auto& st = self->state;
  if (st.loaded || st.loading || !st.file || !st.tip || st.offering_back
      || !st.returning.empty())
    return;
  st.loading = true;
  self->request(st.file_worker, request_timeout, atom::load_v)
      .then(
          [self](const saved_txs_msg& m) {
            auto& s = self->state;
            s.loading = false;
            const auto some = open(s.from.rules->spec.network(), m);
            s.loaded = some.empty();
            if (s.loaded)
              return log_event(log_level::info, "mempool", "loaded",
                               {{"txs", std::to_string(s.pool->size())}});
            s.returning.insert(s.returning.end(), some.begin(), some.end());
            offer_back(self);
          },
          [self](caf::error& e) { // asked again with the next renewal
            self->state.loading = false;
            log_event(log_level::warning, "mempool", "load_failed",
                      {{"why", to_string(from_caf(e))}});
          });
}

void save_if_due(mempool_self* self) {
  auto& st = self->state;
  const auto now = self->clock().now();
  // Before all is read back, the file has more than the pool.
  if (!st.file || !st.loaded || !st.changed || st.saving
      || now < st.saved_at + save_every)
    return;
  st.saved_at = now;
  st.saving = true;
  st.changed = false;
  save_piece(self, 0, std::nullopt);
}

void save_last(mempool_self* self) {
  auto& st = self->state;
  if (!st.file || !st.loaded) return;
  mempool::saved_writer out{st.from.rules->spec.network()};
  (void)st.pool->visit(
      {}, SIZE_MAX, [&](const mempool::entry& e) { out.add(*e.t, e.since); });
  for (const auto& s : st.returning) out.add(s.t, s.since);
  const auto n = out.count();
  st.file->write(std::move(out).take(), n, true);
}
} // namespace spacetime
