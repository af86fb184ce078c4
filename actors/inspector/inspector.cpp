#include "actors/answer.hpp"
#include "actors/boot.hpp"
#include "actors/observed.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace spacetime {
namespace {
struct inspector_state {
  inspector_state() = default;
  static inline const char* name = "inspector";
};

using inspector_self =
    caf::stateful_actor<inspector_state, observed<inspector_actor::base>>;

void write(schema::Snapshot::Actor::Builder out, const observation& o) {
  const std::uint64_t handled = o.handled;
  out.setName(o.name);
  out.setId(o.id);
  out.setRestarts(o.spawned - 1);
  out.setDepth(std::max(o.enqueued.load(), handled) - handled);
  out.setHandled(handled);
  out.setRefused(o.refused);
  out.setP50Ns(o.percentile(50));
  out.setP99Ns(o.percentile(99));
}

inspector_actor::behavior_type behavior(inspector_self* self) {
  return {
      [self](atom::stats) {
        const auto all = table_of(self->system()).list();
        return snapshot_msg::build([&](schema::Snapshot::Builder out) {
          auto actors = out.initActors(static_cast<unsigned>(all.size()));
          for (unsigned i = 0; i < all.size(); ++i) write(actors[i], *all[i]);
        });
      },
      [self](atom::status) {
        const auto n = table_of(self->system()).list().size();
        return make_status(schema::Status::Health::OK, "",
                           {{"actors", std::to_string(n)}});
      },
  };
}
} // namespace

inspector_actor spawn_inspector(caf::actor_system& sys, const boot&) {
  return sys.spawn(behavior);
}
} // namespace spacetime
