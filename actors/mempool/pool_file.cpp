#include "actors/mempool/pool_file.hpp"

#include "actors/answer.hpp"
#include "actors/log.hpp"
#include "actors/observed.hpp"
#include "core/codec/tx.hpp"
#include "core/consensus/context.hpp"
#include "core/disk/file.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <optional>

namespace spacetime {
namespace {
constexpr std::size_t piece = 500;
constexpr std::uint64_t largest = 1u << 30;

struct worker_state {
  worker_state() = default;
  std::shared_ptr<pool_file> file;
  network_id network;
  std::optional<std::vector<mempool::saved_tx>> read;
  std::size_t told = 0; // of those
  std::optional<mempool::saved_writer> writer;
  static inline const char* name = "pool_file_worker";
};

using worker_self =
    caf::stateful_actor<worker_state, observed<pool_file_worker::base>>;

saved_txs_msg next_piece(worker_state& st) {
  if (!st.read) st.read = st.file->load();
  const auto n = std::min(piece, st.read->size() - st.told);
  auto out = saved_txs_msg::build([&](schema::SavedTxs::Builder to) {
    auto all = to.initEntries(static_cast<unsigned>(n));
    for (auto e : all) {
      const auto& s = (*st.read)[st.told++];
      e.setRaw(blob(codec::encode(s.t)));
      e.setSince(s.since.value);
    }
  });
  if (n == 0) st.read->clear();
  if (n == 0) st.told = 0;
  return out;
}

std::uint32_t take(worker_state& st, const saved_txs_msg& m, std::uint32_t n,
                   bool last) {
  if (n == 0 || !st.writer) st.writer.emplace(st.network);
  (void)m.try_read([&](schema::SavedTxs::Reader in) {
    for (auto e : in.getEntries())
      if (auto t = codec::decode_tx(st.network, view(e.getRaw())))
        st.writer->add(*t, {e.getSince()});
  });
  const auto count = st.writer->count();
  if (last) {
    st.file->write(std::move(*st.writer).take(), count, false);
    st.writer.reset();
  }
  return count;
}

pool_file_worker::behavior_type worker(worker_self* self, network_id network,
                                       std::shared_ptr<pool_file> file) {
  self->state.network = network;
  self->state.file = std::move(file);
  return {
      [self](atom::load) { return next_piece(self->state); },
      [self](atom::save, const saved_txs_msg& m, std::uint32_t n, bool last) {
        return take(self->state, m, n, last);
      },
  };
}
} // namespace

std::vector<mempool::saved_tx> pool_file::load() {
  const std::lock_guard guard{mutex_};
  const auto raw = disk::read_file(where_, largest);
  if (!raw && raw.error() == errc::not_found) return {};
  auto all = raw ? mempool::open_saved(network_, *raw)
                 : result<std::vector<mempool::saved_tx>>{fail(raw.error())};
  if (all) return std::move(*all);
  set_aside(all.error());
  return {};
}

void pool_file::set_aside(const error& why) {
  auto bad = where_;
  bad += ".bad";
  std::error_code failed;
  std::filesystem::rename(where_, bad, failed);
  log_event(log_level::warning, "mempool", "file_set_aside",
            {{"file", where_.string()},
             {"why", to_string(why)},
             {"renamed", failed ? failed.message() : bad.string()}});
}

void pool_file::write(bytes content, std::uint32_t count, bool last) {
  mempool::seal(content, count);
  const std::lock_guard guard{mutex_};
  if (closed_) return;
  closed_ = last;
  const auto ok = disk::write_file_atomically(where_, content, 0600);
  if (!ok)
    log_event(log_level::warning, "mempool", "save_failed",
              {{"why", to_string(ok.error())}});
}

pool_file_worker spawn_pool_file_worker(caf::actor_system& sys,
                                        const boot& from,
                                        std::shared_ptr<pool_file> file) {
  const auto network = from.rules->spec.network();
  return from.detached ? sys.spawn<caf::detached>(worker, network, file)
                       : sys.spawn(worker, network, file);
}
} // namespace spacetime
