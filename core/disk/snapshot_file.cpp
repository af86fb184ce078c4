#include "core/disk/snapshot_file.hpp"

#include "core/base/check.hpp"
#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/crypto/sha256_stream.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace spacetime::disk {
namespace {
constexpr std::string_view magic = "STSNAP\r\n";
constexpr std::uint32_t version = 1;
constexpr std::size_t head_size = 8 + 4 + 32 + 4 + 32 + 8;
constexpr std::size_t entry_size = 32 + state::account_bytes;
constexpr std::size_t piece = 1 << 20;
constexpr std::size_t longest_header =
    codec::header_base_limit + 65'535 * codec::time_entry_bytes;
constexpr std::size_t longest_rewards = 64 << 20;

bytes encode(const snapshot_head& h) {
  writer out;
  out.put(view(magic)).put(version).put(h.network.value);
  out.put(h.at.value).put(h.id.value).put(h.accounts);
  return std::move(out).take();
}

/// A file that is read front to back, one section after another.
class input {
public:
  input(file_descriptor file, path where)
      : file_(std::move(file)), where_(std::move(where)) {}

  void begin(const char* section) { section_ = section; }

  /// The next bytes, as long as no others are taken.
  result<byte_view> take(std::size_t n) {
    if (auto ok = fill(n); !ok) return fail(ok.error());
    const byte_view out{buffer_.data() + used_, n};
    used_ += n;
    hash_.add(out);
    return out;
  }
  /// The checksum that ends a section.
  status end() {
    const auto wanted = hash_.finish();
    auto stored = take(wanted.size());
    if (!stored) return fail(stored.error());
    const bool same = std::ranges::equal(*stored, wanted);
    (void)hash_.finish();
    return same ? status{} : damaged("its checksum does not fit");
  }
  /// Nothing may follow.
  status end_of_file() {
    if (auto more = fill(1); more) return damaged("bytes follow it");
    return {};
  }
  [[nodiscard]] tl::unexpected<error> damaged(const std::string& why) const {
    return fail(errc::corrupt,
                where_.string() + ": section " + section_ + ": " + why);
  }

private:
  status fill(std::size_t n) {
    if (buffer_.size() - used_ >= n) return {};
    buffer_.erase(buffer_.begin(),
                  buffer_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ = 0;
    const auto had = buffer_.size();
    buffer_.resize(std::max(n, piece));
    auto got = read_at(file_, offset_, std::span{buffer_}.subspan(had), where_);
    if (!got) return fail(got.error());
    offset_ += *got;
    buffer_.resize(had + *got);
    if (buffer_.size() < n) return damaged("the file ends in it");
    return {};
  }

  file_descriptor file_;
  path where_;
  std::string section_ = "head";
  sha256_stream hash_;
  bytes buffer_;
  std::size_t used_ = 0;
  std::uint64_t offset_ = 0;
};

result<snapshot_head> read_head(input& in, const path& file,
                                network_id network) {
  auto raw = in.take(head_size);
  if (!raw) return fail(raw.error());
  reader fields{*raw};
  if (!std::ranges::equal(fields.take(magic.size()), view(magic)))
    return fail(errc::corrupt, file.string() + " is no snapshot");
  const auto theirs = fields.take<std::uint32_t>();
  snapshot_head out;
  out.network.value = fields.take<32>();
  out.at.value = fields.take<std::uint32_t>();
  out.id.value = fields.take<32>();
  out.accounts = fields.take<std::uint64_t>();
  if (theirs != version)
    return fail(errc::bad_config, file.string() + ": a snapshot of version "
                                      + std::to_string(theirs)
                                      + "; this program knows "
                                      + std::to_string(version));
  if (auto ok = in.end(); !ok) return fail(ok.error());
  if (out.network != network)
    return fail(errc::wrong_network, file.string() + " is of network "
                                         + to_hex(out.network.value) + ", not "
                                         + to_hex(network.value));
  return out;
}

/// u32 length and as many bytes.
result<byte_view> take_long(input& in, std::size_t most) {
  auto size = in.take(4);
  if (!size) return size;
  const auto n = reader{*size}.take<std::uint32_t>();
  if (n > most) return in.damaged("a length of " + std::to_string(n));
  return in.take(n);
}

status read_headers(input& in, const snapshot_head& head,
                    const snapshot_visitor& see) {
  in.begin("headers");
  for (std::uint64_t h = 0; h <= head.at.value; ++h) {
    auto raw = take_long(in, longest_header);
    if (!raw) return fail(raw.error());
    if (!see.header) continue;
    if (auto ok = see.header(h, *raw); !ok) return ok;
  }
  return in.end();
}

status read_accounts(input& in, const snapshot_head& head,
                     const snapshot_visitor& see) {
  in.begin("accounts");
  for (std::uint64_t i = 0; i < head.accounts; ++i) {
    auto raw = in.take(entry_size);
    if (!raw) return fail(raw.error());
    if (!see.account) continue;
    reader fields{*raw};
    state::account_entry e;
    e.id.value = fields.take<32>();
    e.value = state::take_account(fields);
    if (auto ok = see.account(i, e); !ok) return ok;
  }
  return in.end();
}

status read_rewards(input& in, const snapshot_visitor& see) {
  in.begin("rewards");
  auto raw = take_long(in, longest_rewards);
  if (!raw) return fail(raw.error());
  if (see.rewards)
    if (auto ok = see.rewards(*raw); !ok) return ok;
  return in.end();
}
} // namespace

result<snapshot_head> read_snapshot(const path& file, network_id network,
                                    const snapshot_visitor& see) {
  auto opened = open_file(file, O_RDONLY);
  if (!opened && opened.error() == errc::not_found)
    return fail(errc::not_found, "no file " + file.string());
  if (!opened) return fail(opened.error());
  input in{std::move(*opened), file};
  auto head = read_head(in, file, network);
  if (!head) return head;
  if (auto ok = read_headers(in, *head, see); !ok) return fail(ok.error());
  if (auto ok = read_accounts(in, *head, see); !ok) return fail(ok.error());
  if (auto ok = read_rewards(in, see); !ok) return fail(ok.error());
  if (auto ok = in.end_of_file(); !ok) return fail(ok.error());
  return head;
}

struct snapshot_writer::output {
  path name, part; ///< where it goes, where it is made
  file_descriptor file;
  std::uint64_t headers = 0, accounts = 0; ///< still to come
  bytes buffer;
  sha256_stream hash;
  std::uint64_t written = 0;

