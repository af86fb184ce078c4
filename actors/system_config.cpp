#include "actors/system_config.hpp"

#include "actors/protocol.hpp"

namespace spacetime {
system_config::system_config() {
  add_message_types<caf::id_block::spacetime>();
  add_error_category(caf::atom("spacetime"), [](auto code, auto, auto&) {
    return std::string{name_of(static_cast<errc>(code))};
  });
  set("scheduler.max-threads", std::size_t{2}); // CAF's default: at least 4
  // Idle workers wait; the default, stealing, polls and never lets a core rest.
  set("scheduler.policy", caf::atom("sharing"));
}
} // namespace spacetime
