#include "tools/spacetime/passphrase.hpp"

#include "core/disk/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace spacetime::cli {
namespace {
constexpr std::size_t longest = 1024; // bytes

/// The terminal without echo, lines and signals while this lives: a Ctrl-C
/// between would leave it dumb.
class quiet_terminal {
public:
  quiet_terminal() {
    if (::isatty(0) != 1 || ::tcgetattr(0, &before_) != 0) return;
    auto quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    is_set_ = ::tcsetattr(0, TCSAFLUSH, &quiet) == 0;
  }
  ~quiet_terminal() {
    if (is_set_) ::tcsetattr(0, TCSAFLUSH, &before_);
  }
  quiet_terminal(const quiet_terminal&) = delete;
  quiet_terminal& operator=(const quiet_terminal&) = delete;
  explicit operator bool() const { return is_set_; }

private:
  termios before_{};
  bool is_set_ = false;
};

/// Takes the last character back, all of its UTF-8 bytes.
void erase_last(secret_text& text) {
  while (!text.empty()) {
    const auto last = static_cast<unsigned char>(text.back());
    text.pop_back();
    if ((last & 0xc0) != 0x80) return;
  }
}

/// Bytes up to a line feed or the end.
result<secret_text> read_line(int fd, bool edits) {
  secret_text out;
  out.reserve(longest); // on the heap from the start, so that it is wiped
  for (;;) {
    char c = 0;
    const auto n = ::read(fd, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(disk::os_error(errno, "the passphrase", "be read"));
    if (n == 0 || c == '\n' || c == '\r' || (edits && c == 4)) return out;
    if (edits && c == 3) return fail(errc::cancelled, "cancelled");
    if (edits && (c == 127 || c == 8))
      erase_last(out);
    else if (edits && c == 21) // Ctrl-U
      out.clear();
    else if (out.size() == longest)
      return fail(errc::bad_key_file, "a passphrase above 1024 bytes");
    else
      out.push_back(c);
  }
}

result<secret_text> ask(const std::string& prompt) {
  const quiet_terminal quiet;
  if (!quiet) return fail(errc::bad_key_file, "no terminal");
  fmt::print(stderr, "{}: ", prompt);
  auto out = read_line(0, true);
  fmt::print(stderr, "\n");
  return out;
}

result<secret_text> first_line(const std::filesystem::path& file) {
  const auto open = disk::open_file(file, O_RDONLY);
  // Not `not_found`: that would be said of the key.
  if (!open)
    return fail(errc::bad_key_file, "--passphrase-file: "
                                        + (open.error() == errc::not_found
                                               ? file.string() + ": not there"
                                               : open.error().detail));
  auto out = read_line(open->fd(), false);
  if (out && out->empty())
    return fail(errc::bad_key_file,
                file.string()
                    + ": its first line is the passphrase, and it "
                      "is empty");
  return out;
}
} // namespace

result<secret_text> passphrase_of(const std::filesystem::path& key,
                                  const passphrase_file& from) {
  if (from) return first_line(*from);
  if (::isatty(0) != 1)
    return fail(errc::bad_key_file,
                key.string()
                    + " has a passphrase, and there is no terminal to ask for "
                      "it; see --passphrase-file");
  return ask("passphrase of " + key.string());
}

result<std::optional<secret_text>>
new_passphrase_of(const std::filesystem::path& key,
                  const passphrase_file& from) {
  using maybe = std::optional<secret_text>;
  if (!from && ::isatty(0) != 1) return maybe{};
  auto one = from ? first_line(*from)
                  : ask("new passphrase of " + key.string()
                        + " (empty: none, the file alone spends)");
  if (!one) return fail(one.error());
  if (one->empty()) return maybe{};
  if (from) return maybe{std::move(*one)};
  const auto again = ask("the same again");
  if (!again) return fail(again.error());
  if (*again != *one)
    return fail(errc::bad_key_file,
                "the two passphrases differ; nothing was written");
  return maybe{std::move(*one)};
}
} // namespace spacetime::cli
