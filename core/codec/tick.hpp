#pragma once

#include "core/base/result.hpp"
#include "core/consensus/timeline.hpp"

namespace spacetime::codec {
/// Bytes of a tick as the database keeps it: u64 era | seed[32] | u64 from |
/// u64 ticks | u64 squarings | start[100] | end[100] | proof[100]; big-endian.
bytes encode(const consensus::tick& t);
/// Errors: `corrupt`.
result<consensus::tick> decode_tick(byte_view raw);
} // namespace spacetime::codec
