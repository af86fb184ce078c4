// The whole-file check and the child process that may crash over it.

#include "core/disk/lmdb_detail.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>

namespace spacetime::disk {
namespace {
struct close_env {
  void operator()(MDB_env* e) const { mdb_env_close(e); }
};
struct abort_txn {
  void operator()(MDB_txn* t) const { mdb_txn_abort(t); }
};
struct close_cursor {
  void operator()(MDB_cursor* c) const { mdb_cursor_close(c); }
};
using env_handle = std::unique_ptr<MDB_env, close_env>;
using txn_handle = std::unique_ptr<MDB_txn, abort_txn>;
using cursor = std::unique_ptr<MDB_cursor, close_cursor>;

constexpr unsigned max_tables = 64;

result<env_handle> open_to_read(const path& directory) {
  MDB_env* raw = nullptr;
  int code = mdb_env_create(&raw);
  env_handle env{raw};
  if (code == 0) code = mdb_env_set_maxdbs(raw, max_tables);
  if (code == 0) code = mdb_env_set_maxreaders(raw, 512);
  // Less than any file, so that LMDB maps what the file has, not what its
  // header asks for.
  if (code == 0) code = mdb_env_set_mapsize(raw, 4096);
  if (code == 0)
    code = mdb_env_open(raw, directory.c_str(), MDB_RDONLY | MDB_NOTLS, 0600);
  if (code != 0) return fail(lmdb_error(code, directory, "open"));
  return env;
}

result<txn_handle> begin(MDB_env* env, const path& directory) {
  MDB_txn* raw = nullptr;
  int code = mdb_txn_begin(env, nullptr, MDB_RDONLY, &raw);
  if (code == MDB_MAP_RESIZED) {
    code = mdb_env_set_mapsize(env, 0);
    if (code == 0) code = mdb_txn_begin(env, nullptr, MDB_RDONLY, &raw);
  }
  if (code != 0) return fail(lmdb_error(code, directory, "begin"));
  return txn_handle{raw};
}

// A transaction whose snapshot has sound pages. A writer that commits twice
// between our two looks at the header makes us look again.
result<txn_handle> begin_checked(MDB_env* env, const path& directory) {
  for (int i = 0;; ++i) {
    auto txn = begin(env, directory);
    if (!txn) return txn;
    auto sound = check_pages(directory, mdb_txn_id(txn->get()));
    if (sound) return txn;
    if (sound.error() != errc::stale || i == 100) return fail(sound.error());
  }
}

template <class F> // status F(key, stored value)
status walk(MDB_txn* txn, MDB_dbi handle, const path& directory, F see) {
  MDB_cursor* raw = nullptr;
  int code = mdb_cursor_open(txn, handle, &raw);
  cursor at{raw};
  MDB_val k{};
  MDB_val v{};
  while (code == 0) {
    code = mdb_cursor_get(raw, &k, &v, MDB_NEXT);
    if (code != 0) break;
    if (auto ok = see(view_of(k), view_of(v)); !ok) return ok;
  }
  if (code == MDB_NOTFOUND) return {};
  return fail(lmdb_error(code, directory, "read"));
}

result<std::vector<table>> all_tables(MDB_txn* txn, const path& directory) {
  MDB_dbi main = 0;
  int code = mdb_dbi_open(txn, nullptr, 0, &main);
  if (code != 0) return fail(lmdb_error(code, directory, "open"));
  std::vector<table> out;
  auto named = walk(txn, main, directory, [&](byte_view key, byte_view) {
    out.push_back({{key.begin(), key.end()}, 0});
    return status{};
  });
  if (!named) return fail(named.error());
  for (auto& t : out) {
    code = mdb_dbi_open(txn, t.name.c_str(), 0, &t.handle);
    if (code != 0)
      return fail(lmdb_error(code, directory, "open the table " + t.name));
  }
  return out;
}

// All damaged values, up to a limit: each on a line of its own.
status check_values(MDB_txn* txn, const path& directory) {
  constexpr unsigned most = 50;
  auto tables = all_tables(txn, directory);
  if (!tables) return fail(tables.error());
  unsigned damaged = 0;
  std::string text;
  for (const auto& t : *tables) {
    auto sound = walk(
        txn, t.handle, directory, [&](byte_view key, byte_view v) -> status {
          auto value = checked_value(directory, t.name, key, v);
          if (value) return {};
          if (++damaged <= most)
            text += (text.empty() ? "" : "\n") + value.error().detail;
          return {};
        });
    if (!sound) return sound;
  }
  if (damaged == 0) return {};
  if (damaged > most)
    text += "\nand " + std::to_string(damaged - most) + " more";
  return fail(errc::corrupt, std::move(text));
}

result<bool> has_mark(MDB_env* env, const path& directory) {
  auto txn = begin(env, directory);
  if (!txn) return fail(txn.error());
  MDB_dbi meta = 0;
  int code = mdb_dbi_open(txn->get(), meta_table, 0, &meta);
  auto key = lmdb_value(view(clean_key));
  MDB_val value{};
  if (code == 0) code = mdb_get(txn->get(), meta, &key, &value);
  if (code == MDB_NOTFOUND) return false;
  if (code != 0) return fail(lmdb_error(code, directory, "read"));
  auto sound =
      checked_value(directory, meta_table, view(clean_key), view_of(value));
  if (!sound) return fail(sound.error());
  return true;
}

status verify(const path& directory, verify_when when) {
  auto claim = open_claim::take(directory);
  if (!claim) return fail(claim.error());
  auto whole = check_headers(directory);
  if (!whole) return fail(whole.error());
  auto env = open_to_read(directory);
  if (!env) return fail(env.error());
  if (when == verify_when::unclean && *whole) {
    auto clean = has_mark(env->get(), directory);
    if (!clean) return fail(clean.error());
    if (*clean) return {};
  }
  auto txn = begin_checked(env->get(), directory);
  if (!txn) return fail(txn.error());
  return check_values(txn->get(), directory);
}

// The answer of the child: the code, 0 for success, then the detail.
[[noreturn]] void run_child(int out, const path& directory, verify_when when) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int s : {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTERM, SIGINT})
    std::signal(s, SIG_DFL);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  // What the parent holds open is none of ours: locks, sockets, its map.
  ::close_range(3, static_cast<unsigned>(out) - 1, 0);
  ::close_range(static_cast<unsigned>(out) + 1, ~0u, 0);
  const auto done = verify(directory, when);
  const auto code = done ? 0 : static_cast<unsigned>(done.error().code);
  std::string answer(1, static_cast<char>(code));
  if (!done) answer += done.error().detail;
  const auto n = ::write(out, answer.data(), answer.size());
  ::_exit(n == static_cast<ssize_t>(answer.size()) ? 0 : 1);
}

