#include "tools/spacetime/config/home.hpp"

#include "tools/spacetime/config/config_table.hpp"
#include "tools/spacetime/config/names.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace spacetime::config {
namespace {
namespace fs = std::filesystem;

constexpr mode_t others_may = 0077;

/// The last failure of the operating system, which concerned `p`.
tl::unexpected<error> failed(const fs::path& p, int code = errno) {
  const bool full = code == ENOSPC || code == EDQUOT;
  return fail(full ? errc::disk_full : errc::io_error,
              p.string() + ": " + std::strerror(code));
}

/// A file descriptor; closed when it dies.
class descriptor {
public:
  descriptor(const fs::path& p, int flags, mode_t mode = 0)
      : fd_(::open(p.c_str(), flags | O_CLOEXEC, mode)) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] bool ok() const { return fd_ >= 0; }
  [[nodiscard]] int get() const { return fd_; }

private:
  int fd_;
};

/// Makes new names in `dir` survive a crash.
status sync_directory(const fs::path& dir) {
  const descriptor d{dir, O_RDONLY | O_DIRECTORY};
  // Some network file systems refuse to sync a directory; they order names
  // themselves.
  if (!d.ok() || (::fsync(d.get()) != 0 && errno != EINVAL)) return failed(dir);
  return {};
}

/// Writes all of `text` through to the disk.
status write_durably(const fs::path& file, std::string_view text) {
  const descriptor d{file, O_WRONLY | O_CREAT | O_EXCL, 0644};
  if (!d.ok()) return failed(file);
  while (!text.empty()) {
    const auto n = ::write(d.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(file);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(d.get()) != 0) return failed(file);
  return {};
}

/// Gives a file its name unless the name is taken.
status rename_new(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(),
                  RENAME_NOREPLACE)
      == 0)
    return {};
  // File systems without that flag know links, which never replace either.
  if (errno == EINVAL && ::link(from.c_str(), to.c_str()) == 0) {
    ::unlink(from.c_str());
    return {};
  }
  if (errno == EEXIST)
    return fail(errc::duplicate,
                to.string() + " exists; it is never overwritten");
  return failed(to);
}

/// One directory; `mode` as far as the umask allows.
status make_directory(const fs::path& dir, mode_t mode) {
  if (::mkdir(dir.c_str(), mode) == 0) {
    if (auto s = sync_directory(dir); !s) return s;
    return sync_directory(dir.parent_path());
  }
  if (errno != EEXIST) return failed(dir);
  std::error_code code;
  if (fs::is_directory(dir, code)) return {};
  return fail(errc::io_error, dir.string() + " is not a directory");
}

/// `dir` and what is missing above it.
status make_directories(const fs::path& dir) {
  std::error_code code;
  const auto parent = dir.parent_path();
  if (parent != dir && !fs::exists(parent, code))
    if (auto s = make_directories(parent); !s) return s;
  return make_directory(dir, 0755);
}

/// The network that `file` names; nothing if there is no such file.
result<std::optional<std::string>> named_network(const fs::path& file) {
  std::error_code code;
  if (!fs::is_regular_file(file, code)) return std::nullopt;
  errno = 0;
  std::ifstream in{file};
  if (!in) return failed(file);
  std::string name;
  std::getline(in, name);
  return name;
}

std::optional<std::string> variable(const environment& all,
                                    std::string_view name) {
  const auto found = all.find(name);
  if (found == all.end() || found->second.empty()) return std::nullopt;
  return found->second;
}
} // namespace

home home_at(const fs::path& root, std::string_view network,
             std::optional<unsigned> node) {
  home h;
  h.root = root;
  h.network = network;
  h.network_dir = root / network;
  if (node) h.network_dir /= "node-" + std::to_string(*node);
  const auto& d = h.network_dir;
  h.network_file = d / "network";
  h.node_toml = d / "node.toml";
  h.chain_spec = d / "chain-spec.toml";
  h.chain_dir = d / "chain";
  h.blocks_dir = h.chain_dir / "blocks";
  h.keys_dir = d / "keys";
  h.cluster_dir = d / "cluster";
  h.log_dir = d / "log";
  h.run_dir = d / "run";
  h.plots_dir = d / "plots";
  h.lock_file = h.run_dir / "lock";
  h.cookie_file = h.run_dir / "cookie";
  h.peers = d / "peers.dat";
  h.mempool = d / "mempool.dat";
  h.anchors = d / "anchors.dat";
  h.bans = d / "bans.json";
  h.scan_cache = d / "scan.cache";
  return h;
}

