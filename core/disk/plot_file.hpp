#pragma once
// Plot files, "STPLOT" version 1: docs/disk-format.md. Little-endian; a 4 KiB
// header, an index of groups, then groups of 64 parks of 16 chaining sets.

#include "core/disk/file.hpp"
#include "core/space/prove.hpp"

#include <atomic>
#include <functional>
#include <string>
#include <vector>

namespace spacetime::disk {
/// What the header of a plot file says.
struct plot_info {
  std::uint8_t k = 0;
  std::uint8_t strength = 2;
  bool testnet = false;
  spacetime::plot_id plot_id; ///< H("st/plot", ...) of the fields below
  spacetime::network_id network_id;
  public_key farmer_key;
  bytes32 payout{}; ///< zero, or the only account this plot can pay
  bytes32 seed{};
  std::uint64_t entries = 0;      ///< fragments
  std::uint64_t created_unix = 0; ///< seconds since 1970-01-01 UTC
  std::uint64_t file_size = 0;    ///< bytes
  friend bool operator==(const plot_info&, const plot_info&) = default;
};

space::plot_params params_of(const plot_info& info);

/// "p<k>-<first 8 hex digits of the plot id>.plot".
std::string plot_file_name(const plot_info& info);

/// The name under which a plot file grows: "<final>.tmp".
path temporary_name(const path& final_path);

/// Bytes of the plot file that `write_plot` makes of these fragments.
std::uint64_t plot_file_size(unsigned k,
                             std::span<const std::uint64_t> fragments);

/// Writes a plot file so that it has its final name only when it is whole and
/// durable; an existing file is never replaced. A left-over temporary file
/// without a living writer is removed first. After an error nothing is left.
/// `entries` and `file_size` of `info` do not count.
/// Errors: `bad_plot_parameters` (or a plot id of other fields); `duplicate`;
/// `busy` if another process writes this file; `cancelled`; `disk_full` and
/// `io_error` naming the path.
/// @pre fragments ascend and are below 2^2k
status write_plot(const path& final_path, const plot_info& info,
                  std::span<const std::uint64_t> fragments,
                  const std::atomic<bool>* cancel = nullptr);

struct plot_check_options {
  const std::atomic<bool>* cancel = nullptr;
  /// Bytes read, of total; must not throw.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;
};

/// An open plot. Reads share nothing but the file: safe from many threads.
class plot_file {
public:
  /// Checks the header, its checksum, the plot id, the size and the index's
  /// order and bounds; no data are read.
  /// Errors: `corrupt` naming file and offset; `not_found`; `io_error`.
  static result<plot_file> open(const path& where);

  [[nodiscard]] const plot_info& info() const { return info_; }
  [[nodiscard]] const path& where() const { return where_; }
  [[nodiscard]] space::plot_params params() const { return params_of(info_); }

  /// Byte offset of the group that holds a set: for sorting reads of a disk.
  /// @pre set < 2^(k-6)
  [[nodiscard]] std::uint64_t offset_of(std::uint64_t set) const;

  /// Fragments of a chaining set, ascending: one read of 128 bytes and one of
  /// a park. Errors: `corrupt` naming file, park and offset; `io_error`.
  /// @pre set < 2^(k-6)
  [[nodiscard]] result<std::vector<std::uint64_t>>
  read_set(std::uint64_t set) const;
  /// The same, appended to `out`.
  status read_set(std::uint64_t set, std::vector<std::uint64_t>& out) const;

  /// All chains for a space challenge: 8 reads. Errors: as above.
  [[nodiscard]] result<std::vector<space::chain>>
  lookup(const bytes32& space_challenge) const;

  /// Reads everything: header again, index, every park, and the SHA-256 of
  /// index and data. Errors: as above, the first one met; `cancelled`.
  [[nodiscard]] status check_all(const plot_check_options& options = {}) const;

private:
  plot_file(path where, file_descriptor file)
      : where_(std::move(where)), file_(std::move(file)) {}

  struct park_place;
  status read_header();
  status read_index();
  status read_exactly(std::uint64_t offset, std::span<std::uint8_t> out) const;
  [[nodiscard]] result<park_place> find_park(std::uint64_t park) const;
  status read_park(std::uint64_t park, std::vector<std::uint64_t>& out) const;
  status check_group(std::size_t group, byte_view raw,
                     std::uint64_t& entries) const;
  [[nodiscard]] std::uint64_t group_offset(std::size_t group) const;
  [[nodiscard]] std::uint64_t group_size(std::size_t group) const;
  [[nodiscard]] tl::unexpected<error> damaged(std::uint64_t offset,
                                              std::string_view what) const;

  path where_;
  file_descriptor file_;
  plot_info info_;
  bytes32 data_digest_{};
  std::vector<std::uint32_t> index_;
};
} // namespace spacetime::disk
