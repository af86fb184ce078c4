#pragma once
// JSON-RPC 2.0: from a request's body to the answer's.

#include "actors/rpc/methods.hpp"

namespace spacetime::rpc {
inline constexpr std::size_t max_batch = 50;
inline constexpr std::size_t max_depth = 32;         ///< nested [ and {
inline constexpr std::size_t max_answer = 16u << 20; ///< bytes

/// Answers one request or a batch. Nothing if it holds notifications alone.
/// Takes any bytes; calls that come after the deadline are `busy`.
std::optional<std::string> answer(node_view& node, const std::string& body,
                                  deadline until);

/// Whether brackets nest deeper than `limit`, strings aside.
bool is_deeper(std::string_view text, std::size_t limit);
} // namespace spacetime::rpc