  output() = default;
  output(const output&) = delete;
  output& operator=(const output&) = delete;
  ~output() {
    if (file.is_open()) ::unlink(part.c_str());
  }
  status flush() {
    auto ok = write_at(file, written, buffer, part);
    written += buffer.size();
    buffer.clear();
    return ok;
  }
  status put(byte_view raw) {
    hash.add(raw);
    buffer.insert(buffer.end(), raw.begin(), raw.end());
    return buffer.size() < piece ? status{} : flush();
  }
  status end_section() {
    const auto sum = hash.finish();
    auto ok = put(sum);
    (void)hash.finish();
    return ok;
  }
};

snapshot_writer::snapshot_writer(std::unique_ptr<output> out)
    : out_(std::move(out)) {}
snapshot_writer::snapshot_writer(snapshot_writer&&) noexcept = default;
snapshot_writer::~snapshot_writer() = default;

result<snapshot_writer> snapshot_writer::create(const path& file,
                                                const snapshot_head& head) {
  if (std::error_code ignored; std::filesystem::exists(file, ignored))
    return fail(errc::duplicate, file.string()
                                     + " exists; remove it first, or "
                                       "choose another name");
  auto part = file;
  part += "." + std::to_string(::getpid()) + ".part";
  auto opened = open_file(part, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (!opened && opened.error() == errc::not_found)
    return fail(errc::io_error, "no directory " + file.parent_path().string());
  if (!opened) return fail(opened.error());
  snapshot_writer out{std::make_unique<output>()};
  out.out_->name = file;
  out.out_->part = part;
  out.out_->file = std::move(*opened);
  out.out_->headers = std::uint64_t{head.at.value} + 1;
  out.out_->accounts = head.accounts;
  if (auto ok = out.out_->put(encode(head)); !ok) return fail(ok.error());
  if (auto ok = out.out_->end_section(); !ok) return fail(ok.error());
  return out;
}

status snapshot_writer::put_header(byte_view raw) {
  check(out_->headers > 0, "no more headers than the head says");
  if (auto ok = out_->put(be(static_cast<std::uint32_t>(raw.size()))); !ok)
    return ok;
  if (auto ok = out_->put(raw); !ok) return ok;
  if (--out_->headers > 0) return {};
  if (auto ok = out_->end_section(); !ok) return ok;
  return out_->accounts > 0 ? status{} : out_->end_section();
}

status snapshot_writer::put_account(const state::account_entry& e) {
  check(out_->headers == 0 && out_->accounts > 0,
        "accounts follow the headers, as many as the head says");
  if (auto ok = out_->put(e.id.value); !ok) return ok;
  if (auto ok = out_->put(state::encode(e.value)); !ok) return ok;
  return --out_->accounts > 0 ? status{} : out_->end_section();
}

status snapshot_writer::put_rewards(byte_view raw) {
  check(out_->headers == 0 && out_->accounts == 0, "rewards come last");
  if (auto ok = out_->put(be(static_cast<std::uint32_t>(raw.size()))); !ok)
    return ok;
  if (auto ok = out_->put(raw); !ok) return ok;
  return out_->end_section();
}

result<std::uint64_t> snapshot_writer::finish() {
  auto& out = *out_;
  if (auto ok = out.flush(); !ok) return fail(ok.error());
  if (::fsync(out.file.fd()) != 0)
    return fail(os_error(errno, out.part, "sync"));
  if (::rename(out.part.c_str(), out.name.c_str()) != 0)
    return fail(os_error(errno, out.name, "rename"));
  out.file.reset();
  const auto directory =
      out.name.has_parent_path() ? out.name.parent_path() : path{"."};
  if (auto ok = fsync_directory(directory); !ok) return fail(ok.error());
  return out.written;
}
} // namespace spacetime::disk
