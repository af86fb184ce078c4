#include "actors/mempool/seal_pool.hpp"

#include "actors/answer.hpp"
#include "actors/observed.hpp"
#include "core/codec/tx.hpp"
#include "core/consensus/context.hpp"
#include "core/tx/rules.hpp"
#include "core/tx/signatures.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace spacetime {
namespace {
struct worker_state {
  worker_state() = default;
  static inline const char* name = "seal_worker";
};

using worker_self =
    caf::stateful_actor<worker_state, observed<seal_worker::base>>;

status check_one(const boot& from, epoch at, byte_view raw) {
  const auto& spec = from.rules->spec;
  const auto t = codec::decode_tx(spec.network(), raw);
  if (!t) return fail(t.error());
  const auto& known = from.signatures;
  const bool skip = known && known->knows(*t);
  auto ok = check_stateless(
      spec.at(at), *t, skip ? signature_check::skip : signature_check::verify);
  if (ok && known && !skip) known->remember(*t);
  return ok;
}

seal_worker::behavior_type worker(worker_self*, const boot& from) {
  return {
      [from](const tx_list_msg& m,
             std::uint64_t at) -> caf::result<tx_verdicts_msg> {
        std::vector<status> out;
        if (m.try_read([&](schema::TxList::Reader in) {
              for (auto raw : in.getRaws())
                out.push_back(check_one(from, {at}, view(raw)));
            }))
          return to_caf({errc::malformed, "transaction list message"});
        return to_message(out);
      },
  };
}
} // namespace

std::vector<seal_worker> spawn_seal_pool(caf::actor_system& sys,
                                         const boot& from, unsigned n) {
  auto mine = from;
  mine.actors = {}; // no worker holds the actors that it works for
  std::vector<seal_worker> out;
  for (unsigned i = 0; i < n; ++i)
    out.push_back(from.detached ? sys.spawn<caf::detached>(worker, mine)
                                : sys.spawn(worker, mine));
  return out;
}

tx_verdicts_msg to_message(const std::vector<status>& verdicts) {
  return tx_verdicts_msg::build([&](schema::TxVerdicts::Builder out) {
    auto all = out.initVerdicts(static_cast<unsigned>(verdicts.size()));
    for (unsigned i = 0; i < all.size(); ++i) {
      if (verdicts[i]) continue;
      all[i].setCode(static_cast<std::uint8_t>(verdicts[i].error().code));
      all[i].setDetail(verdicts[i].error().detail);
    }
  });
}

result<std::vector<status>> open(const tx_verdicts_msg& m) {
  std::vector<status> out;
  if (m.try_read([&](schema::TxVerdicts::Reader in) {
        for (auto v : in.getVerdicts())
          if (v.getCode() == 0)
            out.emplace_back();
          else
            out.push_back(fail(static_cast<errc>(v.getCode()),
                               std::string{v.getDetail().cStr()}));
      }))
    return fail(errc::malformed, "verdicts message");
  return out;
}
} // namespace spacetime
