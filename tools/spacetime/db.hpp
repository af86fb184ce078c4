#pragma once
// Shared by the verbs of the group `db`.

#include "tools/spacetime/node_query.hpp"
#include "tools/spacetime/progress.hpp"

namespace spacetime::cli {
/// The database, also while a node runs. Only without one is it read whole
/// first after an unclean stop: the node did that itself.
result<disk::reader> open_beside(const place& at);

/// The verbs that write; each returns its exit code.
int db_backup(const common_flags& flags, const std::string& directory);
int db_compact(const common_flags& flags);
struct rollback_flags {
  std::uint32_t to = 0;
  bool yes = false;
};
int db_rollback(const common_flags& flags, const rollback_flags& chosen);
} // namespace spacetime::cli
