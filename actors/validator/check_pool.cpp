#include "actors/validator/check_pool.hpp"

#include "actors/answer.hpp"
#include "actors/observed.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/codec/messages.hpp"
#include "core/consensus/validate.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace spacetime {
namespace {
struct worker_state {
  worker_state() = default;
  static inline const char* name = "check_worker";
};

using worker_self =
    caf::stateful_actor<worker_state, observed<check_worker::base>>;

/// What all workers share.
struct shared_proofs {
  shared_proofs(const boot& from, unsigned n)
      : rules(from.rules), time(*rules), signatures(from.signatures),
        workers(n) {}
  std::shared_ptr<const consensus::protocol> rules;
  consensus::time_proofs time;
  std::shared_ptr<verified_signatures> signatures;
  unsigned workers;
};

result<bytes> raw_of(const block_msg& m) {
  bytes raw;
  if (m.try_read([&](schema::Block::Reader in) {
        const auto data = in.getRaw();
        raw.assign(data.begin(), data.end());
      }))
    return fail(errc::malformed, "block message");
  return raw;
}

result<consensus::chain_context> context_of(const context_msg& m) {
  result<consensus::chain_context> out = fail(errc::malformed);
  if (m.try_read([&](schema::Context::Reader in) {
        out = codec::decode_context(view(in.getRaw()));
      }))
    return fail(errc::malformed, "context message");
  return out;
}

result<checked_block_msg> check_block(shared_proofs& shared,
                                      const context_msg& parent,
                                      const block_msg& m, timestamp now,
                                      bool late) {
  const auto& p = *shared.rules;
  auto above = context_of(parent);
  if (!above) return fail(above.error());
  auto raw = raw_of(m);
  if (!raw) return fail(raw.error());
  auto b = codec::decode_block(p.spec.network(), *raw);
  if (!b) return fail(b.error());
  auto after = consensus::check_header({p, shared.time, now}, *above, b->head);
  if (!after) return fail(after.error());
  const signature_help help{shared.signatures.get(), shared.workers};
  if (auto ok = consensus::check_body(p, b->head, b->txs, help); !ok)
    return fail(ok.error());
  return checked_block_msg::build([&](schema::CheckedBlock::Builder out) {
    out.setBlock(blob(*raw));
    out.setContext(blob(codec::encode(*after)));
    out.setLate(late);
  });
}

status check_tick(shared_proofs& shared, const tick_msg& m) {
  result<consensus::tick> t = fail(errc::malformed);
  if (m.try_read([&](schema::Tick::Reader in) { t = codec::read(in); }))
    return fail(errc::malformed, "tick message");
  if (!t) return fail(t.error());
  return shared.time.verify(t->step);
}

check_worker::behavior_type worker(worker_self*,
                                   std::shared_ptr<shared_proofs> shared) {
  return {
      [shared](const context_msg& parent, const block_msg& m, std::uint64_t now,
               bool late) -> caf::result<checked_block_msg> {
        auto out = check_block(*shared, parent, m, {now}, late);
        if (!out) return to_caf(out.error());
        return *out;
      },
      [shared](const tick_msg& m) -> caf::result<void> {
        if (auto ok = check_tick(*shared, m); !ok) return to_caf(ok.error());
        return caf::unit;
      },
  };
}
} // namespace

std::vector<check_worker> spawn_check_pool(caf::actor_system& sys,
                                           const boot& from, unsigned n) {
  auto shared = std::make_shared<shared_proofs>(from, n);
  std::vector<check_worker> out;
  for (unsigned i = 0; i < n; ++i)
    out.push_back(from.detached ? sys.spawn<caf::detached>(worker, shared)
                                : sys.spawn(worker, shared));
  return out;
}
} // namespace spacetime
