#pragma once
// Shared by store.cpp and reader.cpp; nobody else includes it.

#include "core/disk/reader.hpp"
#include "core/disk/segment_file.hpp"

#include <algorithm>
#include <optional>

namespace spacetime::disk {
inline constexpr std::array table_names{
    "meta",    "blocks",   "heights",    "accounts",   "rewards",
    "undo",    "ticks",    "era_proofs", "times",      "txs",
    "history", "segments", "side",       "invalidated"};
/// Those that schema 1 did not have.
inline constexpr std::array newer_tables{"times",    "txs",  "history",
                                         "segments", "side", "invalidated"};
/// Of `chain_index`, and of their ranges in `meta`.
inline constexpr std::array index_tables{"times", "txs", "history"};
inline constexpr std::array index_keys{"index_times", "index_txs",
                                       "index_history"};

inline constexpr std::string_view schema_key = "schema";
inline constexpr std::string_view network_key = "network";
inline constexpr std::string_view tip_key = "tip";
inline constexpr std::string_view end_key = "segment_end";
inline constexpr std::string_view first_segment_key = "first_segment";
inline constexpr std::string_view undo_from_key = "undo_from";
inline constexpr std::string_view rewards_key = "rewards";
inline constexpr std::size_t location_size = 16;

inline void put_location(writer& out, const location& at) {
  out.put(at.file).put(at.offset).put(at.length);
}

inline location take_location(byte_view raw) {
  spacetime::reader in{raw};
  const auto file = in.take<std::uint32_t>();
  const auto offset = in.take<std::uint64_t>();
  return {file, offset, in.take<std::uint32_t>()};
}

inline bytes tick_key(const bytes32& seed, std::uint64_t i) {
  return std::move(writer{}.put(byte_view{seed}).put(i)).take();
}

inline bytes copy_of(byte_view raw) {
  return {raw.begin(), raw.end()};
}

inline bytes32 to_bytes32(byte_view raw) {
  bytes32 out{};
  std::copy_n(raw.begin(), std::min(raw.size(), out.size()), out.begin());
  return out;
}

/// `not_found` becomes "nothing".
template <class T>
result<std::optional<T>> maybe(result<T> found) {
  if (found) return std::optional<T>{std::move(*found)};
  if (found.error() == errc::not_found) return std::optional<T>{};
  return fail(std::move(found.error()));
}
// Counts entries between looks at the clock.
class time_limit {
public:
  explicit time_limit(std::chrono::milliseconds longest)
      : end_(std::chrono::steady_clock::now() + longest) {}
  bool passed() {
    return ++seen_ % 256 == 0 && std::chrono::steady_clock::now() >= end_;
  }

private:
  std::chrono::steady_clock::time_point end_;
  std::uint64_t seen_ = 0;
};

struct chain_files {
  path directory;
  environment env;
  segment_files segments;
  network_id network;

  chain_files(path d, environment e, segment_files s, network_id n)
      : directory(std::move(d)), env(std::move(e)), segments(std::move(s)),
        network(n) {}

  [[nodiscard]] const table& at(std::string_view name) const {
    return env.table_named(name);
  }
  [[nodiscard]] error broken(std::string_view name, byte_view key) const;
  result<bytes> get(std::string_view name, byte_view key) const;
  result<bytes32> get_id(std::string_view name, byte_view key) const;
  result<location> committed_end() const;
  result<std::uint32_t> number(std::string_view key) const;
};

/// A number of `meta`; 0 if it is not there.
result<std::uint32_t> number_from(const environment& env, const path& directory,
                                  std::string_view key);
error false_size(const path& directory, std::string_view name, byte_view key);
result<bytes> get_from(const environment& env, std::string_view name,
                       byte_view key);
} // namespace spacetime::disk
