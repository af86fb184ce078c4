#pragma once
// Ask the node; when none runs, read its database.

#include "core/disk/reader.hpp"
#include "core/disk/store.hpp"
#include "tools/spacetime/cli.hpp"
#include "tools/spacetime/rpc_client.hpp"

namespace spacetime::cli {
/// A data directory and the spec of its network.
struct place {
  config::home home;
  chain_spec spec;
};
/// Errors: those of `home_of` and `spec_of`.
result<place> place_of(const common_flags& flags);

/// The database of a place, after its pages and checksums were read, if `when`
/// says so, by another process, which damage may crash. Errors: `unavailable`
/// if there is none, `wrong_network`, `corrupt`, `io_error`.
result<disk::reader> open_database(const place& at, disk::verify_when when);

struct answer {
  json value;
  bool from_database = false;
};
using database_query =
    std::function<result<json>(const place&, const disk::reader&)>;

/// The node's answer to `method`, or, if no node can be reached, the query's.
/// Errors: `unavailable` with neither node nor database; the node's refusal;
/// the query's.
result<answer> ask_or_read(const place& at, const std::string& method,
                           const json& params, const database_query& query);

/// Prints an answer: as one object with its schema for --json, else as the text
/// that `as_text` makes of it. Always `done`.
int print(const common_flags& flags, json value,
          const std::function<std::string(const json&)>& as_text);
} // namespace spacetime::cli
