#pragma once
// Append-only files of checksummed records: the bytes of blocks.
// docs/disk-format.md has the layout.

#include "core/base/strong.hpp"
#include "core/disk/file.hpp"

#include <functional>
#include <memory>

namespace spacetime::disk {
/// Where a record begins, or, with length 0, where the next one will.
struct location {
  std::uint32_t file = 0;   ///< number of the segment, from 0
  std::uint64_t offset = 0; ///< of the record's header, in bytes
  std::uint32_t length = 0; ///< of the payload, in bytes
  friend bool operator==(const location&, const location&) = default;
};

struct segment_options {
  /// A record that would end behind this starts the next file.
  std::uint64_t segment_bytes = 128 << 20;
  bool read_only = false;
  /// Files with lower numbers are gone, or a writer removes them at opening.
  std::uint32_t first = 0;
  /// fdatasync(2), or what a test puts in its place.
  std::function<int(int)> sync{};
};

/// The largest payload of one record, in bytes.
inline constexpr std::uint32_t max_record_bytes = 64 << 20;

struct open_segments; // segment_file.cpp

/// The files 000000.seg, 000001.seg ... of one directory, without gaps; the
/// first ones may have been forgotten. One thread writes;
/// `read` may be called from any.
class segment_files {
public:
  /// Makes the directory unless read-only. `end` is the end of the last file,
  /// which may be torn: a writer calls `truncate_to` first. Errors: `corrupt`
  /// (a gap, a damaged header), `wrong_network`, `not_found`, `io_error`.
  static result<segment_files> open(const path& directory, network_id network,
                                    segment_options options = {});
  segment_files(segment_files&&) noexcept;
  segment_files& operator=(segment_files&&) noexcept;
  ~segment_files();

  /// Writes one record of 1 to `max_record_bytes` bytes; durable only after
  /// `sync`. After an error the end is where it was. Errors: `too_large`,
  /// `disk_full`, `io_error` (always, after a failed `sync`).
  result<location> append(byte_view payload);

  /// Makes all appended records durable, and new files' names. After a
  /// failure the kernel may have dropped the bytes and would report success to
  /// a second try: so every later `append` and `sync` fails, until reopened.
  status sync();

  [[nodiscard]] location end() const;

  /// Cuts away all behind `end`, durably: records that no commit knows.
  /// Errors: `corrupt` when a file ends before it.
  status truncate_to(location end);

  /// Removes all files before number `first`, durably; never the last one.
  status forget_before(std::uint32_t first);

  [[nodiscard]] path name_of(std::uint32_t file) const;
  /// Bytes of all files.
  result<std::uint64_t> size() const;

  /// Payload of the record. Errors: `corrupt` naming file and offset,
  /// `wrong_network`, `io_error`.
  result<bytes> read(location where) const;

  /// Copies all files into another directory, durably; thread-safe.
  status copy_to(const path& directory) const;

private:
  explicit segment_files(std::unique_ptr<open_segments> state);
  std::unique_ptr<open_segments> state_;
};
} // namespace spacetime::disk
