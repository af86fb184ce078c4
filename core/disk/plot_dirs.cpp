#include "core/disk/plot_dirs.hpp"

#include "core/base/hex.hpp"

#include <sys/stat.h>

#include <system_error>

namespace spacetime::disk {
plot_dirs::known_file plot_dirs::examine(const path& where,
                                         const identity& id) const {
  auto opened = plot_file::open(where);
  if (!opened) return {id, nullptr, opened.error()};
  const auto& info = opened->info();
  if (info.network_id != filter_.network)
    return {id, nullptr,
            error{errc::wrong_network, "a plot of another network"}};
  if (info.k != filter_.k || info.strength != filter_.strength
      || info.testnet != filter_.testnet)
    return {id, nullptr,
            error{errc::bad_plot_parameters,
                  "k=" + std::to_string(info.k) + " does not farm here"}};
  if (filter_.farmer && info.farmer_key != *filter_.farmer)
    return {id, nullptr,
            error{errc::bad_plot_parameters, "a plot of another farmer key"}};
  return {id, std::make_shared<const plot_file>(std::move(*opened)), {}};
}

void plot_dirs::visit(const path& directory, std::map<path, known_file>& found,
                      std::set<directory_id>& visited) {
  struct stat here {};
  if (::stat(directory.c_str(), &here) == 0
      && !visited.insert({here.st_dev, here.st_ino}).second)
    return; // by another path: links may lead in circles
  std::error_code bad;
  for (std::filesystem::directory_iterator i{directory, bad}, end;
       !bad && i != end; i.increment(bad)) {
    struct stat s {};
    if (::stat(i->path().c_str(), &s) != 0) continue; // gone, or a broken link
    if (S_ISDIR(s.st_mode)) {
      visit(i->path(), found, visited);
      continue;
    }
    if (!S_ISREG(s.st_mode) || i->path().extension() != ".plot") continue;
    const identity id{s.st_ino, static_cast<std::uint64_t>(s.st_size),
                      std::int64_t{s.st_mtim.tv_sec} * 1'000'000'000
                          + s.st_mtim.tv_nsec};
    const auto before = files_.find(i->path());
    const bool same = before != files_.end() && before->second.id == id
                      && before->second.why != errc::io_error; // may pass
    found[i->path()] = same ? before->second : examine(i->path(), id);
  }
  if (bad)
    problems_.push_back(
        {directory, os_error(bad.value(), directory, "read the directory")});
}

void plot_dirs::refresh() {
  problems_.clear();
  std::map<path, known_file> found;
  std::set<directory_id> visited;
  for (const auto& root : roots_) visit(root, found, visited);
  files_ = std::move(found);
  plots_.clear();
  bytes_ = 0;
  std::set<plot_id> seen;
  for (const auto& [where, file] : files_) {
    if (file.why) {
      problems_.push_back({where, *file.why});
    } else if (!seen.insert(file.file->info().plot_id).second) {
      problems_.push_back({where, {errc::duplicate, "a copy of another plot"}});
    } else {
      plots_.push_back({where, file.file});
      bytes_ += file.file->info().file_size;
    }
  }
}
} // namespace spacetime::disk
