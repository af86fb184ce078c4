#pragma once
// Cap'n Proto messages of schemas/node.capnp to values and back. Readers may
// throw kj::Exception while they are visited: call `read` only inside the
// guarded door of a message (wire_message::try_read).

#include "core/base/result.hpp"
#include "core/consensus/timeline.hpp"
#include "core/consensus/validate.hpp"
#include "schemas/node.capnp.h"

namespace spacetime::codec {
/// A challenge for plots.
struct scan {
  spacetime::epoch epoch;
  spacetime::challenge challenge;
  u256 target;
  unsigned filter_bits{};
  std::uint64_t deadline_ms{};
};

/// A winning plot with its proof.
struct ticket {
  spacetime::epoch epoch;
  spacetime::challenge challenge;
  space_part space;
};

void write(schema::Tick::Builder out, const consensus::tick& t);
void write(schema::Scan::Builder out, const scan& s);
void write(schema::Ticket::Builder out, const ticket& t);

/// Errors: `malformed` for a field of the wrong length.
result<consensus::tick> read(schema::Tick::Reader in);
result<scan> read(schema::Scan::Reader in);
result<ticket> read(schema::Ticket::Reader in);
/// Exactly 32 bytes. Errors: `malformed`.
result<bytes32> read(schema::Id::Reader in);
/// Whole ids, at most `max_ids`. Errors: `malformed`, `too_large`.
inline constexpr std::size_t max_ids = 1024;
result<std::vector<bytes32>> read(schema::IdList::Reader in);
} // namespace spacetime::codec