// All that the child says until it closes the pipe; nothing at the deadline.
std::optional<bytes> listen(int in, std::chrono::milliseconds timeout) {
  using clock = std::chrono::steady_clock;
  const auto deadline = clock::now() + timeout;
  bytes out;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    if (left.count() <= 0) return std::nullopt;
    pollfd wait{in, POLLIN, 0};
    const auto ms = std::min<std::int64_t>(left.count(), 60'000);
    const int ready = ::poll(&wait, 1, static_cast<int>(ms));
    if (ready < 0 && errno != EINTR) return out;
    if (ready <= 0) continue;
    std::array<std::uint8_t, 4096> part;
    const auto n = ::read(in, part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return out;
    out.insert(out.end(), part.begin(), part.begin() + n);
  }
}

int wait_for(pid_t child) {
  int how = 0;
  while (::waitpid(child, &how, 0) < 0 && errno == EINTR) {
  }
  return how;
}
} // namespace

status verify_environment(const path& directory) {
  return verify(directory, verify_when::always);
}

status verify_in_child(const path& directory, std::chrono::milliseconds timeout,
                       verify_when when) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(os_error(errno, directory, "make a pipe"));
  file_descriptor in{ends[0]};
  file_descriptor out{ends[1]};
  const auto child = ::fork();
  if (child < 0) return fail(os_error(errno, directory, "fork a verifier"));
  if (child == 0) run_child(out.fd(), directory, when);
  out.reset();
  const auto answer = listen(in.fd(), timeout);
  if (!answer) ::kill(child, SIGKILL);
  const int how = wait_for(child);
  const auto file = data_file(directory).string();
  if (!answer)
    return fail(errc::timed_out, file + ": not verified within "
                                     + std::to_string(timeout.count()) + " ms");
  const int by = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
  if (by == SIGKILL || by == SIGTERM || by == SIGINT)
    return fail(errc::io_error, file + ": the verifier was stopped");
  if (by != 0 || answer->empty())
    return fail(errc::corrupt, file + ": reading it crashes the reader (signal "
                                   + std::to_string(by) + ")");
  if (answer->front() == 0) return {};
  return fail(static_cast<errc>(answer->front()),
              {answer->begin() + 1, answer->end()});
}
} // namespace spacetime::disk