result<home> resolve(const std::optional<fs::path>& flag,
                     const environment& variables, std::string_view network) {
  if (!is_network_name(network))
    return fail(errc::bad_config,
                ticked(network)
                    + " is no network: expected a name of a-z, "
                      "0-9 and inner '-', 1 to 32 characters");
  fs::path root;
  if (flag && !flag->empty())
    root = *flag;
  else if (const auto own = variable(variables, "SPACETIME_HOME"))
    root = *own;
  else if (const auto user = variable(variables, "HOME"))
    root = fs::path{*user} / ".spacetime";
  else
    return fail(errc::bad_config,
                "no place for data: HOME is not set; give --home DIR or set "
                "SPACETIME_HOME");
  std::error_code code;
  const auto absolute = fs::absolute(root, code);
  if (code)
    return fail(errc::bad_config, root.string() + ": " + code.message());
  auto clean = absolute.lexically_normal();
  if (!clean.has_filename() && clean != clean.root_path())
    clean = clean.parent_path(); // "dir/" is "dir"
  return home_at(clean, network);
}

status check_network(const home& h) {
  auto above = named_network(h.root / "network");
  if (!above) return fail(above.error());
  if (*above)
    return fail(errc::wrong_network, h.root.string() + " is the directory of "
                                         + printable(**above)
                                         + " itself; give the one above it, "
                                         + h.root.parent_path().string());
  auto own = named_network(h.network_file);
  if (!own) return fail(own.error());
  if (*own && **own != h.network)
    return fail(errc::wrong_network, h.network_dir.string() + " holds data of "
                                         + printable(**own) + ", not of "
                                         + h.network);
  return {};
}

status check_keys(const home& h) {
  const auto narrow = [](const fs::path& p, const char* mode) -> status {
    struct stat info {};
    if (::stat(p.c_str(), &info) != 0)
      return errno == ENOENT ? status{} : failed(p);
    if ((info.st_mode & others_may) == 0) return {};
    return fail(errc::bad_key_file, p.string()
                                        + " may be used by others; run chmod "
                                        + mode + " on it");
  };
  if (auto s = narrow(h.keys_dir, "0700"); !s) return s;
  std::error_code code;
  fs::directory_iterator entry{h.keys_dir, code};
  if (code == std::errc::no_such_file_or_directory) return {};
  for (; !code && entry != fs::directory_iterator{}; entry.increment(code)) {
    const char* const mode = entry->is_directory(code) ? "0700" : "0600";
    if (auto s = narrow(entry->path(), mode); !s) return s;
  }
  return code ? failed(h.keys_dir, code.value()) : status{};
}

status create(const home& h, home_role role) {
  if (auto s = check_network(h); !s) return s;
  if (auto s = check_keys(h); !s) return s;
  if (auto s = make_directories(h.network_dir); !s) return s;
  // The mark first: data without one would belong to any network.
  if (auto s = write_new(h.network_file, h.network + "\n");
      !s && s.error() != errc::duplicate)
    return s;
  for (const auto* dir : {&h.cluster_dir, &h.log_dir, &h.run_dir})
    if (auto s = make_directory(*dir, 0755); !s) return s;
  if (role == home_role::scanner) return {};
  if (auto s = make_directory(h.keys_dir, 0700); !s) return s;
  for (const auto* dir : {&h.chain_dir, &h.blocks_dir, &h.plots_dir})
    if (auto s = make_directory(*dir, 0755); !s) return s;
  return {};
}

status write_new(const fs::path& file, std::string_view text) {
  auto temporary = file;
  temporary += ".new-" + std::to_string(::getpid());
  // A process of that number may have died half way.
  ::unlink(temporary.c_str());
  auto done = write_durably(temporary, text);
  if (done) done = rename_new(temporary, file);
  if (!done) {
    ::unlink(temporary.c_str());
    return done;
  }
  return sync_directory(file.parent_path().empty() ? fs::path{"."}
                                                   : file.parent_path());
}
} // namespace spacetime::config
