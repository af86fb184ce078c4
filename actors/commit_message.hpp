#pragma once
// A commit of the store as state sends it and storage opens it.

#include "actors/protocol.hpp"
#include "core/base/result.hpp"
#include "core/disk/store.hpp"

namespace spacetime {
/// Without what storage adds itself: index entries and pruning.
commit_msg message_of(const disk::commit& c);
/// Errors: `malformed`.
result<disk::commit> open(const commit_msg& m);
} // namespace spacetime
