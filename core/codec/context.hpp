#pragma once

#include "core/base/result.hpp"
#include "core/consensus/context.hpp"

namespace spacetime::codec {
/// Bytes of a chain context as the block index keeps them; integers
/// big-endian; docs/disk-format.md gives the layout.
bytes encode(const consensus::chain_context& c);
/// Errors: `corrupt`.
result<consensus::chain_context> decode_context(byte_view raw);
} // namespace spacetime::codec
