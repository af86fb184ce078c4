#include "tools/spacetime/plotting.hpp"

#include "actors/signals.hpp"
#include "core/space/plotter.hpp"
#include "core/space/quality.hpp"
#include "tools/spacetime/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

using namespace std::chrono_literals;

namespace spacetime::cli {
namespace {
/// Bytes of a plot file of this size, about: k + 1.54 bits per entry.
std::uint64_t expected_bytes(unsigned k) {
  return (std::uint64_t{1} << k) * (k * 100 + 154) / 800 + 8192;
}

/// Waits for SIGINT and SIGTERM beside the work, and sets a flag.
class interrupt_watch {
public:
  interrupt_watch()
      : thread_([this] {
          while (!over_)
            if (wait_for_signal(50ms)) {
              cancelled = true;
              return;
            }
        }) {}
  ~interrupt_watch() {
    over_ = true;
    thread_.join();
  }
  std::atomic<bool> cancelled{false};

private:
  std::atomic<bool> over_{false};
  std::thread thread_;
};

status check_space(const std::filesystem::path& dir, std::uint64_t needed) {
  auto free = disk::free_bytes(dir);
  if (!free) return fail(free.error());
  if (*free < needed)
    return fail(errc::disk_full, dir.string() + ": the next plot needs "
                                     + human_bytes(needed) + ", free are "
                                     + human_bytes(*free));
  return {};
}

status make_one(const plot_job& job, const disk::plot_info& info,
                const std::filesystem::path& where,
                const std::atomic<bool>& cancel,
                const std::function<void(std::uint64_t, std::uint64_t)>& show) {
  if (auto ok = check_space(where.parent_path(), expected_bytes(info.k)); !ok)
    return ok;
  space::plot_options o;
  o.threads = job.threads != 0
                  ? job.threads
                  : std::max(1u, std::thread::hardware_concurrency());
  o.cancel = &cancel;
  o.progress = show;
  auto fragments = space::make_fragments(disk::params_of(info), o);
  if (!fragments) return fail(fragments.error());
  return disk::write_plot(where, info, *fragments, &cancel);
}
} // namespace

disk::plot_info plot_info_of(const plot_job& job, std::uint64_t index) {
  disk::plot_info info;
  info.k = job.k;
  info.strength = job.spec.genesis.strength;
  info.testnet = job.spec.genesis.test_plots;
  info.network_id = job.spec.network();
  info.farmer_key = job.farmer.farmer.public_part();
  info.payout = job.payout;
  info.seed = space::plot_seed(job.farmer.farm_secret, index);
  info.plot_id = space::make_plot_id(info.network_id, info.k, info.strength,
                                     info.farmer_key, info.payout, info.seed);
  info.created_unix = now().value / 1000;
  return info;
}

result<plot_summary> make_plots(const plot_job& job,
                                const common_flags& flags) {
  plot_summary out;
  interrupt_watch watch;
  progress_line line{!flags.quiet, is_fancy(flags, 2)};
  for (const auto& dir : job.dirs)
    if (auto ok = disk::make_directories(dir); !ok) return fail(ok.error());
  for (std::uint64_t i = 0; i < job.count; ++i) {
    const auto info = plot_info_of(job, job.first + i);
    const auto where =
        job.dirs[i % job.dirs.size()] / disk::plot_file_name(info);
    std::error_code ignored;
    if (std::filesystem::exists(where, ignored)) {
      ++out.existing;
      continue;
    }
    const auto label = fmt::format("plot {}/{}", i + 1, job.count);
    const auto show = [&](std::uint64_t done, std::uint64_t total) {
      line.draw(label, i * total + done, job.count * total);
    };
    auto made = make_one(job, info, where, watch.cancelled, show);
    if (!made && made.error() == errc::cancelled) {
      out.interrupted = true;
      return out;
    }
    if (!made) return fail(made.error());
    ++out.created;
  }
  return out;
}

std::vector<std::filesystem::path>
plot_files_in(const std::vector<std::filesystem::path>& dirs) {
  std::vector<std::filesystem::path> out;
  for (const auto& dir : dirs) {
    std::error_code bad;
    for (std::filesystem::directory_iterator i{dir, bad}, end; !bad && i != end;
         i.increment(bad))
      if (i->path().extension() == ".plot") out.push_back(i->path());
  }
  std::sort(out.begin(), out.end());
  return out;
}
} // namespace spacetime::cli
